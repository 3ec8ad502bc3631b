namespace Tare.Linux;

/// <summary>Pseudo-terminals, from the master's side: ioctl_tty(2).</summary>
public static class Terminals
{
    /// <summary>Sets the size and has the foreground processes told by SIGWINCH.</summary>
    public static void Resize(Fd master, int rows, int columns) => throw new NotImplementedException();
}
