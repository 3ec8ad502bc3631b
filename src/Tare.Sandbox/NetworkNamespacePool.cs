using System.Collections.Concurrent;
using Tare.Linux;

namespace Tare.Sandbox;

/// <summary>
/// Network namespaces made ahead: making one takes longer than all else of a launch. One is made for each that is taken, off the
/// taker's path.
/// </summary>
public sealed class NetworkNamespacePool : IDisposable
{
    private readonly ConcurrentQueue<Fd> ready = new();
    private readonly int size;
    private int filling;
    private volatile bool closed;

    /// <summary>A pool that keeps some namespaces ready. It is empty until the first is taken or <see cref="Fill"/> is called.</summary>
    public NetworkNamespacePool(int size) => this.size = size;

    /// <summary>A namespace with only a loopback device. Owned by the caller.</summary>
    /// <exception cref="LinuxException">The kernel refuses to make one.</exception>
    public Fd Take()
    {
        var taken = ready.TryDequeue(out var found) ? found : Namespaces.NewNetwork();
        Fill();
        return taken;
    }

    /// <summary>Fills the pool in the background.</summary>
    public void Fill()
    {
        if (closed || Interlocked.CompareExchange(ref filling, 1, 0) != 0) return;
        ThreadPool.UnsafeQueueUserWorkItem(static pool => pool.Work(), this, preferLocal: false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        closed = true;
        while (ready.TryDequeue(out var fd)) fd.Dispose();
    }

    private void Work()
    {
        try
        {
            while (!closed && ready.Count < size) ready.Enqueue(Namespaces.NewNetwork());
        }
        catch (LinuxException)
        {
            // The next one who takes makes its own and is told the reason.
        }
        finally
        {
            Volatile.Write(ref filling, 0);
            if (closed) Dispose();
        }
    }
}
