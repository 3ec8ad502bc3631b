using Tare.Linux;

namespace Tare.Networks.Loops;

/// <summary>Something with descriptors that a loop watches.</summary>
internal interface ISocketSource
{
    /// <summary>A descriptor is ready. It must not block.</summary>
    /// <param name="token">Which: what <see cref="SocketLoop.Add"/> gave for it.</param>
    /// <param name="events">For what.</param>
    void OnReady(ulong token, EpollEvents events);

    /// <summary>What <see cref="OnReady"/> threw: it concerns this source alone, and ends it.</summary>
    void OnFault(Exception fault);
}

/// <summary>One thread that waits for many sockets and owns all state that belongs to them: no locks, and one set of buffers. It begins when it is first needed.</summary>
/// <param name="name">The thread's.</param>
/// <param name="owner">Who is told to have ended, to those who ask for something afterwards.</param>
internal abstract class SocketLoop(string name, string owner) : IDisposable
{
    private const ulong WakeToken = 0;

    private readonly Epoll epoll = new(256);
    private readonly Fd wake = EventFds.Create();
    private readonly Dictionary<ulong, ISocketSource> sources = [];
    private readonly Lock gate = new();
    private Thread? thread;
    private List<(Action Work, TaskCompletionSource Done)>? posted = [];
    private ulong lastToken = WakeToken;
    private NetworkVisit? visit;
    private bool stopping;

    /// <summary>Does something on the loop's thread; completes when it is done, or fails as it did.</summary>
    public Task RunAsync(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(posted is null, this);
            posted.Add((work, done));
            thread ??= Begin();
        }
        EventFds.Signal(wake);
        return done.Task;
    }

    /// <summary>Watches a descriptor; returns the token of <see cref="Change"/> and <see cref="Remove"/>.</summary>
    public ulong Add(Fd fd, EpollEvents interest, ISocketSource source)
    {
        var token = ++lastToken;
        epoll.Add(fd, interest, token);
        sources.Add(token, source);
        return token;
    }

    /// <summary>Watches for something else from now on.</summary>
    public void Change(Fd fd, EpollEvents interest, ulong token) => epoll.Modify(fd, interest, token);

    /// <summary>Watches a descriptor no longer, which is still open.</summary>
    public void Remove(Fd fd, ulong token)
    {
        if (sources.Remove(token)) epoll.Remove(fd);
    }

    /// <summary>A socket in a network namespace.</summary>
    public Fd OpenIn(Fd network, bool six, bool stream) => (visit ??= new NetworkVisit()).Open(network, () => IpSocket.New(six, stream));

    /// <summary>Does something before the loop ends, if its thread was ever needed.</summary>
    public void BeforeEnd(Action work)
    {
        lock (gate)
        {
            if (posted is not null && thread is not null) posted.Add((work, new TaskCompletionSource()));
        }
    }

    /// <summary>Ends the thread, after what has been asked of it before.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (posted is null) return;
            if (thread is null) posted = null;
            else posted.Add((() => stopping = true, new TaskCompletionSource()));
        }
        if (thread is not null)
        {
            EventFds.Signal(wake);
            thread.Join();
        }
        visit?.Dispose();
        epoll.Dispose();
        wake.Dispose();
    }

    /// <summary>How long the loop may wait, in milliseconds; -1: for ever.</summary>
    protected abstract int Patience { get; }

    /// <summary>The loop has waited, and has seen to what was ready.</summary>
    /// <param name="count">How many descriptors were; 0: the time was over.</param>
    protected abstract void OnWaited(int count);

    private Thread Begin()
    {
        epoll.Add(wake, EpollEvents.In, WakeToken);
        var begun = new Thread(Run, 256 * 1024) { IsBackground = true, Name = name };
        begun.Start();
        return begun;
    }

    private void Run()
    {
        while (!stopping)
        {
            var count = epoll.Wait(Patience);
            for (var i = 0; i < count; i++) Dispatch(epoll[i]);
            OnWaited(count);
        }
        lock (gate)
        {
            foreach (var (_, done) in posted!) done.TrySetException(new ObjectDisposedException(owner));
            posted = null;
        }
    }

    private void Dispatch(EpollEvent ready)
    {
        if (ready.Token == WakeToken)
        {
            RunPosted();
            return;
        }
        // One that was removed by an event before it in the same batch.
        if (!sources.TryGetValue(ready.Token, out var source)) return;
        try
        {
            source.OnReady(ready.Token, ready.Events);
        }
        catch (Exception fault)
        {
            source.OnFault(fault);
        }
    }

    private void RunPosted()
    {
        EventFds.Take(wake);
        List<(Action Work, TaskCompletionSource Done)> works;
        lock (gate) (works, posted) = (posted!, []);
        foreach (var (work, done) in works)
        {
            try
            {
                work();
                done.SetResult();
            }
            catch (Exception fault)
            {
                done.SetException(fault);
            }
        }
    }
}
