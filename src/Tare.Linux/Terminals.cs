using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Pseudo-terminals, from the master's side: ioctl_tty(2).</summary>
public static partial class Terminals
{
    private const nuint TIOCGWINSZ = 0x5413;
    private const nuint TIOCSWINSZ = 0x5414;
    private const nuint TIOCSPTLCK = 0x40045431;
    private const nuint TIOCGPTPEER = 0x5441;
    private const int O_RDWR = 2;
    private const int O_NOCTTY = 0x100;
    private const int O_CLOEXEC = 0x80000;

    /// <summary>Opens a new pty of the caller's own devpts; the slave is unlocked.</summary>
    public static unsafe Fd OpenMaster()
    {
        var number = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (number < 0) throw new LinuxException("open /dev/ptmx", Marshal.GetLastPInvokeError());
        var master = new Fd(number);
        var locked = 0;
        if (ioctl(number, TIOCSPTLCK, &locked) == 0) return master;
        var error = Marshal.GetLastPInvokeError();
        master.Dispose();
        throw new LinuxException("unlock a pty", error);
    }

    /// <summary>Opens the slave of a master without any path (kernel 4.13).</summary>
    public static unsafe Fd OpenSlave(Fd master)
    {
        var number = ioctl(master.Number, TIOCGPTPEER, (void*)(O_RDWR | O_NOCTTY | O_CLOEXEC));
        return number < 0 ? throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"open the slave of the pty {master}") : new Fd(number);
    }

    /// <summary>Sets the size and has the foreground processes told by SIGWINCH.</summary>
    public static unsafe void Resize(Fd master, int rows, int columns)
    {
        var size = stackalloc ushort[4];
        size[0] = (ushort)Math.Clamp(rows, 0, ushort.MaxValue);
        size[1] = (ushort)Math.Clamp(columns, 0, ushort.MaxValue);
        if (ioctl(master.Number, TIOCSWINSZ, size) < 0)
            throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"resize the terminal {master}");
    }

    /// <summary>The size.</summary>
    public static unsafe (int Rows, int Columns) Size(Fd master)
    {
        var size = stackalloc ushort[4];
        if (ioctl(master.Number, TIOCGWINSZ, size) < 0)
            throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"ask for the size of the terminal {master}");
        return (size[0], size[1]);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);
}
