using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>What a file is, in the words of S_IFMT, inode(7).</summary>
public enum FileKind
{
    /// <summary>There is no such file.</summary>
    Missing = 0,

    /// <summary>A named pipe.</summary>
    Fifo = 0x1000,

    /// <summary>A character device.</summary>
    CharacterDevice = 0x2000,

    /// <summary>A directory.</summary>
    Directory = 0x4000,

    /// <summary>A block device.</summary>
    BlockDevice = 0x6000,

    /// <summary>A regular file.</summary>
    Regular = 0x8000,

    /// <summary>A symbolic link.</summary>
    Link = 0xa000,

    /// <summary>A unix socket.</summary>
    Socket = 0xc000,
}

/// <summary>Facts about files that .NET does not tell: their kind (statx(2)) and their owner (chown(2)). Links are not followed.</summary>
public static partial class FileFacts
{
    private const int AT_FDCWD = -100;
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const uint STATX_TYPE = 1;
    private const int S_IFMT = 0xf000;

    /// <summary>sizeof(struct statx), and the offset of its stx_mode: the same on every architecture.</summary>
    private const int StatxSize = 256;
    private const int ModeOffset = 28;

    /// <summary>The kind of a file.</summary>
    /// <exception cref="LinuxException">It cannot be looked at.</exception>
    public static unsafe FileKind KindOf(string path)
    {
        var buffer = stackalloc byte[StatxSize];
        if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, buffer) == 0)
            return (FileKind)(*(ushort*)(buffer + ModeOffset) & S_IFMT);
        var error = Marshal.GetLastPInvokeError();
        return error is Errno.ENOENT or Errno.ENOTDIR ? FileKind.Missing : throw new LinuxException($"look at {path}", error);
    }

    /// <summary>Changes the owner and group of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="user">User id; null leaves it.</param>
    /// <param name="group">Group id; null leaves it.</param>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static void ChangeOwner(string path, uint? user, uint? group)
    {
        if (lchown(path, user ?? uint.MaxValue, group ?? uint.MaxValue) < 0)
            throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"change the owner of {path}");
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int directory, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int lchown(string path, uint user, uint group);
}
