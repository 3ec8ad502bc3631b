using Tare.Images.Layers;
using Tare.Linux;

namespace Tare.Images.Trees;

/// <summary>
/// A directory as overlayfs shows it (Documentation/filesystems/overlayfs, "Upper and Lower"), read without mounting one: directories
/// of one name are merged down to the first that is opaque or hidden; of all else the uppermost counts. Being read does not disturb a
/// mount of the same layers, whatever changes meanwhile: a name that has gone is not there.
/// </summary>
/// <remarks>For one thread. Descriptors are opened when they are needed, by paths without links below the layers' roots.</remarks>
internal sealed class StackedDirectory : IDisposable
{
    private const Resolve Inside = Resolve.Beneath | Resolve.NoSymlinks | Resolve.NoCrossing;

    private readonly LayerStack _stack;
    private readonly int[] _layers;
    private Fd?[]? _open;

    /// <param name="stack">The layers.</param>
    /// <param name="path">The directory's path from the root, without a slash at its ends; empty for the root.</param>
    /// <param name="layers">The layers that are merged, the uppermost first.</param>
    internal StackedDirectory(LayerStack stack, byte[] path, int[] layers)
    {
        _stack = stack;
        _layers = layers;
        Path = path;
    }

    /// <summary>The path from the root, without a slash at its ends; empty for the root.</summary>
    internal byte[] Path { get; }

    /// <summary>Whether the directory hides all that is below its uppermost layer.</summary>
    internal bool IsOpaque => Descriptor(0) is { } directory && Whiteouts.IsOpaque(directory, Form(0));

    /// <summary>What is in it, sorted by the bytes of the names.</summary>
    internal IReadOnlyList<TreeEntry> List()
    {
        var seen = _layers.Length > 1 ? new HashSet<byte[]>(ByteNames.Instance) : null;
        var entries = new List<TreeEntry>();
        for (var i = 0; i < _layers.Length; i++)
        {
            // A layer hides names of those below, never its own: what it has and hides at once is seen.
            var hidden = new List<byte[]>();
            foreach (var entry in ListLayer(i))
            {
                if (entry.IsWhiteout) hidden.Add(entry.Name);
                else if (seen?.Add(entry.Name) != false) entries.Add(entry);
            }

            seen?.UnionWith(hidden);
        }

        entries.Sort(static (a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
        return entries;
    }

    /// <summary>What its uppermost layer alone has, whiteouts too, sorted by the bytes of the names.</summary>
    internal IReadOnlyList<TreeEntry> ListUppermost()
    {
        var entries = ListLayer(0).ToList();
        entries.Sort(static (a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
        return entries;
    }

    /// <summary>A name in it, whatever hides it not counted; <see langword="null"/> when it is not there.</summary>
    internal TreeEntry? Find(byte[] name)
    {
        for (var i = 0; i < _layers.Length; i++)
        {
            if (Status(i, name) is { } status) return Whiteouts.IsWhiteout(status, Form(i)) ? null : new TreeEntry(name, status, _layers[i], false);
            if (IsHidden(i, name)) return null;
        }

        return null;
    }

    /// <summary>A directory in it.</summary>
    /// <param name="entry">What <see cref="List"/> or <see cref="Find"/> has told.</param>
    internal StackedDirectory Child(TreeEntry entry)
    {
        var path = Join(entry.Name);
        var layers = new List<int>();
        for (var i = Array.IndexOf(_layers, entry.Layer); i < _layers.Length; i++)
        {
            if (Status(i, entry.Name) is { } status)
            {
                if (status.Type != FileSystem.TypeDirectory) break;
                layers.Add(_layers[i]);
                // The last one hides nothing.
                if (i == _layers.Length - 1) break;
                using var child = BytePaths.TryOpenDirectory(Descriptor(i)!, entry.Name, out _);
                if (child is not null && Whiteouts.IsOpaque(child, Form(i))) break;
            }

            if (IsHidden(i, entry.Name)) break;
        }

        return new StackedDirectory(_stack, path, [.. layers]);
    }

    /// <summary>Where a name of a layer is; <see langword="null"/> when the directory has gone.</summary>
    internal Fd? DirectoryOf(TreeEntry entry) => Array.IndexOf(_layers, entry.Layer) is >= 0 and var i ? Descriptor(i) : null;

    /// <summary>The path of a name in it.</summary>
    internal byte[] Join(ReadOnlySpan<byte> name) => Path.Length == 0 ? name.ToArray() : [.. Path, (byte)'/', .. name];

    /// <summary>Closes the descriptors, which are opened again when they are needed.</summary>
    internal void Release()
    {
        if (_open is null) return;
        foreach (var directory in _open) directory?.Dispose();
        _open = null;
    }

    public void Dispose() => Release();

    private HidingForm Form(int i) => _stack.Forms[_layers[i]];

    /// <summary>Whether a layer hides a name of those below by a mark beside it.</summary>
    private bool IsHidden(int i, byte[] name) => Form(i) == HidingForm.Marks && Descriptor(i) is { } directory && Whiteouts.HasMark(directory, name);

    private IEnumerable<TreeEntry> ListLayer(int i)
    {
        if (i >= _layers.Length || Descriptor(i) is not { } directory) yield break;
        // Opened afresh, for a listing moves the descriptor's position.
        using var listing = BytePaths.TryOpenDirectory(directory, "."u8, out _);
        if (listing is null) yield break;
        foreach (var name in DirectoryTree.List(listing))
        {
            if (Status(i, name.Name) is not { } status) continue;
            if (!Whiteouts.IsMark(name.Name, status, Form(i))) yield return new TreeEntry(name.Name, status, _layers[i], Whiteouts.IsWhiteout(status, Form(i)));
            else if (Whiteouts.HiddenBy(name.Name) is { } hidden) yield return new TreeEntry(hidden, status, _layers[i], true);
        }
    }

    private NodeStatus? Status(int i, ReadOnlySpan<byte> name)
    {
        if (Descriptor(i) is not { } directory) return null;
        return NodeAttributes.Read(directory, name, out var status) switch
        {
            0 => status,
            Errno.ENOENT => null,
            var error => throw TreeFailure.Of(Join(name), error),
        };
    }

    private Fd? Descriptor(int i)
    {
        if (i >= _layers.Length) return null;
        _open ??= new Fd?[_layers.Length];
        return _open[i] ??= OpenIn(_stack.Roots[_layers[i]]);
    }

    private Fd? OpenIn(Fd root)
    {
        int error;
        Fd? directory;
        if (Path.Length == 0) directory = BytePaths.TryOpenDirectory(root, "."u8, out error);
        else if (Path.Length > BytePaths.MaxLength) (directory, error) = (null, Errno.ENAMETOOLONG);
        else directory = BytePaths.TryResolve(root, Path, Paths.Directory | Paths.NoFollow, Inside, out error);
        // It was there a moment ago: something else has taken its place.
        return directory is not null || error is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP ? directory : throw TreeFailure.Of(Path, error);
    }
}
