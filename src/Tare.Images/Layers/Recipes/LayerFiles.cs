using Tare.Linux;

namespace Tare.Images.Layers.Recipes;

/// <summary>Finds the files that hold an archive's contents: in the layer's tree, or in its attic.</summary>
internal sealed class LayerFiles : IDisposable
{
    private readonly Fd _root;
    private readonly LayerTree _tree;
    private readonly Fd? _atticFolder;
    private readonly LayerTree? _attic;
    private readonly Dictionary<string, List<(long Contents, int Number)>> _moves = new(StringComparer.Ordinal);

    /// <param name="layer">The layer's own folder; the caller's.</param>
    internal LayerFiles(Fd layer)
    {
        _root = BytePaths.TryOpenDirectory(layer, "fs"u8, out _) ?? throw RecipeFormat.Damaged();
        _tree = new LayerTree(_root);
        _atticFolder = Attic.TryOpenFolder(layer);
        if (_atticFolder is null) return;
        _attic = new LayerTree(_atticFolder);
        foreach (var (number, (contents, path)) in Attic.ReadMoves(layer).Index())
        {
            var key = System.Text.Encoding.Latin1.GetString(path);
            if (!_moves.TryGetValue(key, out var list)) _moves.Add(key, list = []);
            list.Add((contents, number));
        }
    }

    /// <summary>Opens a file.</summary>
    /// <param name="path">Its path in the archive's layer, without links.</param>
    /// <param name="number">Which content it is, from 1.</param>
    /// <exception cref="Errors.TareException">It is not there.</exception>
    internal Fd Open(byte[] path, long number)
    {
        var (tree, place) = _moves.Count == 0 ? (_tree, path) : Find(path, number);
        tree.NextEntry();
        var (parent, name) = EntryPath.Split(place);
        var directory = tree.Find(parent.Span, out _);
        return (directory is null ? null : BytePaths.TryOpen(directory, name.Span, Paths.NoFollow, 0, out _)) ?? throw RecipeFormat.Damaged();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tree.Dispose();
        _root.Dispose();
        _attic?.Dispose();
        _atticFolder?.Dispose();
    }

    /// <summary>The first move after the content was noted, of the file or of a directory above it, tells where it went.</summary>
    private (LayerTree Tree, byte[] Path) Find(byte[] path, long number)
    {
        var text = System.Text.Encoding.Latin1.GetString(path);
        (int Number, int Length)? first = null;
        for (var end = text.Length; end > 0; end = text.LastIndexOf('/', end - 1))
        {
            if (!_moves.TryGetValue(text[..end], out var moves)) continue;
            var index = moves.FindIndex(move => move.Contents >= number);
            if (index >= 0 && (first is null || moves[index].Number < first.Value.Number)) first = (moves[index].Number, end);
        }

        return first is { } found ? (_attic!, [.. Attic.NameOf(found.Number), .. path[found.Length..]]) : (_tree, path);
    }
}
