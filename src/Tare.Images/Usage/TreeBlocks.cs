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
        cancellationToken.ThrowIfCancellationRequested();
        if (!Add(parent, name)) return;
        using var directory = BytePaths.TryOpenDirectory(parent, name, out var error);
        if (directory is null)
        {
            if (error == Errno.ENOENT) return;
            throw new LinuxException("open a directory to measure it", error);
        }

        foreach (var entry in Entries(directory)) AddTree(directory, entry.Name, cancellationToken);
    }

    /// <summary>The entries; none of a directory that was removed after it was opened, which getdents(2) tells by ENOENT.</summary>
    private static IReadOnlyList<DirectoryEntry> Entries(Fd directory)
    {
        try
        {
            return DirectoryTree.List(directory);
        }
        catch (LinuxException e) when (e.Error == Errno.ENOENT)
        {
            return [];
        }
    }

    /// <summary>Counts a name alone.</summary>
    /// <returns>Whether it is a directory.</returns>
    internal bool Add(Fd parent, ReadOnlySpan<byte> name)
    {
        if (NodeAttributes.Read(parent, name, out var status) != 0) return false;
        var isDirectory = status.Type == FileSystem.TypeDirectory;
        if (isDirectory || status.Links < 2 || _seen.Add(status.Inode)) Bytes += status.Blocks * BlockLength;
        return isDirectory;
    }
}
