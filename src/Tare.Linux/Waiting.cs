using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Reaping children: waitid(2). Nothing here waits, but what says so.</summary>
public static partial class Waiting
{
    private const int P_ALL = 0;
    private const int P_PID = 1;
    private const int P_PIDFD = 3;
    private const int WNOHANG = 1;
    private const int WEXITED = 4;
    private const int WNOWAIT = 0x01000000;
    private const int __WALL = 0x40000000;
    private const int CLD_EXITED = 1;

    /// <summary>What became of the child that was asked for.</summary>
    public enum Outcome
    {
        /// <summary>It is still running.</summary>
        Running,

        /// <summary>It has ended and is now reaped.</summary>
        Reaped,

        /// <summary>It is no child of this process.</summary>
        NotAChild,
    }

    /// <summary>Reaps the child of a pidfd if it has ended.</summary>
    public static Outcome Reap(Fd pidFd, out WaitStatus status) => Reap(P_PIDFD, pidFd.Number, out status);

    /// <summary>Reaps a child by number if it has ended; safe only for a child that nobody else reaps.</summary>
    public static Outcome Reap(int pid, out WaitStatus status) => Reap(P_PID, pid, out status);

    /// <summary>The pid of some child that has ended, which stays unreaped; 0: there is none.</summary>
    public static unsafe int Peek()
    {
        SigInfo info = default;
        return Wait(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 ? info.Pid : 0;
    }

    /// <summary>Waits for a child by number and reaps it.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.ECHILD"/>: it is no child of this process.</exception>
    public static unsafe WaitStatus WaitFor(int pid)
    {
        SigInfo info = default;
        var error = Wait(P_PID, pid, &info, WEXITED | __WALL);
        return error == 0 ? new WaitStatus(info.Status, info.Code != CLD_EXITED) : throw new LinuxException($"wait for the child {pid}", error);
    }

    private static unsafe Outcome Reap(int kind, int id, out WaitStatus status)
    {
        SigInfo info = default;
        status = default;
        var error = Wait(kind, id, &info, WEXITED | WNOHANG | __WALL);
        if (error is Errno.ECHILD) return Outcome.NotAChild;
        if (error is not 0 and not Errno.EAGAIN) throw new LinuxException($"wait for a child ({kind}, {id})", error);
        if (error != 0 || info.Pid == 0) return Outcome.Running;
        status = new WaitStatus(info.Status, info.Code != CLD_EXITED);
        return Outcome.Reaped;
    }

    private static unsafe int Wait(int kind, int id, SigInfo* info, int options)
    {
        while (waitid(kind, (uint)id, info, options) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != Errno.EINTR) return error;
        }
        return 0;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int waitid(int kind, uint id, SigInfo* info, int options);

    /// <summary>siginfo_t of SIGCHLD on 64-bit machines.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct SigInfo
    {
        [FieldOffset(8)]
        public int Code;

        [FieldOffset(16)]
        public int Pid;

        [FieldOffset(24)]
        public int Status;
    }
}
