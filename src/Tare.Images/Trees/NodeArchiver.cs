using Tare.Linux;
using Tare.Oci.Archives;

namespace Tare.Images.Trees;

/// <summary>
/// Writes files of directories to a tar as Docker does: whole seconds, owners by number, no sockets. The same files make the same
/// bytes. A file that changes while it is read is cut off, or filled up with zeros, at the length that its header tells.
/// </summary>
/// <param name="target">Where the archive goes; it gets pieces of any length.</param>
internal sealed class NodeArchiver(Stream target)
{
    private const int PermissionMask = 0xFFF;
    private const int WhiteoutMode = 0x180;
    private const int PlainPermissionMask = 0x1FF;
    private const int BufferLength = 128 * 1024;

    private readonly TarWriter _tar = new(target);
    private readonly byte[] _buffer = new byte[BufferLength];
    private readonly Dictionary<(int Layer, ulong Inode), byte[]> _linked = [];

    /// <summary>Writes a name of a directory.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="entry">The name.</param>
    /// <param name="path">Its path in the archive, without slashes at its ends.</param>
    internal void Write(Fd directory, in TreeEntry entry, byte[] path)
    {
        var status = entry.Status;
        var node = new TarEntry
        {
            Type = TarEntryType.RegularFile,
            Name = path,
            Mode = status.Mode & PermissionMask,
            Uid = status.Uid,
            Gid = status.Gid,
            ModifiedAt = new TarTime(status.ModifiedSeconds, 0),
        };
        if (!entry.IsDirectory && status.Links > 1 && !_linked.TryAdd((entry.Layer, status.Inode), path))
        {
            // With its attributes once more: extracting the link changes the owner, which takes capabilities away.
            WriteNode(directory, entry, node with { Type = TarEntryType.HardLink, LinkName = _linked[(entry.Layer, status.Inode)] });
            return;
        }

        switch (status.Type)
        {
            case FileSystem.TypeRegular:
                WriteFile(directory, entry, node);
                break;
            case FileSystem.TypeDirectory:
                WriteNode(directory, entry, node with { Type = TarEntryType.Directory, Name = [.. path, (byte)'/'] });
                break;
            case FileSystem.TypeSymbolicLink:
                WriteLink(directory, entry, node);
                break;
            case FileSystem.TypeCharacterDevice:
                WriteNode(directory, entry, node with { Type = TarEntryType.CharacterDevice, DeviceMajor = status.DeviceMajor, DeviceMinor = status.DeviceMinor });
                break;
            case FileSystem.TypeBlockDevice:
                WriteNode(directory, entry, node with { Type = TarEntryType.BlockDevice, DeviceMajor = status.DeviceMajor, DeviceMinor = status.DeviceMinor });
                break;
            case FileSystem.TypeFifo:
                WriteNode(directory, entry, node with { Type = TarEntryType.Fifo });
                break;
            default:
                // A socket is its process's, and tar knows none.
                break;
        }
    }

    /// <summary>Writes what says in a layer that a name below is gone.</summary>
    internal void WriteWhiteout(in TreeEntry entry, byte[] path) => _tar.Write(new TarEntry
    {
        Type = TarEntryType.RegularFile,
        Name = path,
        Mode = WhiteoutMode,
        Uid = entry.Status.Uid,
        Gid = entry.Status.Gid,
        ModifiedAt = new TarTime(entry.Status.ModifiedSeconds, 0),
    });

    /// <summary>Writes what says in a layer that nothing of a directory below is seen.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="path">The path of the mark.</param>
    internal void WriteOpaque(in TreeEntry directory, byte[] path) => _tar.Write(new TarEntry
    {
        Type = TarEntryType.RegularFile,
        Name = path,
        Mode = directory.Status.Mode & PlainPermissionMask,
        Uid = directory.Status.Uid,
        Gid = directory.Status.Gid,
    });

    /// <summary>Writes the end marker.</summary>
    internal void Finish() => _tar.Finish();

    private void WriteNode(Fd directory, in TreeEntry entry, TarEntry node) => _tar.Write(node with { Attributes = NodeXattrs.Of(directory, entry.Name) });

    private void WriteLink(Fd directory, in TreeEntry entry, TarEntry node)
    {
        if (BytePaths.TryReadLink(directory, entry.Name, out var error) is { } link)
            WriteNode(directory, entry, node with { Type = TarEntryType.SymbolicLink, LinkName = link });
        else if (error is not (Errno.ENOENT or Errno.EINVAL))
            throw TreeFailure.Of(node.Name, error);
    }

    private void WriteFile(Fd directory, in TreeEntry entry, TarEntry node)
    {
        // What was a regular file a moment ago may be a pipe by now, whose opening would wait.
        using var file = BytePaths.TryOpen(directory, entry.Name, OpenFlags.ReadOnly | OpenFlags.NonBlocking | Paths.NoFollow, 0, out var error);
        if (file is null)
        {
            if (error is Errno.ENOENT or Errno.ELOOP or Errno.ENXIO) return;
            throw TreeFailure.Of(node.Name, error);
        }

        error = NodeAttributes.Read(file, default, out var status);
        if (error != 0) throw TreeFailure.Of(node.Name, error);
        if (status.Type != FileSystem.TypeRegular) return;
        var whole = node with { Size = status.Size, Attributes = NodeXattrs.Of(file, default) };
        _tar.BeginContent(whole);
        for (var left = status.Size; left > 0;)
        {
            var piece = _buffer.AsSpan(0, (int)Math.Min(left, BufferLength));
            var count = Descriptors.Read(file, piece);
            if (count == 0)
            {
                piece.Clear();
                count = piece.Length;
            }

            target.Write(piece[..count]);
            left -= count;
        }

        _tar.EndContent(whole);
    }
}
