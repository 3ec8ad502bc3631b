using Tare.Linux;

namespace Tare.Runtime.Launching;

/// <summary>The descriptors of a launch request, in the order in which the launcher finds them.</summary>
public sealed class DescriptorList : IDisposable
{
    private readonly List<Fd> descriptors = [];

    /// <summary>The descriptors.</summary>
    public IReadOnlyList<Fd> All => descriptors;

    /// <summary>The number that the next one will have.</summary>
    public int Next => Launcher.FirstDescriptor + descriptors.Count;

    /// <summary>Takes a descriptor and tells its number in the launcher.</summary>
    public int Add(Fd descriptor)
    {
        descriptors.Add(descriptor);
        return Next - 1;
    }

    /// <summary>Takes descriptors and tells their numbers.</summary>
    public List<int> Add(IReadOnlyList<Fd> more)
    {
        var numbers = new List<int>(more.Count);
        foreach (var descriptor in more) numbers.Add(Add(descriptor));
        return numbers;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var descriptor in descriptors) descriptor.Dispose();
    }
}
