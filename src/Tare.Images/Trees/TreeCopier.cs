using System.Text;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Archives;

namespace Tare.Images.Trees;

/// <summary>
/// Copies what stacked layers show, or a directory of theirs, to one directory: contents, owners, permissions, times of change, attributes, hard links, devices
/// and holes are kept. What is in the copy is itself alone; nothing in it hides anything.
/// </summary>
/// <remarks>
/// Directories are made with mode 0700 and get their attributes at the end: until then neither a set-group-id bit nor a default
/// ACL bears on what is made in them, and their times are not changed by that.
/// </remarks>
internal sealed class TreeCopier : IDisposable
{
    private const Resolve Inside = Resolve.Beneath | Resolve.NoSymlinks | Resolve.NoCrossing;
    private const int DraftDirectoryMode = 0x1C0;
    private const int DraftFileMode = 0x180;
    private const int PermissionMask = 0xFFF;

    private readonly Fd _root;
    private readonly FileCopies _contents = new();
    private readonly Dictionary<(int Layer, ulong Inode), byte[]> _linked = [];
    private readonly List<(byte[] Path, NodeStatus Status, TarAttribute[] Attributes)> _directories = [];
    private byte[] _targetPath = [];
    private Fd? _target;

    private readonly int _prefix;

    /// <param name="root">The target.</param>
    /// <param name="prefix">What goes before the paths of the source, with the slash behind it; empty for the root.</param>
    private TreeCopier(Fd root, int prefix)
    {
        _root = root;
        _prefix = prefix;
    }

    /// <summary>Copies everything below the layers' roots; the root itself keeps its attributes.</summary>
    /// <param name="layers">The layers.</param>
    /// <param name="root">An empty directory.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TareException">A file cannot be read, or the disk is full.</exception>
    internal static void Copy(LayerStack layers, Fd root, CancellationToken cancellationToken)
    {
        using var copier = new TreeCopier(root, prefix: 0);
        copier.CopyBelow(layers.Root(), cancellationToken);
    }

    /// <summary>Copies a directory with its own attributes.</summary>
    /// <param name="directory">The directory; it is disposed.</param>
    /// <param name="self">The same as its parent names it; absent for the root, whose attributes are the uppermost layer's.</param>
    /// <param name="root">An empty directory.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TareException">A file cannot be read, or the disk is full.</exception>
    internal static void CopyDirectory(StackedDirectory directory, (NodeStatus Status, TarAttribute[] Attributes) self, Fd root, CancellationToken cancellationToken)
    {
        using var copier = new TreeCopier(root, directory.Path.Length == 0 ? 0 : directory.Path.Length + 1);
        copier._directories.Add(([], self.Status, self.Attributes));
        copier.CopyBelow(directory, cancellationToken);
    }

    public void Dispose() => _target?.Dispose();

    private void CopyBelow(StackedDirectory directory, CancellationToken cancellationToken)
    {
        TreeWalk.Run(directory, static directory => directory.List(), Copy, cancellationToken);
        FinishDirectories();
    }

    private bool Copy(StackedDirectory directory, in TreeEntry entry)
    {
        var path = directory.Join(entry.Name)[_prefix..];
        var source = directory.DirectoryOf(entry) ?? throw Failure(path, Errno.ENOENT);
        var target = TargetOf(directory.Path.Length < _prefix ? [] : directory.Path[_prefix..]);
        var status = entry.Status;
        if (entry.IsDirectory)
        {
            Check(FileSystem.MakeDirectory(target, entry.Name, DraftDirectoryMode), path);
            _directories.Add((path, status, NodeXattrs.All(source, entry.Name)));
            return true;
        }

        if (status.Links > 1 && !_linked.TryAdd((entry.Layer, status.Inode), path))
        {
            Link(_linked[(entry.Layer, status.Inode)], target, entry.Name, path);
            return false;
        }

        switch (status.Type)
        {
            case FileSystem.TypeRegular:
                CopyFile(source, target, entry, path);
                return false;
            case FileSystem.TypeSymbolicLink:
                var link = BytePaths.TryReadLink(source, entry.Name, out var error);
                Check(error, path);
                Check(FileSystem.MakeSymbolicLink(link, target, entry.Name), path);
                break;
            default:
                Check(FileSystem.MakeNode(target, entry.Name, status.Mode, status.DeviceMajor, status.DeviceMinor), path);
                break;
        }

        SetOwner(target, entry.Name, status, path);
        SetAttributes(target, entry.Name, NodeXattrs.All(source, entry.Name), path);
        if (status.Type != FileSystem.TypeSymbolicLink) Check(NodeAttributes.SetMode(target, entry.Name, status.Mode & PermissionMask), path);
        Check(NodeAttributes.SetTime(target, entry.Name, status.ModifiedSeconds, status.ModifiedNanoseconds), path);
        return false;
    }

    private void CopyFile(Fd sourceDirectory, Fd target, in TreeEntry entry, byte[] path)
    {
        using var source = BytePaths.TryOpen(sourceDirectory, entry.Name, OpenFlags.ReadOnly | OpenFlags.NonBlocking | Paths.NoFollow, 0, out var error);
        Check(error, path);
        using var file = BytePaths.TryOpen(target, entry.Name, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive | Paths.NoFollow, DraftFileMode, out error);
        Check(error, path);
        Check(_contents.Copy(source!, file!, entry.Status), path);
        SetOwner(file!, default, entry.Status, path);
        SetAttributes(file!, default, NodeXattrs.All(source!, default), path);
        Check(NodeAttributes.SetMode(file!, entry.Status.Mode & PermissionMask), path);
        Check(NodeAttributes.SetTime(file!, default, entry.Status.ModifiedSeconds, entry.Status.ModifiedNanoseconds), path);
    }

    private void Link(byte[] existing, Fd target, byte[] name, byte[] path)
    {
        var slash = existing.AsSpan().LastIndexOf((byte)'/');
        using var directory = Open(slash < 0 ? [] : existing[..slash]);
        Check(FileSystem.MakeHardLink(directory, existing.AsSpan(slash + 1), target, name), path);
    }

    private void FinishDirectories()
    {
        // The last first: nothing is made in a directory any more, and what has lost a permission is not entered again.
        for (var i = _directories.Count - 1; i >= 0; i--)
        {
            var (path, status, attributes) = _directories[i];
            using var directory = Open(path);
            SetOwner(directory, default, status, path);
            SetAttributes(directory, default, attributes, path);
            Check(NodeAttributes.SetMode(directory, status.Mode & PermissionMask), path);
            Check(NodeAttributes.SetTime(directory, default, status.ModifiedSeconds, status.ModifiedNanoseconds), path);
        }
    }

    private Fd TargetOf(byte[] path)
    {
        if (path.Length == 0) return _root;
        if (_target is not null && path.AsSpan().SequenceEqual(_targetPath)) return _target;
        _target?.Dispose();
        _target = null;
        _target = Open(path);
        _targetPath = path;
        return _target;
    }

    private Fd Open(byte[] path)
    {
        var directory = path.Length == 0
            ? BytePaths.TryOpenDirectory(_root, "."u8, out var error)
            : BytePaths.TryResolve(_root, path, Paths.Directory | Paths.NoFollow, Inside, out error);
        return directory ?? throw Failure(path, error);
    }

    private static void SetOwner(Fd directory, ReadOnlySpan<byte> name, in NodeStatus status, byte[] path)
    {
        // What we make belongs to root, for the directories around it have no set-group-id bit yet.
        if (status.Uid != 0 || status.Gid != 0) Check(NodeAttributes.SetOwner(directory, name, status.Uid, status.Gid), path);
    }

    private static void SetAttributes(Fd directory, ReadOnlySpan<byte> name, TarAttribute[] attributes, byte[] path)
    {
        foreach (var attribute in attributes) Check(ExtendedAttributes.Set(directory, name, attribute.Name, attribute.Value), path);
    }

    private static void Check(int error, byte[] path)
    {
        if (error != 0) throw Failure(path, error);
    }

    private static TareException Failure(byte[] path, int error)
    {
        var name = Encoding.UTF8.GetString(path);
        return error is Errno.ENOSPC or Errno.EDQUOT
            ? TareException.Internal($"there is no room to copy \"/{name}\" for the container: no space left on device; free some space in the data root and try again")
            : new LinuxException($"copy \"/{name}\" of the image for the container", error);
    }
}
