using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Signal masks and signals as descriptors: pthread_sigmask(3), signalfd(2).</summary>
public static partial class SignalMasks
{
    /// <summary>SIGCHLD.</summary>
    public const int ChildEnded = 17;

    private const int SIG_BLOCK = 0;
    private const int SFD_CLOEXEC = 0x80000;
    private const int SFD_NONBLOCK = 0x800;

    /// <summary>The bytes of a sigset_t of the C library.</summary>
    internal const int SetSize = 128;

    /// <summary>Whether a signal is blocked in the calling thread.</summary>
    public static unsafe bool IsBlocked(int signal)
    {
        var set = stackalloc byte[SetSize];
        var error = pthread_sigmask(SIG_BLOCK, null, set);
        if (error != 0) throw new LinuxException("read the signal mask", error);
        return (set[(signal - 1) / 8] & (1 << ((signal - 1) % 8))) != 0;
    }

    /// <summary>Blocks a signal in the calling thread, for the threads it will make and the programs it will execute.</summary>
    public static unsafe void Block(int signal)
    {
        var set = stackalloc byte[SetSize];
        Write(new Span<byte>(set, SetSize), signal);
        var error = pthread_sigmask(SIG_BLOCK, set, null);
        if (error != 0) throw new LinuxException("block a signal", error);
    }

    /// <summary>A descriptor that becomes readable when the blocked signal is pending; close-on-exec and non-blocking.</summary>
    public static unsafe Fd Open(int signal)
    {
        var set = stackalloc byte[SetSize];
        Write(new Span<byte>(set, SetSize), signal);
        var number = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
        return number < 0 ? throw new LinuxException("create a signalfd", Marshal.GetLastPInvokeError()) : new Fd(number);
    }

    internal static void Write(Span<byte> set, int signal)
    {
        set.Clear();
        if (signal > 0) set[(signal - 1) / 8] |= (byte)(1 << ((signal - 1) % 8));
    }

    [LibraryImport("libc")]
    private static unsafe partial int pthread_sigmask(int how, byte* set, byte* old);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int signalfd(int fd, byte* set, int flags);
}
