using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>What statx(2) tells of a name.</summary>
/// <param name="Mode">Type and permissions, as in inode(7).</param>
/// <param name="Uid">The owner.</param>
/// <param name="Gid">The group.</param>
/// <param name="Links">How many names it has.</param>
/// <param name="Inode">The number in its filesystem.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Blocks">Blocks of 512 bytes that it takes.</param>
/// <param name="ModifiedSeconds">The time of its last change, seconds since 1970.</param>
/// <param name="ModifiedNanoseconds">Nanoseconds on top.</param>
/// <param name="DeviceMajor">A device's major number.</param>
/// <param name="DeviceMinor">A device's minor number.</param>
public readonly record struct NodeStatus(
    int Mode,
    uint Uid,
    uint Gid,
    uint Links,
    ulong Inode,
    long Size,
    long Blocks,
    long ModifiedSeconds,
    uint ModifiedNanoseconds,
    uint DeviceMajor,
    uint DeviceMinor)
{
    /// <summary>One of the types of <see cref="FileSystem"/>.</summary>
    public int Type => Mode & FileSystem.TypeMask;
}

/// <summary>
/// Owners, permissions and times: statx(2), fchownat(2), fchmod(2), utimensat(2). An empty name means the descriptor itself; no
/// symbolic link is ever followed. Each call returns 0 or the error number.
/// </summary>
public static partial class NodeAttributes
{
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const int AT_EMPTY_PATH = 0x1000;
    private const uint STATX_BASIC_STATS = 0x7ff;
    private const int StatxLength = 256;

    /// <summary>The status of a name.</summary>
    public static unsafe int Read(Fd directory, ReadOnlySpan<byte> name, out NodeStatus status)
    {
        var p = stackalloc byte[StatxLength];
        int error;
        fixed (byte* n = CName.Of(name, stackalloc byte[CName.StackLength]))
            error = Result(statx(directory.Number, n, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, p));
        status = error != 0
            ? default
            : new NodeStatus(
                *(ushort*)(p + 28),
                *(uint*)(p + 20),
                *(uint*)(p + 24),
                *(uint*)(p + 16),
                *(ulong*)(p + 32),
                *(long*)(p + 40),
                *(long*)(p + 48),
                *(long*)(p + 112),
                *(uint*)(p + 120),
                *(uint*)(p + 128),
                *(uint*)(p + 132));
        return error;
    }

    /// <summary>Changes owner and group.</summary>
    public static unsafe int SetOwner(Fd directory, ReadOnlySpan<byte> name, uint uid, uint gid)
    {
        fixed (byte* n = CName.Of(name, stackalloc byte[CName.StackLength]))
            return Result(fchownat(directory.Number, n, uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
    }

    /// <summary>Changes the permissions of an open file.</summary>
    public static int SetMode(Fd file, int mode) => Result(fchmod(file.Number, (uint)mode));

    /// <summary>Changes the permissions of a name, which must be no symbolic link: fchmodat(2) would follow it.</summary>
    public static unsafe int SetMode(Fd directory, ReadOnlySpan<byte> name, int mode)
    {
        fixed (byte* n = CName.Of(name, stackalloc byte[CName.StackLength])) return Result(fchmodat(directory.Number, n, (uint)mode, 0));
    }

    /// <summary>Sets the times of last access and last change, both to the same.</summary>
    /// <param name="directory">The directory, or the file itself when the name is empty.</param>
    /// <param name="name">The name, or nothing.</param>
    /// <param name="seconds">Seconds since 1970.</param>
    /// <param name="nanoseconds">Nanoseconds on top.</param>
    public static unsafe int SetTime(Fd directory, ReadOnlySpan<byte> name, long seconds, uint nanoseconds)
    {
        var times = stackalloc long[4] { seconds, nanoseconds, seconds, nanoseconds };
        if (name.IsEmpty) return Result(futimens(directory.Number, times));
        fixed (byte* n = CName.Of(name, stackalloc byte[CName.StackLength]))
            return Result(utimensat(directory.Number, n, times, AT_SYMLINK_NOFOLLOW));
    }

    private static int Result(int result) => result < 0 ? Marshal.GetLastPInvokeError() : 0;

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int statx(int directory, byte* name, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int fchownat(int directory, byte* name, uint uid, uint gid, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchmod(int file, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int fchmodat(int directory, byte* name, uint mode, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int utimensat(int directory, byte* name, long* times, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int futimens(int file, long* times);
}
