using Tare.Linux;

namespace Tare.Images.Trees;

/// <summary>Adds up sizes as Docker does: bytes of regular files, each once whatever its names, and of the targets of symbolic links.</summary>
internal sealed class NodeSize
{
    private readonly HashSet<ulong> _linked = [];

    internal long Total { get; private set; }

    /// <summary>Adds a name; all names must be of one filesystem.</summary>
    internal void Add(in TreeEntry entry)
    {
        if (entry.Status.Type is not (FileSystem.TypeRegular or FileSystem.TypeSymbolicLink)) return;
        if (entry.Status.Links < 2 || _linked.Add(entry.Status.Inode)) Total += entry.Status.Size;
    }
}
