using Tare.Linux;

namespace Tare.Networks.Filters.Relays;

/// <summary>Something with descriptors that the loop watches.</summary>
internal interface IRelaySource
{
    /// <summary>A descriptor is ready. It must not block.</summary>
    void OnReady(ulong token, EpollEvents events);

    /// <summary>What <see cref="OnReady"/> threw: it concerns this source alone, and ends it.</summary>
    void OnFault(Exception fault);
}

/// <summary>One thread that waits for all ports and connections, and owns their state.</summary>
internal sealed class RelayLoop : IDisposable
{
    /// <summary>Connections that are being relayed at once, over all ports; further ones wait in their sockets.</summary>
    public const int MaxConnections = 8192;

    private const ulong WakeToken = 0;
    private const int RetryMilliseconds = 500;

    private readonly Epoll epoll = new(256);
    private readonly Fd wake = EventFds.Create();
    private readonly Fd? network;
    private readonly Dictionary<ulong, IRelaySource> sources = [];
    private readonly List<RelayPort> paused = [];
    private readonly Lock gate = new();
    private readonly Thread thread;
    private List<(Action Work, TaskCompletionSource Done)>? posted = [];
    private ulong lastToken = WakeToken;
    private NetworkVisit? visit;
    private bool stopping;

    public RelayLoop(Fd? network)
    {
        this.network = network;
        epoll.Add(wake, EpollEvents.In, WakeToken);
        thread = new Thread(Run, 256 * 1024) { IsBackground = true, Name = "port-relay" };
        thread.Start();
    }

    /// <summary>What is just being carried from one socket to another.</summary>
    public byte[] Buffer { get; } = new byte[64 * 1024];

    /// <summary>Connections of all ports.</summary>
    public int Connections { get; set; }

    /// <summary>Does something on the loop's thread; completes when it is done, or fails as it did.</summary>
    public Task RunAsync(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(posted is null, this);
            posted.Add((work, done));
        }
        EventFds.Signal(wake);
        return done.Task;
    }

    /// <summary>Watches a descriptor; returns the token of <see cref="Change"/> and <see cref="Remove"/>.</summary>
    public ulong Add(Fd fd, EpollEvents interest, IRelaySource source)
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

    /// <summary>A TCP socket in the host's network namespace.</summary>
    public Fd Open(bool six) => network is null ? IpSocket.New(six, stream: true) : (visit ??= new NetworkVisit()).Open(network, () => IpSocket.New(six, stream: true));

    /// <summary>Asks a port again when there is room, or after a while.</summary>
    public void Pause(RelayPort port) => paused.Add(port);

    /// <summary>A connection has ended.</summary>
    public void Ended()
    {
        Connections--;
        Resume();
    }

    public void Forget(RelayPort port) => paused.Remove(port);

    /// <summary>Ends the thread, after what has been asked of it before.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (posted is null) return;
            posted.Add((() => stopping = true, new TaskCompletionSource()));
        }
        EventFds.Signal(wake);
        thread.Join();
        visit?.Dispose();
        epoll.Dispose();
        wake.Dispose();
    }

    private void Resume()
    {
        if (paused.Count == 0) return;
        var ports = paused.ToArray();
        paused.Clear();
        foreach (var port in ports) port.Resume();
    }

    private void Run()
    {
        while (!stopping)
        {
            // Descriptors that others have used up come back without any notice.
            var count = epoll.Wait(paused.Count == 0 ? -1 : RetryMilliseconds);
            if (count == 0) Resume();
            for (var i = 0; i < count; i++) Dispatch(epoll[i]);
        }
        lock (gate)
        {
            foreach (var (_, done) in posted!) done.TrySetException(new ObjectDisposedException(nameof(PortRelay)));
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
