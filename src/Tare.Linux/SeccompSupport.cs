using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>What a filter answers with (<c>SECCOMP_RET_*</c> of <c>linux/seccomp.h</c>); the low 16 bits are the action's data.</summary>
public static class SeccompActions
{
    public const uint KillProcess = 0x80000000;
    public const uint KillThread = 0;
    public const uint Trap = 0x00030000;
    public const uint Errno = 0x00050000;
    public const uint Notify = 0x7fc00000;
    public const uint Trace = 0x7ff00000;
    public const uint Log = 0x7ffc0000;
    public const uint Allow = 0x7fff0000;
}

/// <summary>Flags of seccomp(2) when it loads a filter (<c>SECCOMP_FILTER_FLAG_*</c>).</summary>
[Flags]
public enum SeccompFlags : uint
{
    None = 0,
    ThreadSync = 1,
    Log = 2,
    SpeculationAllowed = 4,
    NewListener = 8,
    WaitKillableReceive = 32,
}

/// <summary>What seccomp(2) of the running kernel knows, found out without changing anything.</summary>
public static unsafe partial class SeccompSupport
{
    private const int SECCOMP_SET_MODE_FILTER = 1;
    private const int SECCOMP_GET_ACTION_AVAIL = 2;

    /// <summary>Whether the kernel knows an action (<see cref="SeccompActions"/>).</summary>
    public static bool HasAction(uint action) => syscall(SyscallNumbers.seccomp, SECCOMP_GET_ACTION_AVAIL, 0, (nint)(&action)) == 0;

    /// <summary>
    /// Whether the kernel takes these flags together. It looks at them before it reads the filter, and here there is none: EFAULT
    /// says that they are known, EINVAL that they are not.
    /// </summary>
    public static bool HasFlags(SeccompFlags flags) =>
        syscall(SyscallNumbers.seccomp, SECCOMP_SET_MODE_FILTER, (nint)flags, 0) < 0 && Marshal.GetLastPInvokeError() == Errno.EFAULT;

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint operation, nint flags, nint argument);
}
