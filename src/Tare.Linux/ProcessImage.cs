using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>This process itself: execve(2), the subreaper of prctl(2), limits.</summary>
public static partial class ProcessImage
{
    private const int PR_SET_CHILD_SUBREAPER = 36;
    private const int RLIMIT_NOFILE = 7;
    private const int F_GETFD = 1;
    private const int F_SETFD = 2;
    private const int FD_CLOEXEC = 1;

    /// <summary>Has orphans below this process become its children.</summary>
    public static void BecomeSubreaper()
    {
        if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) throw new LinuxException("become a subreaper", Marshal.GetLastPInvokeError());
    }

    /// <summary>Raises the limit of open files as far as the hard limit allows; gives the limit.</summary>
    public static unsafe long RaiseFileLimit()
    {
        var limits = stackalloc ulong[2];
        if (getrlimit(RLIMIT_NOFILE, limits) < 0) throw new LinuxException("read the limit of open files", Marshal.GetLastPInvokeError());
        if (limits[0] != limits[1])
        {
            limits[0] = limits[1];
            if (setrlimit(RLIMIT_NOFILE, limits) < 0) throw new LinuxException("raise the limit of open files", Marshal.GetLastPInvokeError());
        }
        return (long)Math.Min(limits[0], long.MaxValue);
    }

    /// <summary>Sets or clears close-on-exec of a descriptor by number.</summary>
    public static void SetCloseOnExec(int number, bool value)
    {
        if (fcntl(number, F_SETFD, value ? FD_CLOEXEC : 0) < 0) throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"set the flags of fd {number}");
    }

    /// <summary>Whether a number is an open descriptor.</summary>
    public static bool IsOpen(int number) => fcntl(number, F_GETFD, 0) >= 0;

    /// <summary>Becomes another program; returns only when that fails, with the error number.</summary>
    public static unsafe int Execute(string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment)
    {
        using var argv = new CStrings(arguments);
        using var envp = new CStrings(environment);
        _ = execve(path, argv.Pointer, envp.Pointer);
        return Marshal.GetLastPInvokeError();
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int getrlimit(int resource, ulong* limits);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int setrlimit(int resource, ulong* limits);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int fd, int command, nint argument);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int execve(string path, byte** arguments, byte** environment);
}
