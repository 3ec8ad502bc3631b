using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Waiting for one descriptor on the calling thread: poll(2). The daemon's waiting is <see cref="Poller"/>'s.</summary>
public static partial class Polling
{
    private const short POLLIN = 1;
    private const short POLLOUT = 4;

    /// <summary>Waits until a read does not block: there is data, an end, or an error.</summary>
    /// <param name="fd">What to wait for.</param>
    /// <param name="milliseconds">How long at most; negative: for ever.</param>
    /// <returns>False when the time is over.</returns>
    public static bool WaitReadable(Fd fd, int milliseconds = -1) => Wait(fd, POLLIN, milliseconds);

    /// <summary>Waits until a write does not block.</summary>
    public static bool WaitWritable(Fd fd, int milliseconds = -1) => Wait(fd, POLLOUT, milliseconds);

    /// <summary>Waits until a read of one of two does not block.</summary>
    /// <returns>0 for the first, 1 for the second; for both 0.</returns>
    public static unsafe int WaitAny(Fd first, Fd second)
    {
        var entries = stackalloc PollEntry[2];
        entries[0] = new PollEntry { Descriptor = first.Number, Events = POLLIN };
        entries[1] = new PollEntry { Descriptor = second.Number, Events = POLLIN };
        while (poll(entries, 2, -1) < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != Errno.EINTR) throw new LinuxException($"wait for {first} or {second}", error);
        }
        return entries[0].Returned != 0 ? 0 : 1;
    }

    private static unsafe bool Wait(Fd fd, short events, int milliseconds)
    {
        var entry = new PollEntry { Descriptor = fd.Number, Events = events };
        var deadline = milliseconds < 0 ? long.MaxValue : Environment.TickCount64 + milliseconds;
        while (true)
        {
            var left = milliseconds < 0 ? -1 : (int)Math.Max(0, deadline - Environment.TickCount64);
            var count = poll(&entry, 1, left);
            if (count >= 0) return count > 0;
            var error = Marshal.GetLastPInvokeError();
            if (error != Errno.EINTR) throw new LinuxException($"wait for {fd}", error);
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int poll(PollEntry* entries, nuint count, int timeout);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
