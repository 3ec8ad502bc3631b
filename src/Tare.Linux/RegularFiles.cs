using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Plain files: openat(2), pread(2), ftruncate(2), flock(2), FIONREAD.</summary>
public static partial class RegularFiles
{
    private const int AT_FDCWD = -100;
    private const int O_WRONLY = 1;
    private const int O_RDWR = 2;
    private const int O_APPEND = 0x400;
    private const int O_CREAT = 0x40;
    private const int O_TRUNC = 0x200;
    private const int O_CLOEXEC = 0x80000;
    private const int LOCK_EX = 2;
    private const int LOCK_NB = 4;
    private const int LOCK_UN = 8;
    private const nuint FIONREAD = 0x541B;
    private static readonly int O_NOFOLLOW = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    /// <summary>Opens a file for reading; null when there is none. The last part of the path may be no link.</summary>
    public static Fd? OpenRead(string path)
    {
        var number = Retry(path, O_NOFOLLOW | O_CLOEXEC, 0);
        if (number >= 0) return new Fd(number);
        var error = Marshal.GetLastPInvokeError();
        return error == Errno.ENOENT ? null : throw new LinuxException($"open \"{path}\"", error);
    }

    /// <summary>Opens a file for reading and writing and makes it (0600) when it is missing. The last part of the path may be no link.</summary>
    public static Fd OpenOrCreate(string path)
    {
        var number = Retry(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0x180);
        return number < 0 ? throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"open \"{path}\"") : new Fd(number);
    }

    /// <summary>Opens a file for appending and makes it (0600) when it is missing. The last part of the path may be no link.</summary>
    public static Fd OpenAppend(string path)
    {
        var number = Retry(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0x180);
        return number < 0 ? throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"open \"{path}\"") : new Fd(number);
    }

    /// <summary>Makes a file (0644), or makes an old one anew, with this content. The last part of the path may be no link.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var number = Retry(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0x1A4);
        if (number < 0) throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"write \"{path}\"");
        using var file = new Fd(number);
        Descriptors.WriteAll(file, content);
    }

    /// <summary>Opens /dev/null for reading and writing.</summary>
    public static Fd OpenNull()
    {
        var number = Retry("/dev/null", O_RDWR | O_CLOEXEC, 0);
        return number < 0 ? throw new LinuxException("open /dev/null", Marshal.GetLastPInvokeError()) : new Fd(number);
    }

    /// <summary>Reads at a position; 0 at the end.</summary>
    public static unsafe int ReadAt(Fd fd, Span<byte> buffer, long position)
    {
        fixed (byte* p = buffer)
        {
            while (true)
            {
                var count = pread(fd.Number, p, (nuint)buffer.Length, position);
                if (count >= 0) return (int)count;
                var error = Marshal.GetLastPInvokeError();
                if (error != Errno.EINTR) throw new LinuxException($"read {fd}", error);
            }
        }
    }

    /// <summary>Writes once at a position; -1 and the error number on failure.</summary>
    public static unsafe int TryWriteAt(Fd fd, ReadOnlySpan<byte> buffer, long position, out int error)
    {
        fixed (byte* p = buffer)
        {
            nint count;
            do
            {
                count = pwrite(fd.Number, p, (nuint)buffer.Length, position);
                error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
            }
            while (error == Errno.EINTR);
            return (int)count;
        }
    }

    /// <summary>Cuts a file off, or makes it longer with zeros.</summary>
    public static void Truncate(Fd fd, long length)
    {
        while (ftruncate(fd.Number, length) < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != Errno.EINTR) throw new LinuxException($"truncate {fd}", error);
        }
    }

    /// <summary>Takes the exclusive lock of an open file; it is held until every descriptor of the open file is closed.</summary>
    /// <returns>False when somebody else has it and <paramref name="wait"/> is not set.</returns>
    public static bool Lock(Fd fd, bool wait)
    {
        while (flock(fd.Number, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error == Errno.EINTR) continue;
            return error == Errno.EAGAIN ? false : throw new LinuxException($"lock {fd}", error);
        }
        return true;
    }

    /// <summary>Gives a lock back before the file is closed.</summary>
    public static void Unlock(Fd fd) => _ = flock(fd.Number, LOCK_UN);

    /// <summary>
    /// Makes or opens a file and takes its lock; null when somebody else has it and <paramref name="wait"/> is not set. Whoever has
    /// the lock may remove the file: a lock on a removed file is none, and is tried anew.
    /// </summary>
    public static Fd? OpenLocked(string path, bool wait)
    {
        while (true)
        {
            var file = OpenOrCreate(path);
            try
            {
                if (!Lock(file, wait))
                {
                    file.Dispose();
                    return null;
                }
                if (FileStatuses.Of(file)?.Links != 0) return file;
            }
            catch
            {
                file.Dispose();
                throw;
            }
            file.Dispose();
        }
    }

    /// <summary>How many bytes can be read from a pipe or terminal now.</summary>
    public static unsafe int Available(Fd fd)
    {
        int count;
        return ioctl(fd.Number, FIONREAD, &count) < 0 ? throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"ask how much {fd} holds") : count;
    }

    private static int Retry(string path, int flags, uint mode)
    {
        int number;
        do number = openat(AT_FDCWD, path, flags, mode);
        while (number < 0 && Marshal.GetLastPInvokeError() == Errno.EINTR);
        return number;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int openat(int directory, string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint pread(int fd, byte* buffer, nuint count, long position);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint pwrite(int fd, byte* buffer, nuint count, long position);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ftruncate(int fd, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(int fd, int operation);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int ioctl(int fd, nuint request, int* argument);
}
