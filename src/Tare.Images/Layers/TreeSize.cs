using Tare.Linux;

namespace Tare.Images.Layers;

/// <summary>The size of a tree as Docker counts it: lengths of all that is no directory, each inode once.</summary>
internal static class TreeSize
{
    internal static long Of(Fd root)
    {
        var seen = new HashSet<ulong>();
        return Of(root, seen);
    }

    private static long Of(Fd parent, HashSet<ulong> seen)
    {
        long size = 0;
        // Opened afresh, for a listing moves the descriptor's position.
        using var listing = BytePaths.TryOpenDirectory(parent, "."u8, out var error) ?? throw new LinuxException("open a directory", error);
        foreach (var entry in DirectoryTree.List(listing))
        {
            if (entry.IsDirectory)
            {
                using var child = BytePaths.TryOpenDirectory(listing, entry.Name, out error)
                    ?? throw new LinuxException("open a directory", error);
                size += Of(child, seen);
            }
            else if (NodeAttributes.Read(listing, entry.Name, out var status) == 0 && (status.Links < 2 || seen.Add(status.Inode)))
            {
                size += status.Size;
            }
        }

        return size;
    }
}
