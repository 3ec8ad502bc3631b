using Tare.Images.Layers;
using Tare.Linux;

namespace Tare.Images.Trees;

/// <summary>The root directories of layers that lie on each other, the uppermost first.</summary>
internal sealed class LayerStack : IDisposable
{
    private readonly Fd[] _roots;
    private readonly HidingForm[] _forms;

    private LayerStack(Fd[] roots, HidingForm[] forms)
    {
        _roots = roots;
        _forms = forms;
    }

    /// <summary>The roots, the uppermost first.</summary>
    internal IReadOnlyList<Fd> Roots => _roots;

    /// <summary>How each of them hides what is below it.</summary>
    internal IReadOnlyList<HidingForm> Forms => _forms;

    /// <summary>Opens layers of the data root, or an overlay's upper directory and the layers below it.</summary>
    /// <param name="directories">Absolute paths, the uppermost layer first.</param>
    /// <exception cref="LinuxException">One of them is not there.</exception>
    internal static LayerStack Open(IReadOnlyList<string> directories) => Open(directories, Whiteouts.FormOf);

    /// <summary>Opens a directory in which everything is what it is.</summary>
    internal static LayerStack OpenPlain(string directory) => Open([directory], static _ => HidingForm.None);

    /// <summary>The directory that the roots make.</summary>
    /// <param name="from">The uppermost layer that counts.</param>
    internal StackedDirectory Root(int from = 0) => new(this, [], [.. Enumerable.Range(from, _roots.Length - from)]);

    public void Dispose()
    {
        foreach (var root in _roots) root.Dispose();
    }

    private static LayerStack Open(IReadOnlyList<string> directories, Func<string, HidingForm> form)
    {
        var roots = new List<Fd>(directories.Count);
        try
        {
            foreach (var directory in directories) roots.Add(Paths.Open(directory, Paths.Directory | Paths.NoFollow));
            return new LayerStack([.. roots], [.. directories.Select(form)]);
        }
        catch
        {
            foreach (var root in roots) root.Dispose();
            throw;
        }
    }
}
