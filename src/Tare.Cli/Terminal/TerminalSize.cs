using System.Runtime.InteropServices;
using Tare.Cli.Commands;

namespace Tare.Cli.Terminal;

/// <summary>Gives a container's terminal the size of the user's, now and whenever it changes.</summary>
internal sealed class TerminalSize : IDisposable
{
    private readonly Session _session;
    private readonly Func<int, int, ValueTask> _resize;
    private readonly PosixSignalRegistration _registration;

    /// <param name="session">The program's streams.</param>
    /// <param name="resize">Takes rows and columns.</param>
    public TerminalSize(Session session, Func<int, int, ValueTask> resize)
    {
        _session = session;
        _resize = resize;
        _registration = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, context =>
        {
            context.Cancel = true;
            Send();
        });
        Send();
    }

    public void Dispose() => _registration.Dispose();

    private void Send()
    {
        var (rows, columns) = _session.Out.Size;
        if (rows == 0 && columns == 0) return;
        try
        {
            _resize(rows, columns).AsTask().GetAwaiter().GetResult();
        }
        catch (Exception e) when (CommandException.IsExpected(e))
        {
            // A process that has ended has no terminal.
            if (_session.Options.Debug) _session.Warn($"Error resize: {e.Message}");
        }
    }
}
