using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Signals that a process sends to itself: signal(2), raise(3).</summary>
public static partial class OwnSignals
{
    private const nint SIG_DFL = 0;

    /// <summary>Dies of a signal as a program that does not handle it, so that a shell sees the reason. Returns when it is ignored by default.</summary>
    public static void DieOf(int number)
    {
        _ = signal(number, SIG_DFL);
        _ = raise(number);
    }

    [LibraryImport("libc")]
    private static partial nint signal(int number, nint handler);

    [LibraryImport("libc")]
    private static partial int raise(int number);
}
