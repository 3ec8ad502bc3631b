using System.Net.Sockets;
using Tare.Cli.Commands;
using Tare.Client;
using Tare.Linux;

namespace Tare.Cli.Terminal;

/// <summary>
/// Joins the program's own streams with a container's. Output is copied on the calling thread, input on one of its own, which is left
/// behind when the output ends. A terminal is raw meanwhile.
/// </summary>
internal sealed class StreamCopy : IDisposable
{
    private const int StandardInput = 0;

    private readonly Session _session;
    private readonly ProcessStream _stream;
    private readonly bool _tty;
    private readonly Lock _lock = new();
    private byte[]? _before;
    private bool _detached;

    /// <param name="session">The program's streams.</param>
    /// <param name="stream">The container's streams.</param>
    /// <param name="tty">Whether the container has a terminal.</param>
    public StreamCopy(Session session, ProcessStream stream, bool tty)
    {
        _session = session;
        _stream = stream;
        _tty = tty;
    }

    /// <summary>Whether stdout and stderr are shown.</summary>
    public bool Shows { get; init; } = true;

    /// <summary>What detaches; empty for ctrl-p, ctrl-q.</summary>
    public string Keys { get; init; } = "";

    /// <summary>Whether the user has detached.</summary>
    public bool Detached
    {
        get
        {
            lock (_lock) return _detached;
        }
    }

    /// <summary>Begins to copy input. A terminal becomes raw when the container has one too.</summary>
    public void StartInput()
    {
        DetachKeys? keys = null;
        if (_tty)
        {
            _before = UserTerminal.TryMakeRaw(StandardInput);
            keys = DetachKeys.Default;
            if (Keys.Length > 0)
            {
                var chosen = DetachKeys.TryParse(Keys);
                if (chosen is null) _session.Warn($"invalid detach escape keys, using default: Unknown character: '{Keys}'");
                else keys = chosen;
            }
        }

        new Thread(() => CopyInput(keys)) { IsBackground = true, Name = "stdin" }.Start();
    }

    /// <summary>Copies output until the process's streams are closed, or the user detaches.</summary>
    public async ValueTask CopyOutputAsync()
    {
        try
        {
            while (await _stream.ReadAsync() is { } chunk)
            {
                if (!Shows) continue;
                var target = chunk.Stream == StandardStream.Error ? _session.Error : _session.Out;
                target.WriteThrough(chunk.Data.Span);
            }
        }
        catch (Exception e) when (Detached && e is SocketException or IOException or ObjectDisposedException)
        {
            // The stream was closed under the reader, to end the copying.
        }
        finally
        {
            Restore();
        }
    }

    /// <summary>Gives the terminal its state back.</summary>
    public void Dispose() => Restore();

    private void Restore()
    {
        byte[]? before;
        lock (_lock) (before, _before) = (_before, null);
        if (before is not null) UserTerminal.Restore(StandardInput, before);
    }

    private void CopyInput(DetachKeys? keys)
    {
        var buffer = new byte[16 * 1024];
        var passed = new List<byte>();
        try
        {
            while (_session.In.Read(buffer.AsSpan()) is > 0 and var count)
            {
                if (keys is null)
                {
                    _stream.WriteAsync(buffer.AsMemory(0, count)).AsTask().GetAwaiter().GetResult();
                    continue;
                }

                passed.Clear();
                var detach = keys.Take(buffer.AsSpan(0, count), passed);
                if (passed.Count > 0) _stream.WriteAsync(passed.ToArray()).AsTask().GetAwaiter().GetResult();
                if (!detach) continue;
                lock (_lock) _detached = true;
                Restore();
                // Ends the reader's wait; the container goes on.
                _stream.Abort();
                return;
            }

            _stream.CloseInput();
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException or LinuxException)
        {
            // The process has ended, or the engine is gone: the reader of the output learns it, and says so.
        }
    }
}
