namespace Tare.Linux;

/// <summary>Processes by descriptor: pidfd_open(2), pidfd_send_signal(2), and what the kernel tells of one.</summary>
public static class PidFds
{
    /// <summary>Opens a process.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.ESRCH"/>: there is none.</exception>
    public static Fd Open(int pid) => throw new NotImplementedException();

    /// <summary>Sends a signal; false when the process has ended.</summary>
    public static bool SendSignal(Fd pidFd, int signal) => throw new NotImplementedException();
}
