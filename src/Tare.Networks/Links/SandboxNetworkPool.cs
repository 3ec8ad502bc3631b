using System.Collections.Concurrent;
using Tare.Linux;

namespace Tare.Networks.Links;

/// <summary>
/// Network namespaces made ahead, with what is needed to change them: making one takes longer than all else of a launch. They are made when launches pause, or when there
/// are none left, so that a launch does not share the machine with the making of the next one's.
/// </summary>
public sealed class SandboxNetworkPool : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentQueue<SandboxNetwork> ready = new();
    private readonly Timer refill;
    private readonly int size;
    private int filling;
    private volatile bool closed;

    /// <summary>A pool that keeps some namespaces ready. It is empty until the first is taken or <see cref="Fill"/> is called.</summary>
    public SandboxNetworkPool(int size)
    {
        this.size = size;
        refill = new Timer(static pool => ((SandboxNetworkPool)pool!).Work(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A namespace with only a loopback device. Owned by the caller.</summary>
    /// <exception cref="LinuxException">The kernel refuses to make one.</exception>
    public SandboxNetwork Take()
    {
        var taken = ready.TryDequeue(out var found) ? found : SandboxNetwork.New();
        FillIn(ready.IsEmpty ? TimeSpan.Zero : Pause);
        return taken;
    }

    /// <summary>Fills the pool in the background.</summary>
    public void Fill() => FillIn(TimeSpan.Zero);

    /// <inheritdoc/>
    public void Dispose()
    {
        closed = true;
        refill.Dispose();
        Empty();
    }

    private void FillIn(TimeSpan delay)
    {
        if (!closed) refill.Change(delay, Timeout.InfiniteTimeSpan);
    }

    private void Work()
    {
        if (closed || Interlocked.CompareExchange(ref filling, 1, 0) != 0) return;
        try
        {
            while (!closed && ready.Count < size) ready.Enqueue(SandboxNetwork.New());
        }
        catch (LinuxException)
        {
            // The next one who takes makes its own and is told the reason.
        }
        finally
        {
            Volatile.Write(ref filling, 0);
            if (closed) Empty();
        }
    }

    private void Empty()
    {
        while (ready.TryDequeue(out var sandbox)) sandbox.Dispose();
    }
}
