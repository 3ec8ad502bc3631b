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

    private readonly Dictionary<string, Held> _held = new(StringComparer.Ordinal);
    private readonly List<Fd> _retired = [];
    private byte[]? _root;
    private Held? _last;
    private byte[] _lastPath = [];

    /// <summary>Works in a directory that stays the caller's.</summary>
    internal LayerTree(Fd root) => Root = root;

    /// <summary>A directory, and its path from the root without links.</summary>
    private sealed record Held(Fd Directory, byte[] RealPath);

    /// <summary>The layer's root.</summary>
    internal Fd Root { get; }

    /// <summary>The path from the root, without links, of the directory that was given out last.</summary>
    internal byte[] RealPath => _last?.RealPath ?? [];

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

    /// <summary>Something was taken away: a held directory may have been below it, by whatever path.</summary>
    internal void Forget()
    {
        _retired.AddRange(_held.Values.Select(held => held.Directory));
        _held.Clear();
        _last = null;
    }

    public void Dispose()
    {
        Forget();
        NextEntry();
    }

    private Fd? Directory(ReadOnlySpan<byte> path, bool create, out int error)
    {
        error = 0;
        if (path.IsEmpty)
        {
            _last = null;
            return Root;
        }

        if (_last is not null && path.SequenceEqual(_lastPath)) return _last.Directory;
        if (path.Length > BytePaths.MaxLength)
        {
            error = Errno.ENAMETOOLONG;
            return null;
        }

        var key = Encoding.Latin1.GetString(path);
        if (!_held.TryGetValue(key, out var held))
        {
            held = Resolve(path, out error);
            if (held is null && error == Errno.ENOENT && create) held = Make(path, out error);
            if (held is null) return null;
            if (_held.Count >= MaxHeld) Forget();
            _held.Add(key, held);
        }

        _last = held;
        _lastPath = path.ToArray();
        return held.Directory;
    }

    private Held? Resolve(ReadOnlySpan<byte> path, out int error)
    {
        const Resolve inside = Linux.Resolve.InRoot | Linux.Resolve.NoMagicLinks;
        if (BytePaths.TryResolve(Root, path, Paths.Directory, inside | Linux.Resolve.NoSymlinks, out error) is { } plain) return new Held(plain, path.ToArray());
        if (error != Errno.ELOOP) return null;
        if (BytePaths.TryResolve(Root, path, Paths.Directory, inside, out error) is not { } directory) return null;
        _root ??= RealPathOf(Root);
        var real = RealPathOf(directory);
        return new Held(directory, real.Length <= _root.Length ? [] : real[(_root.Length + 1)..]);
    }

    private static byte[] RealPathOf(Fd directory) =>
        BytePaths.TryRealPath(directory) ?? throw TareException.Internal("a directory of the layer has no path; is /proc mounted?");

    private Held? Make(ReadOnlySpan<byte> path, out int error)
    {
        var slash = path.LastIndexOf((byte)'/');
        var name = path[(slash + 1)..];
        var parent = Directory(slash < 0 ? default : path[..slash], create: true, out error);
        if (parent is null) return null;
        var above = RealPath;
        error = FileSystem.MakeDirectory(parent, name, ImpliedMode);
        if (error == Errno.EEXIST)
        {
            // A link that leads nowhere: making its target is not what the archive asked for.
            error = Errno.ENOENT;
            return null;
        }

        if (error != 0) return null;
        var directory = BytePaths.TryOpenDirectory(parent, name, out error);
        if (directory is null) return null;
        error = NodeAttributes.SetMode(directory, ImpliedMode);
        return new Held(directory, Join(above, name));
    }

    /// <summary>A path and a name below it.</summary>
    internal static byte[] Join(ReadOnlySpan<byte> directory, ReadOnlySpan<byte> name) => directory.IsEmpty ? name.ToArray() : [.. directory, (byte)'/', .. name];
}
