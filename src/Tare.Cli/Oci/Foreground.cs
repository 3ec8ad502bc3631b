using System.Runtime.InteropServices;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Cli.Oci;

/// <summary>
/// Stays in front of a process of a container: passes signals on to it, joins its terminal with the user's, and waits for its end.
/// </summary>
internal sealed class Foreground
{
    private const int StandardInput = 0;
    private const int SIGWINCH = 28;

    /// <summary>What is sent to a program by others; not those that cannot be caught, those of faults, and CHLD, PIPE and URG, which are this program's own.</summary>
    private static readonly int[] Passed = [1, 2, 3, 10, 12, 14, 15, 16, 18, 20, 21, 22, 24, 25, 26, 27, 28, 29, 30];

    private readonly List<PosixSignalRegistration> registrations = [];
    private volatile Fd? terminal;

    /// <summary>The size of the user's terminal; null when there is none.</summary>
    public static ConsoleSize? UserSize => UserTerminal.Size(StandardInput) is ({ } rows and > 0, { } columns) ? new ConsoleSize((ushort)rows, (ushort)columns) : null;

    /// <summary>Passes signals on to a process, a child of this one, from now until this program ends.</summary>
    public void Attend(int pid)
    {
        if (PidFds.TryOpen(pid, out _) is not { } target) return;
        foreach (var signal in Passed)
        {
            registrations.Add(PosixSignalRegistration.Create((PosixSignal)signal, context =>
            {
                context.Cancel = true;
                if (signal == SIGWINCH && terminal is { } master) Resize(master);
                else PidFds.SendSignal(target, signal);
            }));
        }
    }

    /// <summary>Waits; returns the exit status, 128 + the signal that ended it.</summary>
    /// <param name="pid">The process that is attended.</param>
    /// <param name="master">The master of its terminal, or null.</param>
    public int Wait(int pid, Fd? master)
    {
        terminal = master;
        if (master is not null) Join(master);
        return Waiting.WaitFor(pid).ExitCode;
    }

    /// <summary>Copies between the two terminals until the container's is closed by its last process.</summary>
    private static void Join(Fd master)
    {
        Resize(master);
        var before = UserTerminal.TryMakeRaw(StandardInput);
        new Thread(() => CopyInput(master)) { IsBackground = true, Name = "stdin" }.Start();
        try
        {
            var buffer = new byte[16 * 1024];
            while (Descriptors.TryRead(master, buffer, out _) is > 0 and var count) Descriptors.WriteAll(Io.StandardStreams.Output, buffer.AsSpan(0, count));
        }
        finally
        {
            if (before is not null) UserTerminal.Restore(StandardInput, before);
        }
    }

    private static void CopyInput(Fd master)
    {
        const byte endOfFile = 4;
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var count = Descriptors.TryRead(Io.StandardStreams.Input, buffer, out _);
            // A terminal has no end: what a user types for it stands for that of a file or pipe.
            if (count <= 0) buffer[0] = endOfFile;
            for (var rest = buffer.AsSpan(0, Math.Max(count, 1)); !rest.IsEmpty;)
            {
                var written = Descriptors.TryWrite(master, rest, out _);
                if (written < 0) return;
                rest = rest[written..];
            }
            if (count <= 0) return;
        }
    }

    private static void Resize(Fd master)
    {
        var (rows, columns) = UserTerminal.Size(StandardInput);
        if (rows > 0 || columns > 0) Terminals.Resize(master, rows, columns);
    }
}
