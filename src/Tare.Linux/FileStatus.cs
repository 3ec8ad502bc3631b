using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>What statx(2) tells of an open file.</summary>
/// <param name="Inode">Its number within its filesystem.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Links">How many names it has; 0: it was removed.</param>
/// <param name="Mode">Type and permissions.</param>
/// <param name="Uid">Owner.</param>
/// <param name="Gid">Group.</param>
/// <param name="DeviceMajor">Of a device node: its major number.</param>
/// <param name="DeviceMinor">Of a device node: its minor number.</param>
public readonly record struct FileStatus(ulong Inode, long Size, uint Links, uint Mode, uint Uid, uint Gid, uint DeviceMajor, uint DeviceMinor)
{
    private const uint TypeMask = 0xF000;

    /// <summary>Whether it is a regular file.</summary>
    public bool IsRegular => (Mode & TypeMask) == 0x8000;

    /// <summary>Whether it is a directory.</summary>
    public bool IsDirectory => (Mode & TypeMask) == 0x4000;

    /// <summary>Whether it is a block device.</summary>
    public bool IsBlockDevice => (Mode & TypeMask) == 0x6000;

    /// <summary>Whether it is a character device.</summary>
    public bool IsCharacterDevice => (Mode & TypeMask) == 0x2000;
}

/// <summary>The status of open files.</summary>
public static partial class FileStatuses
{
    private const int AT_EMPTY_PATH = 0x1000;
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const int AT_STATX_DONT_SYNC = 0x4000;
    private const uint STATX_BASIC_STATS = 0x7ff;

    /// <summary>The status of an open file; null when the kernel does not tell.</summary>
    public static FileStatus? Of(Fd fd) => Read(fd.Number, "", AT_EMPTY_PATH);

    /// <summary>The status of what is at a path; of a link itself; null when there is nothing.</summary>
    public static FileStatus? OfPath(string path) => Read(Paths.CurrentDirectory, path, AT_SYMLINK_NOFOLLOW);

    /// <summary>
    /// Which filesystem the file or folder at a path is on (<c>st_dev</c>), links followed; null when there is none. Asks no
    /// server whether what is known is still so, but can wait for the disk all the same.
    /// </summary>
    public static unsafe ulong? DeviceOf(string path)
    {
        var buffer = stackalloc byte[256];
        if (statx(Paths.CurrentDirectory, path, AT_STATX_DONT_SYNC, 0, buffer) < 0) return null;
        return ((ulong)*(uint*)(buffer + 136) << 32) | *(uint*)(buffer + 140);
    }

    private static unsafe FileStatus? Read(int directory, string path, int flags)
    {
        var buffer = stackalloc byte[256];
        if (statx(directory, path, flags, STATX_BASIC_STATS, buffer) < 0) return null;
        return new FileStatus(
            *(ulong*)(buffer + 32), *(long*)(buffer + 40), *(uint*)(buffer + 16), *(ushort*)(buffer + 28),
            *(uint*)(buffer + 20), *(uint*)(buffer + 24), *(uint*)(buffer + 128), *(uint*)(buffer + 132));
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int directory, string path, int flags, uint mask, byte* buffer);
}
