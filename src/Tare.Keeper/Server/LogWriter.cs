using System.Collections.Concurrent;
using Tare.Keeper.Logs;
using Tare.Keeper.Protocol;
using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>
/// A thread that reads outputs and writes their logs, all of which are on one filesystem: nobody else ever touches that disk. It
/// waits on an epoll instance of its own; each ready output gets one read of at most 64 KiB in turn, and what a stalled disk keeps
/// it from reading stays in the pipes, where it makes the containers wait, not the keeper grow.
/// </summary>
internal sealed class LogWriter : IDisposable
{
    private const ulong WakeToken = 0;

    private readonly Epoll epoll = new();
    private readonly Fd wake;
    private readonly ConcurrentQueue<Action> work = new();
    private readonly Dictionary<ulong, Action> turns = [];
    private readonly byte[] frame = new byte[LogFrame.MaxPayload + LogFrame.Overhead];
    private readonly TimeProvider clock;
    private readonly Func<LogWriter, bool> mayEnd;
    private volatile string? place;
    private ulong lastToken;

    /// <summary>Makes it; it does nothing before it is started.</summary>
    /// <param name="clock">The clock of frames.</param>
    /// <param name="mayEnd">Is asked, on the thread, whenever the thread has done what there was to do.</param>
    /// <exception cref="LinuxException">Too many open files.</exception>
    public LogWriter(TimeProvider clock, Func<LogWriter, bool> mayEnd)
    {
        this.clock = clock;
        this.mayEnd = mayEnd;
        try
        {
            wake = EventFds.Create();
        }
        catch
        {
            epoll.Dispose();
            throw;
        }
        epoll.Add(wake, EpollEvents.In, WakeToken);
    }

    /// <summary>The filesystem of its logs. Guarded by <see cref="LogWriters"/>.</summary>
    public ulong Device { get; set; }

    /// <summary>How many logs it has. Guarded by <see cref="LogWriters"/>.</summary>
    public int Logs { get; set; }

    /// <summary>The folder that it touched last: when it does not answer, the one that it waits for.</summary>
    public string? Place
    {
        get => place;
        set => place = value;
    }

    /// <summary>Whether nothing is asked of it that it has not begun with.</summary>
    public bool IsIdle => work.IsEmpty;

    /// <summary>Where outputs are read to.</summary>
    public Span<byte> Payload => frame.AsSpan(LogFrame.HeaderSize, LogFrame.MaxPayload);

    public void Start() => new Thread(Run, 256 * 1024) { IsBackground = true, Name = "log writer" }.Start();

    /// <summary>Has something done on the thread, after what was asked for before. May be called from any thread.</summary>
    public void Post(Action action)
    {
        work.Enqueue(action);
        EventFds.Signal(wake);
    }

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

    /// <summary>Closes what it has, as the thread itself does when it ends.</summary>
    public void Dispose()
    {
        epoll.Dispose();
        wake.Dispose();
    }

    private void Run()
    {
        do
        {
            var count = epoll.Wait(-1);
            for (var i = 0; i < count; i++)
            {
                var token = epoll[i].Token;
                if (token == WakeToken)
                {
                    EventFds.Take(wake);
                    while (work.TryDequeue(out var action)) action();
                }
                else if (turns.TryGetValue(token, out var turn))
                {
                    turn();
                }
            }
        }
        while (!mayEnd(this));
        Dispose();
    }
}
