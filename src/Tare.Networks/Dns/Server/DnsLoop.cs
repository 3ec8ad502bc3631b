using Tare.Linux;

namespace Tare.Networks.Dns.Server;

/// <summary>Something with a descriptor that the loop watches.</summary>
internal interface IDnsSource
{
    /// <summary>The descriptor is ready. It must not block.</summary>
    void OnReady(EpollEvents events);

    /// <summary>What <see cref="OnReady"/> threw: it concerns this source alone, and ends it.</summary>
    void OnFault(Exception fault);
}

/// <summary>
/// One thread that waits for all sockets and owns all state of the server: no locks, and one set of buffers, however many sandboxes there are.
/// </summary>
internal sealed class DnsLoop : IDisposable
{
    private const ulong WakeToken = 0;

    private readonly Epoll epoll = new(256);
    private readonly Fd wake = EventFds.Create();
    private readonly Dictionary<ulong, IDnsSource> sources = [];
    private readonly Lock gate = new();
    private readonly Thread thread;
    private List<(Action Work, TaskCompletionSource Done)>? posted = [];
    private ulong lastToken = WakeToken;
    private NetworkVisit? visit;
    private bool stopping;

    public DnsLoop(DnsServerOptions options)
    {
        UpstreamDeadlines = new DeadlineQueue(options.UpstreamTimeout);
        ConnectionDeadlines = new DeadlineQueue(options.ConnectionTimeout);
        epoll.Add(wake, EpollEvents.In, WakeToken);
        thread = new Thread(Run, 256 * 1024) { IsBackground = true, Name = "dns" };
        thread.Start();
    }

    /// <summary>What a socket has given: the largest datagram there is.</summary>
    public byte[] Incoming { get; } = new byte[ushort.MaxValue];

    /// <summary>An answer that is being made.</summary>
    public byte[] Outgoing { get; } = new byte[ushort.MaxValue];

    public DnsResponder Responder { get; } = new();

    public DeadlineQueue UpstreamDeadlines { get; }

    public DeadlineQueue ConnectionDeadlines { get; }

    /// <summary>Questions of all sandboxes that wait for other servers.</summary>
    public int Forwarded { get; set; }

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
    public ulong Add(Fd fd, EpollEvents interest, IDnsSource source)
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

    private void Run()
    {
        while (!stopping)
        {
            var count = epoll.Wait(Sooner(UpstreamDeadlines.Next, ConnectionDeadlines.Next));
            for (var i = 0; i < count; i++) Dispatch(epoll[i]);
            UpstreamDeadlines.Expire();
            ConnectionDeadlines.Expire();
        }
        lock (gate)
        {
            foreach (var (_, done) in posted!) done.TrySetException(new ObjectDisposedException(nameof(DnsServer)));
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
            source.OnReady(ready.Events);
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

    private static int Sooner(int one, int other) => one < 0 ? other : other < 0 ? one : Math.Min(one, other);
}
