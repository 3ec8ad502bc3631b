using Tare.Linux;

namespace Tare.Images.Usage;

/// <summary>Counts what trees take on the disk as du(1) does: whole blocks, directories included, each inode once.</summary>
internal sealed class TreeBlocks
{
    private const int BlockLength = 512;

    private readonly HashSet<ulong> _seen = [];

    /// <summary>Bytes of all that was counted.</summary>
    internal long Bytes { get; private set; }

    /// <summary>Counts a name, and what is below it if it is a directory. What is gone meanwhile counts nothing.</summary>
    internal void AddTree(Fd parent, ReadOnlySpan<byte> name, CancellationToken cancellationToken)
    {
        Add(parent, name);
        using var directory = BytePaths.TryOpenDirectory(parent, name, out var error);
        if (directory is null)
        {
            if (error is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP) return;
            throw new LinuxException("open a directory to measure it", error);
        }

        foreach (var entry in DirectoryTree.List(directory))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (entry.IsDirectory) AddTree(directory, entry.Name, cancellationToken);
            else Add(directory, entry.Name);
        }
    }

    /// <summary>Counts a name alone.</summary>
    internal void Add(Fd parent, ReadOnlySpan<byte> name)
    {
        if (NodeAttributes.Read(parent, name, out var status) != 0) return;
        if (status.Links < 2 || status.Type == FileSystem.TypeDirectory || _seen.Add(status.Inode)) Bytes += status.Blocks * BlockLength;
    }
}
