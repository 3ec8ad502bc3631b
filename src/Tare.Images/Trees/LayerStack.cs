using Tare.Linux;

namespace Tare.Images.Trees;

/// <summary>The root directories of overlay layers that lie on each other, the uppermost first.</summary>
internal sealed class LayerStack : IDisposable
{
    private readonly Fd[] _roots;

    private LayerStack(Fd[] roots) => _roots = roots;

    /// <summary>The roots, the uppermost first.</summary>
    internal IReadOnlyList<Fd> Roots => _roots;

    /// <summary>Opens directories of the data root.</summary>
    /// <param name="directories">Absolute paths, the uppermost layer first.</param>
    /// <exception cref="LinuxException">One of them is not there.</exception>
    internal static LayerStack Open(IReadOnlyList<string> directories)
    {
        var roots = new List<Fd>(directories.Count);
        try
        {
            foreach (var directory in directories) roots.Add(Paths.Open(directory, Paths.Directory | Paths.NoFollow));
            return new LayerStack([.. roots]);
        }
        catch
        {
            foreach (var root in roots) root.Dispose();
            throw;
        }
    }

    /// <summary>The directory that the roots make.</summary>
    /// <param name="from">The uppermost layer that counts.</param>
    internal StackedDirectory Root(int from = 0) => new(this, [], [.. Enumerable.Range(from, _roots.Length - from)]);

    public void Dispose()
    {
        foreach (var root in _roots) root.Dispose();
    }
}
