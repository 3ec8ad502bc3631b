using System.Collections.Concurrent;
using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>The keeper's one thread of decisions: descriptors with their handlers, work that other threads post, and deadlines.</summary>
internal sealed class EventLoop : IDisposable
{
    private const ulong WakeToken = 0;

    private readonly Fd wake = EventFds.Create();
    private readonly ConcurrentQueue<Action> work = new();
    private readonly Dictionary<ulong, Action> handlers = [];
    private readonly List<(long At, Action Action)> deadlines = [];
    private ulong lastToken;
    private bool stopped;

    public EventLoop() => Epoll.Add(wake, EpollEvents.In, WakeToken);

    public Epoll Epoll { get; } = new();

    /// <summary>Calls a handler whenever a descriptor is ready. Gives the token to <see cref="Remove"/> it by.</summary>
    public ulong Add(Fd fd, EpollEvents interest, Action handler)
    {
        var token = ++lastToken;
        Epoll.Add(fd, interest, token);
        handlers[token] = handler;
        return token;
    }

    /// <summary>Ends a registration. Must come before the descriptor is closed, as duplicates of it live elsewhere.</summary>
    public void Remove(ulong token, Fd fd)
    {
        if (handlers.Remove(token)) Epoll.Remove(fd);
    }

    /// <summary>Makes an output that the loop itself reads.</summary>
    public OutputStream CreateStream(Fd fd, bool terminal) => new(Epoll, fd, terminal, ++lastToken);

    public void Register(OutputStream output, Action turn)
    {
        handlers[output.Token] = turn;
        output.Resume();
    }

    public void Unregister(OutputStream output)
    {
        output.Pause();
        handlers.Remove(output.Token);
    }

    /// <summary>Has something done on the loop's thread. May be called from any thread.</summary>
    public void Post(Action action)
    {
        work.Enqueue(action);
        EventFds.Signal(wake);
    }

    /// <summary>Does something after a time.</summary>
    public void After(TimeSpan delay, Action action) => deadlines.Add((Environment.TickCount64 + (long)delay.TotalMilliseconds, action));

    public void Stop() => stopped = true;

    public void Run()
    {
        while (!stopped)
        {
            var count = Epoll.Wait(Timeout());
            for (var i = 0; i < count && !stopped; i++)
            {
                var token = Epoll[i].Token;
                if (token == WakeToken) RunPosted();
                else if (handlers.TryGetValue(token, out var handler)) handler();
            }
            if (deadlines.Count > 0) RunDue();
        }
    }

    public void Dispose()
    {
        Epoll.Dispose();
        wake.Dispose();
    }

    private void RunPosted()
    {
        EventFds.Take(wake);
        while (work.TryDequeue(out var action)) action();
    }

    private int Timeout()
    {
        if (deadlines.Count == 0) return -1;
        var first = long.MaxValue;
        foreach (var (at, _) in deadlines) first = Math.Min(first, at);
        return (int)Math.Clamp(first - Environment.TickCount64, 0, int.MaxValue);
    }

    private void RunDue()
    {
        var now = Environment.TickCount64;
        for (var i = deadlines.Count - 1; i >= 0; i--)
        {
            if (deadlines[i].At > now) continue;
            var action = deadlines[i].Action;
            deadlines.RemoveAt(i);
            action();
        }
    }
}
