using Tare.Linux;

namespace Tare.Keeper;

/// <summary>Descriptors that the keeper holds under a name, with duplicates that are the caller's. Disposing it closes these alone.</summary>
public sealed class Holding : IDisposable
{
    /// <summary>The name that they were given to the keeper under.</summary>
    public required string Name { get; init; }

    /// <summary>The duplicates, in the order in which they were given.</summary>
    public required IReadOnlyList<Fd> Descriptors { get; init; }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var fd in Descriptors) fd.Dispose();
    }
}
