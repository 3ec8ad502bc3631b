using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Opens files by names that are bytes, for neither the kernel nor archives know an encoding. As <see cref="Paths"/> otherwise.</summary>
public static partial class BytePaths
{
    /// <summary>The longest path that a system call takes, without its terminating NUL.</summary>
    public const int MaxLength = 4095;

    /// <summary>Opens a directory below another, or fails if the name is anything else, a symbolic link included.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="name">A single name, or <c>.</c> for another open file of the same directory.</param>
    /// <param name="error">The error number when there is no result.</param>
    public static Fd? TryOpenDirectory(Fd directory, ReadOnlySpan<byte> name, out int error) =>
        TryOpen(directory, name, Paths.Directory | Paths.NoFollow, 0, out error);

    /// <summary>Opens a name below a directory, openat(2); close-on-exec.</summary>
    /// <param name="directory">Where to start.</param>
    /// <param name="name">A single name, unless the path is trusted.</param>
    /// <param name="flags">How to open.</param>
    /// <param name="mode">The permissions of a new file, before the umask.</param>
    /// <param name="error">The error number when there is no result.</param>
    public static unsafe Fd? TryOpen(Fd directory, ReadOnlySpan<byte> name, OpenFlags flags, int mode, out int error)
    {
        Span<byte> buffer = stackalloc byte[CName.StackLength];
        fixed (byte* p = CName.Of(name, buffer))
        {
            int number;
            do
            {
                number = openat(directory.Number, p, (int)(flags | OpenFlags.CloseOnExec), (uint)mode);
                error = number < 0 ? Marshal.GetLastPInvokeError() : 0;
            }
            while (error == Errno.EINTR);
            return number < 0 ? null : new Fd(number);
        }
    }

    /// <summary>Opens a path that may be hostile, below a directory that confines it, openat2(2); close-on-exec.</summary>
    /// <param name="root">Where to start.</param>
    /// <param name="path">The path.</param>
    /// <param name="flags">How to open.</param>
    /// <param name="resolve">How the path is confined.</param>
    /// <param name="error">The error number when there is no result.</param>
    public static unsafe Fd? TryResolve(Fd root, ReadOnlySpan<byte> path, OpenFlags flags, Resolve resolve, out int error)
    {
        Span<byte> buffer = stackalloc byte[CName.StackLength];
        var how = stackalloc ulong[3] { (ulong)(flags | OpenFlags.CloseOnExec), 0, (ulong)resolve };
        fixed (byte* p = CName.Of(path, buffer))
        {
            nint number;
            do
            {
                number = syscall(SyscallNumbers.openat2, root.Number, (nint)p, (nint)how, 3 * sizeof(ulong));
                error = number < 0 ? Marshal.GetLastPInvokeError() : 0;
            }
            while (error is Errno.EINTR or Errno.EAGAIN); // EAGAIN: a rename raced with the walk, openat2(2) says to repeat.
            return number < 0 ? null : new Fd((int)number);
        }
    }

    /// <summary>The path of an open directory as this process's mounts show it, without links, <c>/proc/self/fd</c> in proc(5); null when it has none.</summary>
    public static unsafe byte[]? TryRealPath(Fd directory)
    {
        Span<byte> buffer = stackalloc byte[MaxLength + 1];
        Span<byte> name = stackalloc byte[CName.StackLength];
        fixed (byte* link = CName.Of(System.Text.Encoding.ASCII.GetBytes(directory.ProcPath), name))
        fixed (byte* p = buffer)
        {
            var count = readlink(link, p, (nuint)buffer.Length);
            return count <= 0 || count == buffer.Length || buffer[0] != (byte)'/' ? null : buffer[..(int)count].ToArray();
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint readlink(byte* path, byte* buffer, nuint size);

    /// <summary>The target of a symbolic link, readlinkat(2); <see langword="null"/> and the error number when the name is none.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="name">A single name.</param>
    /// <param name="error">The error number when there is no result.</param>
    public static unsafe byte[]? TryReadLink(Fd directory, ReadOnlySpan<byte> name, out int error)
    {
        // One more than the longest target, so that one that was cut off shows.
        var target = stackalloc byte[MaxLength + 1];
        fixed (byte* p = CName.Of(name, stackalloc byte[CName.StackLength]))
        {
            var count = readlinkat(directory.Number, p, target, MaxLength + 1);
            error = count < 0 ? Marshal.GetLastPInvokeError() : count > MaxLength ? Errno.ENAMETOOLONG : 0;
            return error == 0 ? new ReadOnlySpan<byte>(target, (int)count).ToArray() : null;
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int openat(int directory, byte* path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint readlinkat(int directory, byte* path, byte* target, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint directory, nint path, nint how, nint size);
}
