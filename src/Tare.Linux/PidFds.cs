using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>How a process ended.</summary>
/// <param name="Code">The exit status, or the number of the signal.</param>
/// <param name="Signaled">Whether a signal ended it.</param>
public readonly record struct WaitStatus(int Code, bool Signaled)
{
    /// <summary>The exit status, or 128 + signal, as shells and Docker give it.</summary>
    public int ExitCode => Signaled ? 128 + Code : Code;

    /// <summary>Takes a status of the form of wait(2) apart.</summary>
    public static WaitStatus FromRaw(int status) => (status & 0x7f) == 0 ? new WaitStatus((status >> 8) & 0xff, false) : new WaitStatus(status & 0x7f, true);
}

/// <summary>Processes by descriptor: pidfd_open(2), pidfd_send_signal(2), and what the kernel tells of one.</summary>
public static partial class PidFds
{
    private const int SYS_pidfd_send_signal = 424;
    private const int SYS_pidfd_open = 434;
    private const nuint PIDFD_GET_INFO = 0xC040FF0B; // _IOWR(0xFF, 11, struct pidfd_info of 64 bytes)
    private const ulong PIDFD_INFO_EXIT = 1 << 3;
    private const long PID_FS_MAGIC = 0x50494446;

    /// <summary>Whether the kernel remembers the exit of a process that somebody else has reaped (6.15): see <see cref="ExitInfo"/>.</summary>
    public static bool HasExitInfo { get; } = ProbeExitInfo();

    /// <summary>Opens a process.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.ESRCH"/>: there is none.</exception>
    public static Fd Open(int pid) => TryOpen(pid, out var error) ?? throw new LinuxException($"open process {pid}", error);

    /// <summary>Opens a process; null and the error number when that fails.</summary>
    public static Fd? TryOpen(int pid, out int error)
    {
        var number = syscall(SYS_pidfd_open, pid, 0, 0, 0);
        error = number < 0 ? Marshal.GetLastPInvokeError() : 0;
        return number < 0 ? null : new Fd((int)number);
    }

    /// <summary>The pid of a process, in this process's pid namespace; -1 when it has ended and been reaped (pidfd_open(2), fdinfo).</summary>
    public static int PidOf(Fd pidFd)
    {
        foreach (var line in File.ReadLines($"/proc/self/fdinfo/{pidFd.Number}"))
        {
            if (line.StartsWith("Pid:", StringComparison.Ordinal)) return int.Parse(line.AsSpan(4), System.Globalization.CultureInfo.InvariantCulture);
        }
        return -1;
    }

    /// <summary>Sends a signal; false when the process has ended.</summary>
    public static bool SendSignal(Fd pidFd, int signal)
    {
        if (syscall(SYS_pidfd_send_signal, pidFd.Number, signal, 0, 0) == 0) return true;
        var error = Marshal.GetLastPInvokeError();
        return error == Errno.ESRCH ? false : throw new LinuxException($"send signal {signal} to the process of {pidFd}", error);
    }

    /// <summary>
    /// How a process ended that has been reaped, by whomever, while this descriptor was open; null when it has not been reaped or
    /// the kernel does not remember (<see cref="HasExitInfo"/>).
    /// </summary>
    public static unsafe WaitStatus? ExitInfo(Fd pidFd)
    {
        PidFdInfo info = default;
        info.Mask = PIDFD_INFO_EXIT;
        if (ioctl(pidFd.Number, PIDFD_GET_INFO, &info) < 0) return null;
        return (info.Mask & PIDFD_INFO_EXIT) != 0 ? WaitStatus.FromRaw(info.ExitCode) : null;
    }

    /// <summary>
    /// How a process ended that nobody has reaped yet, by its entry in /proc; null when it was reaped, or this process may not know.
    /// </summary>
    public static WaitStatus? ZombieStatus(Fd pidFd, int pid)
    {
        if (ProcStat.Read(pid) is not { State: 'Z' or 'X' } stat) return null;
        // Whoever may not trace it is shown a zero.
        if (stat.ExitStatus == 0 && !MayTrace(pid)) return null;
        // Still unreaped: the number was its own while the entry was read.
        return SendSignal(pidFd, 0) ? WaitStatus.FromRaw(stat.ExitStatus) : null;
    }

    /// <summary>
    /// A number that no other process has had under the same pid since boot: the inode of the descriptor (kernel 6.9), before
    /// that the start time in /proc. 0 when the process is gone.
    /// </summary>
    public static unsafe ulong Identity(Fd pidFd, int pid)
    {
        var buffer = stackalloc byte[256];
        if (fstatfs(pidFd.Number, buffer) == 0 && *(long*)buffer == PID_FS_MAGIC && FileStatuses.Of(pidFd) is { } status) return status.Inode;
        return ProcStat.Read(pid)?.StartTime ?? 0;
    }

    /// <summary>Whether this process may see what only a tracer may (PTRACE_MODE_READ_FSCREDS of ptrace(2)): links in /proc need the same right.</summary>
    private static bool MayTrace(int pid)
    {
        using var folder = Paths.TryOpen(Paths.CurrentDirectory, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"/proc/{pid}/cwd"), OpenFlags.Path, Resolve.None, out var error);
        return folder is not null || error == Errno.ENOENT;
    }

    private static bool ProbeExitInfo()
    {
        // Older kernels leave the mask out just as newer ones do for a living process, so that only the version tells them apart.
        var version = Environment.OSVersion.Version;
        return version.Major > 6 || (version.Major == 6 && version.Minor >= 15);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint a, nint b, nint c, nint d);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int ioctl(int fd, nuint request, PidFdInfo* info);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int fstatfs(int fd, byte* buffer);

    /// <summary>struct pidfd_info, version 0.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    private struct PidFdInfo
    {
        [FieldOffset(0)]
        public ulong Mask;

        [FieldOffset(60)]
        public int ExitCode;
    }
}
