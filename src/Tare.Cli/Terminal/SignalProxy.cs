using System.Runtime.InteropServices;
using Tare.Cli.Commands;

namespace Tare.Cli.Terminal;

/// <summary>
/// Passes the signals that this program gets on to a container. It can begin before the container's id is known; signals that come
/// earlier wait for it.
/// </summary>
internal sealed class SignalProxy : IDisposable
{
    /// <summary>
    /// The signals of Linux that are sent to a program by others, with their names. Not among them: those that cannot be caught, those of
    /// faults, and CHLD, PIPE and URG, which are this program's own.
    /// </summary>
    private static readonly (int Number, string Name)[] Signals =
    [
        (1, "HUP"), (2, "INT"), (3, "QUIT"), (10, "USR1"), (12, "USR2"), (14, "ALRM"), (15, "TERM"), (16, "STKFLT"), (18, "CONT"), (20, "TSTP"), (21, "TTIN"),
        (22, "TTOU"), (24, "XCPU"), (25, "XFSZ"), (26, "VTALRM"), (27, "PROF"), (28, "WINCH"), (29, "IO"), (30, "PWR"),
    ];

    /// <summary>So many of SIGINT and SIGTERM end this program, whatever the container makes of them.</summary>
    private const int Patience = 3;

    private readonly Session _session;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly List<string> _waiting = [];
    private readonly Lock _lock = new();
    private string? _container;
    private int _asked;

    /// <param name="session">The program's engine.</param>
    /// <param name="tty">Whether the container has a terminal, which tells its processes itself when its size changes.</param>
    public SignalProxy(Session session, bool tty)
    {
        _session = session;
        foreach (var (number, name) in Signals)
        {
            if (tty && name == "WINCH") continue;
            _registrations.Add(PosixSignalRegistration.Create((PosixSignal)number, context => Take(context, name)));
        }
    }

    /// <summary>Called before the program ends because it was asked to so often: what it must give back to its user.</summary>
    public Action? Leaving { get; set; }

    /// <summary>Names the container. Signals that wait are sent.</summary>
    public void Attach(string container)
    {
        List<string> waiting;
        lock (_lock)
        {
            _container = container;
            waiting = [.. _waiting];
            _waiting.Clear();
        }

        foreach (var signal in waiting) Send(container, signal);
    }

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }

    private void Take(PosixSignalContext context, string name)
    {
        context.Cancel = true;
        string? container;
        lock (_lock)
        {
            if (name is "INT" or "TERM" && ++_asked == Patience) Leave();
            container = _container;
            if (container is null) _waiting.Add(name);
        }

        if (container is not null) Send(container, name);
    }

    /// <summary>Ends the program. The container goes on: it may be one that takes no signal, as a first process without a handler.</summary>
    private void Leave()
    {
        Leaving?.Invoke();
        _session.Error.Write($"\ngot {Patience} SIGTERM/SIGINTs, forcefully exiting\n");
        _session.Error.Flush();
        Environment.Exit(1);
    }

    private void Send(string container, string signal)
    {
        try
        {
            _session.Client.Containers.KillAsync(container, signal).AsTask().GetAwaiter().GetResult();
        }
        catch (Exception e) when (CommandException.IsExpected(e))
        {
            // The container may be gone already. What became of it is told by its exit.
            if (_session.Options.Debug) _session.Warn($"Error sending signal: {e.Message}");
        }
    }
}
