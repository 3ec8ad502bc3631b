using System.IO.Enumeration;

namespace Tare.Engine.Common;

/// <summary>Measures directories as Docker does: the bytes of regular files and of the targets of symbolic links.</summary>
internal static class DirectorySize
{
    private static readonly EnumerationOptions Everything = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true };

    /// <summary>The size of what is below a directory; 0 when there is none. A link is never followed: a container may have made it.</summary>
    public static long Of(string directory)
    {
        if (!Directory.Exists(directory)) return 0;
        var sizes = new FileSystemEnumerable<long>(directory, Size, Everything)
        {
            ShouldRecursePredicate = static (ref entry) => !IsLink(ref entry),
        };
        return sizes.Sum();
    }

    private static long Size(ref FileSystemEntry entry) =>
        IsLink(ref entry) ? entry.ToFileSystemInfo().LinkTarget?.Length ?? 0 : entry.IsDirectory ? 0 : entry.Length;

    private static bool IsLink(ref FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) != 0;
}
