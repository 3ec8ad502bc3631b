using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>What statx(2) tells of an open file.</summary>
/// <param name="Inode">Its number within its filesystem.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Links">How many names it has; 0: it was removed.</param>
/// <param name="Mode">Type and permissions.</param>
public readonly record struct FileStatus(ulong Inode, long Size, uint Links, uint Mode);

/// <summary>The status of open files.</summary>
public static partial class FileStatuses
{
    private const int AT_EMPTY_PATH = 0x1000;
    private const uint STATX_BASIC_STATS = 0x7ff;

    /// <summary>The status of an open file; null when the kernel does not tell.</summary>
    public static unsafe FileStatus? Of(Fd fd)
    {
        var buffer = stackalloc byte[256];
        if (statx(fd.Number, "", AT_EMPTY_PATH, STATX_BASIC_STATS, buffer) < 0) return null;
        return new FileStatus(*(ulong*)(buffer + 32), *(long*)(buffer + 40), *(uint*)(buffer + 16), *(ushort*)(buffer + 28));
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int directory, string path, int flags, uint mask, byte* buffer);
}
