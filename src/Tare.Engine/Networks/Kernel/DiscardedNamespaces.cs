namespace Tare.Engine.Networks.Kernel;

/// <summary>
/// Network namespaces of containers that have ended, until they are closed. The kernel removes a namespace with its cable under the lock that every start
/// needs for its own, for 10 ms and more, but many as fast as one: so they are closed together, when starts pause or when there are many of them.
/// </summary>
internal sealed class DiscardedNamespaces : IDisposable
{
    private const int Most = 32;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly Lock gate = new();
    private readonly Timer timer;
    private List<IDisposable> waiting = [];
    private bool closed;

    public DiscardedNamespaces() => timer = new Timer(static self => ((DiscardedNamespaces)self!).Close(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Has one closed some time.</summary>
    public void Add(IDisposable sandbox)
    {
        bool now;
        lock (gate)
        {
            waiting.Add(sandbox);
            now = closed || waiting.Count >= Most;
            if (!now) timer.Change(Pause, Timeout.InfiniteTimeSpan);
        }

        if (now) Close();
    }

    /// <summary>A container is being started.</summary>
    public void Postpone()
    {
        lock (gate)
        {
            if (waiting.Count > 0 && !closed) timer.Change(Pause, Timeout.InfiniteTimeSpan);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate) closed = true;
        timer.Dispose();
        Close();
    }

    private void Close()
    {
        List<IDisposable> taken;
        lock (gate) (taken, waiting) = (waiting, []);
        foreach (var sandbox in taken) sandbox.Dispose();
    }
}
