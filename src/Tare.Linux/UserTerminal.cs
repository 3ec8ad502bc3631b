using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>The terminal that a user sits at, from its slave's side: termios(3), ioctl_tty(2).</summary>
public static partial class UserTerminal
{
    private const nuint TCGETS = 0x5401;
    private const nuint TCSETS = 0x5402;

    // struct termios of the kernel (asm-generic/termbits.h), the same on x86-64 and arm64: four words of flags, a byte for the
    // line discipline, 19 control characters.
    private const int StateSize = 36;
    private const int LineAt = 16;
    private const int ControlAt = LineAt + 1;
    private const int VTIME = 5;
    private const int VMIN = 6;

    private const uint IGNBRK = 0x1, BRKINT = 0x2, PARMRK = 0x8, ISTRIP = 0x20, INLCR = 0x40, IGNCR = 0x80, ICRNL = 0x100, IXON = 0x400;
    private const uint OPOST = 0x1;
    private const uint ISIG = 0x1, ICANON = 0x2, ECHO = 0x8, ECHONL = 0x40, IEXTEN = 0x8000;
    private const uint CSIZE = 0x30, CS8 = 0x30, PARENB = 0x100;

    /// <summary>Whether the descriptor is a terminal.</summary>
    public static unsafe bool IsTerminal(int descriptor)
    {
        var state = stackalloc byte[StateSize];
        return ioctl(descriptor, TCGETS, state) == 0;
    }

    /// <summary>Passes every key on as it is pressed, without echo and without signals.</summary>
    /// <returns>The state before, for <see cref="Restore"/>; null when it is no terminal.</returns>
    public static unsafe byte[]? TryMakeRaw(int descriptor)
    {
        var before = new byte[StateSize];
        fixed (byte* state = before)
        {
            if (ioctl(descriptor, TCGETS, state) < 0) return null;
        }

        var raw = stackalloc byte[StateSize];
        before.CopyTo(new Span<byte>(raw, StateSize));
        var flags = (uint*)raw;
        flags[0] &= ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
        flags[1] &= ~OPOST;
        flags[2] = (flags[2] & ~(CSIZE | PARENB)) | CS8;
        flags[3] &= ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
        raw[ControlAt + VMIN] = 1;
        raw[ControlAt + VTIME] = 0;
        if (ioctl(descriptor, TCSETS, raw) < 0) throw new LinuxException("make the terminal raw", Marshal.GetLastPInvokeError());
        return before;
    }

    /// <summary>Does not show what is typed; lines and signals stay as they are.</summary>
    /// <returns>The state before, for <see cref="Restore"/>; null when it is no terminal.</returns>
    public static unsafe byte[]? TryHideInput(int descriptor)
    {
        var before = new byte[StateSize];
        fixed (byte* state = before)
        {
            if (ioctl(descriptor, TCGETS, state) < 0) return null;
        }

        var hidden = stackalloc byte[StateSize];
        before.CopyTo(new Span<byte>(hidden, StateSize));
        var flags = (uint*)hidden;
        flags[0] |= ICRNL;
        flags[3] = (flags[3] & ~ECHO) | ICANON | ISIG;
        if (ioctl(descriptor, TCSETS, hidden) < 0) throw new LinuxException("hide what is typed on the terminal", Marshal.GetLastPInvokeError());
        return before;
    }

    /// <summary>Gives the terminal the state that it had. A terminal that is gone needs none.</summary>
    public static unsafe void Restore(int descriptor, ReadOnlySpan<byte> state)
    {
        fixed (byte* p = state) _ = ioctl(descriptor, TCSETS, p);
    }

    /// <summary>Its size in characters; zeros when it is no terminal.</summary>
    public static unsafe (int Rows, int Columns) Size(int descriptor)
    {
        const nuint TIOCGWINSZ = 0x5413;
        var size = stackalloc ushort[4];
        return ioctl(descriptor, TIOCGWINSZ, (byte*)size) < 0 ? (0, 0) : (size[0], size[1]);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int ioctl(int fd, nuint request, byte* argument);
}
