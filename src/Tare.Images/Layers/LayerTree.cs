using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Images.Layers;

/// <summary>
/// The directory that a layer is extracted to. Directories are found by <c>openat2(RESOLVE_IN_ROOT)</c>, so that no link in the
/// archive leads out of it, and held by descriptors, so that a path is walked once and not for each of its files.
/// </summary>
internal sealed class LayerTree : IDisposable
{
    /// <summary>How many directories are held open: a depth-first archive needs no more than it is deep.</summary>
    private const int MaxHeld = 64;

    /// <summary>The permissions of directories that the archive takes for granted; as Docker's.</summary>
    private const int ImpliedMode = 0x1ED;

    private readonly Dictionary<string, Fd> _held = new(StringComparer.Ordinal);
    private readonly List<Fd> _retired = [];
    private string? _lastKey;
    private byte[] _last = [];

    /// <summary>Works in a directory that stays the caller's.</summary>
    internal LayerTree(Fd root) => Root = root;

    /// <summary>The layer's root.</summary>
    internal Fd Root { get; }

    /// <summary>Starts with another entry: descriptors that were given out for the one before may be closed.</summary>
    internal void NextEntry()
    {
        foreach (var directory in _retired) directory.Dispose();
        _retired.Clear();
    }

    /// <summary>The directory of a clean path. What is missing is made.</summary>
    /// <exception cref="TareException">There is something else, or it cannot be made.</exception>
    internal Fd Directory(ReadOnlySpan<byte> path) => Directory(path, create: true, out var error) ?? throw ExtractionFailure.Of(path, error);

    /// <summary>The directory of a clean path, if there is one.</summary>
    internal Fd? Find(ReadOnlySpan<byte> path, out int error) => Directory(path, create: false, out error);

    /// <summary>Removes what is at a name, all of it.</summary>
    internal void Remove(Fd parent, ReadOnlySpan<byte> name)
    {
        DirectoryTree.Remove(parent, name);
        // A held directory may have been below it, by whatever path.
        Forget();
    }

    public void Dispose()
    {
        Forget();
        NextEntry();
    }

    private Fd? Directory(ReadOnlySpan<byte> path, bool create, out int error)
    {
        error = 0;
        if (path.IsEmpty) return Root;
        if (_lastKey is not null && path.SequenceEqual(_last)) return _held[_lastKey];
        if (path.Length > BytePaths.MaxLength)
        {
            error = Errno.ENAMETOOLONG;
            return null;
        }

        var key = Encoding.Latin1.GetString(path);
        if (_held.TryGetValue(key, out var held)) return Remember(path, key, held);
        const Resolve resolve = Resolve.InRoot | Resolve.NoMagicLinks;
        var directory = BytePaths.TryResolve(Root, path, Paths.Directory, resolve, out error);
        if (directory is null && error == Errno.ENOENT && create) directory = Make(path, out error);
        if (directory is null) return null;
        if (_held.Count >= MaxHeld) Forget();
        _held.Add(key, directory);
        return Remember(path, key, directory);
    }

    private Fd? Make(ReadOnlySpan<byte> path, out int error)
    {
        var slash = path.LastIndexOf((byte)'/');
        var name = path[(slash + 1)..];
        var parent = Directory(slash < 0 ? default : path[..slash], create: true, out error);
        if (parent is null) return null;
        error = FileSystem.MakeDirectory(parent, name, ImpliedMode);
        if (error == Errno.EEXIST)
        {
            // A link that leads nowhere: making its target is not what the archive asked for.
            error = Errno.ENOENT;
            return null;
        }

        if (error != 0) return null;
        var directory = BytePaths.TryOpenDirectory(parent, name, out error);
        if (directory is not null) error = NodeAttributes.SetMode(directory, ImpliedMode);
        return directory;
    }

    private Fd Remember(ReadOnlySpan<byte> path, string key, Fd directory)
    {
        _last = path.ToArray();
        _lastKey = key;
        return directory;
    }

    private void Forget()
    {
        _retired.AddRange(_held.Values);
        _held.Clear();
        _lastKey = null;
    }
}
