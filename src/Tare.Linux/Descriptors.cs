using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Operations on descriptors themselves: fcntl(2), close(2), read(2), write(2), pipe2(2), memfd_create(2).</summary>
public static partial class Descriptors
{
    private const int F_DUPFD_CLOEXEC = 1030;
    private const int F_ADD_SEALS = 1033;
    private const int F_GETFD = 1;
    private const int F_GETFL = 3;
    private const int FD_CLOEXEC = 1;
    private const int F_SETFL = 4;
    private const int O_CLOEXEC = 0x80000;
    private const int O_NONBLOCK = 0x800;
    private const uint MFD_CLOEXEC = 1;
    private const uint MFD_ALLOW_SEALING = 2;
    private const uint MFD_EXEC = 0x10;

    /// <summary>Seals that forbid any later change: shrink, grow, write, and further seals.</summary>
    private const int AllSeals = 0x1 | 0x2 | 0x4 | 0x8;

    /// <summary>Duplicates a descriptor with close-on-exec set.</summary>
    public static Fd Duplicate(int number) => Duplicate(number, 3);

    /// <summary>Duplicates a descriptor with close-on-exec set, at the first free number from <paramref name="lowest"/> on.</summary>
    public static Fd Duplicate(int number, int lowest)
    {
        var copy = fcntl(number, F_DUPFD_CLOEXEC, lowest);
        return copy < 0 ? throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"duplicate fd {number}") : new Fd(copy);
    }

    /// <summary>As <see cref="Duplicate(int)"/>; null when the number is not open.</summary>
    public static Fd? TryDuplicate(int number)
    {
        var copy = fcntl(number, F_DUPFD_CLOEXEC, 3);
        if (copy >= 0) return new Fd(copy);
        var error = Marshal.GetLastPInvokeError();
        return error == Errno.EBADF ? null : throw new LinuxException($"duplicate fd {number}", error);
    }

    /// <summary>Whether a number is open and was not opened by this process itself: what the house opens is close-on-exec.</summary>
    public static bool IsInherited(int number) => fcntl(number, F_GETFD, 0) is >= 0 and var flags && (flags & FD_CLOEXEC) == 0;

    /// <summary>Sets or clears <c>O_NONBLOCK</c> on the open file (shared by all its descriptors).</summary>
    public static void SetNonBlocking(Fd fd, bool value)
    {
        var flags = fcntl(fd.Number, F_GETFL, 0);
        if (flags < 0 || fcntl(fd.Number, F_SETFL, value ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0)
            throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"set the flags of {fd}");
    }

    /// <summary>Makes a pipe; both ends are close-on-exec and blocking.</summary>
    public static unsafe (Fd Read, Fd Write) Pipe()
    {
        var ends = stackalloc int[2];
        if (pipe2(ends, O_CLOEXEC) < 0) throw new LinuxException("make a pipe", Marshal.GetLastPInvokeError());
        return (new Fd(ends[0]), new Fd(ends[1]));
    }

    /// <summary>Makes an empty anonymous file in memory; close-on-exec.</summary>
    public static Fd Memory(string name)
    {
        var number = memfd_create(name, MFD_CLOEXEC);
        return number < 0 ? throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"create the memory file {name}") : new Fd(number);
    }

    /// <summary>Makes an anonymous file in memory with the given content and seals it against any change.</summary>
    /// <param name="name">A name for <c>/proc/PID/fd</c>.</param>
    /// <param name="content">The bytes.</param>
    /// <param name="executable">Whether the file will be executed (<c>MFD_EXEC</c>, kernel 6.3; older kernels always allow it).</param>
    public static Fd SealedMemory(string name, ReadOnlySpan<byte> content, bool executable = false)
    {
        var flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
        var number = memfd_create(name, executable ? flags | MFD_EXEC : flags);
        if (number < 0 && executable && Marshal.GetLastPInvokeError() == Errno.EINVAL) number = memfd_create(name, flags);
        if (number < 0) throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"create the memory file {name}");
        var fd = new Fd(number);
        try
        {
            WriteAll(fd, content);
            if (fcntl(number, F_ADD_SEALS, AllSeals) < 0) throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"seal the memory file {name}");
            return fd;
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    /// <summary>Reads once; 0 at the end of the file. Interrupted calls are repeated.</summary>
    /// <exception cref="LinuxException">The read failed, <see cref="Errno.EAGAIN"/> included.</exception>
    public static int Read(Fd fd, Span<byte> buffer)
    {
        var count = TryRead(fd, buffer, out var error);
        return count >= 0 ? count : throw new LinuxException($"read {fd}", error);
    }

    /// <summary>Reads once; 0 at the end of the file, -1 and the error number on failure. Interrupted calls are repeated.</summary>
    public static unsafe int TryRead(Fd fd, Span<byte> buffer, out int error)
    {
        fixed (byte* p = buffer)
        {
            nint count;
            do
            {
                count = read(fd.Number, p, (nuint)buffer.Length);
                error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
            }
            while (error == Errno.EINTR);
            return (int)count;
        }
    }

    /// <summary>Writes once; -1 and the error number on failure. Interrupted calls are repeated.</summary>
    public static unsafe int TryWrite(Fd fd, ReadOnlySpan<byte> buffer, out int error)
    {
        fixed (byte* p = buffer)
        {
            nint count;
            do
            {
                count = write(fd.Number, p, (nuint)buffer.Length);
                error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
            }
            while (error == Errno.EINTR);
            return (int)count;
        }
    }

    /// <summary>Writes everything to a blocking descriptor.</summary>
    public static void WriteAll(Fd fd, ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var count = TryWrite(fd, buffer, out var error);
            if (count < 0) throw new LinuxException($"write {fd}", error);
            buffer = buffer[count..];
        }
    }

    internal static int CloseRaw(int number) => close(number);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int fd, int command, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int pipe2(int* ends, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int memfd_create(string name, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint read(int fd, byte* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint write(int fd, byte* buffer, nuint count);
}
