using System.Collections.Concurrent;
using Tare.Keeper.Logs;
using Tare.Keeper.Protocol;
using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>
/// The thread that reads the outputs and writes the logs, the only one that ever touches the disk the logs are on. It waits
/// on an epoll instance of its own; each ready output gets one read of at most 64 KiB in turn, and what a stalled disk keeps it
/// from reading stays in the pipes.
/// </summary>
internal sealed class LogWriter : IDisposable
{
    private const ulong WakeToken = 0;

    private readonly Epoll epoll = new();
    private readonly Fd wake = EventFds.Create();
    private readonly ConcurrentQueue<Action> work = new();
    private readonly Dictionary<ulong, Action> turns = [];
    private readonly byte[] frame = new byte[LogFrame.MaxPayload + LogFrame.Overhead];
    private readonly TimeProvider clock;
    private readonly Action<string> complain;
    private readonly Thread thread;
    private ulong lastToken;
    private bool stopped;

    public LogWriter(TimeProvider clock, Action<string> complain)
    {
        this.clock = clock;
        this.complain = complain;
        epoll.Add(wake, EpollEvents.In, WakeToken);
        thread = new Thread(Run, 256 * 1024) { IsBackground = true, Name = "log writer" };
        thread.Start();
    }

    /// <summary>Where outputs are read to.</summary>
    public Span<byte> Payload => frame.AsSpan(LogFrame.HeaderSize, LogFrame.MaxPayload);

    /// <summary>Has something done on the thread, after what was asked for before. May be called from any thread.</summary>
    public void Post(Action action)
    {
        work.Enqueue(action);
        EventFds.Signal(wake);
    }

    /// <summary>Ends the thread after what was asked for before; called on the thread.</summary>
    public void Stop() => stopped = true;

    public void Complain(string message) => complain(message);

    public OutputStream CreateStream(Fd fd, bool terminal) => new(epoll, fd, terminal, ++lastToken);

    public void Register(OutputStream output, Action turn) => turns[output.Token] = turn;

    public void Unregister(OutputStream output)
    {
        output.Pause();
        turns.Remove(output.Token);
    }

    /// <summary>The frame around the first bytes of <see cref="Payload"/>.</summary>
    public ReadOnlySpan<byte> Seal(int stream, int count) =>
        frame.AsSpan(0, LogFrame.Seal(frame, stream, count, UnixTime.ToNanoseconds(clock.GetUtcNow())));

    public void Dispose()
    {
        Post(Stop);
        thread.Join();
        epoll.Dispose();
        wake.Dispose();
    }

    private void Run()
    {
        while (!stopped)
        {
            var count = epoll.Wait(-1);
            for (var i = 0; i < count && !stopped; i++)
            {
                var token = epoll[i].Token;
                if (token == WakeToken)
                {
                    EventFds.Take(wake);
                    while (!stopped && work.TryDequeue(out var action)) action();
                }
                else if (turns.TryGetValue(token, out var turn))
                {
                    turn();
                }
            }
        }
    }
}
