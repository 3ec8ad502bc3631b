using System.Diagnostics.CodeAnalysis;
using Tare.Linux;

namespace Tare.Engine.Streams;

/// <summary>
/// The writing end of a process's stdin, or of its terminal. Several clients may be attached to one container: each of their writes goes
/// in whole, and a close waits for none of them.
/// </summary>
[SuppressMessage("Usage", "CA2213", Justification = "Writers may still look at the semaphore and the token; neither holds anything of the system.")]
internal sealed class ProcessInput : IDisposable
{
    private readonly Poller poller;
    private readonly Fd fd;
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly CancellationTokenSource closing = new();
    private int disposed;

    /// <summary>Takes the descriptor over; it is non-blocking.</summary>
    public ProcessInput(Poller poller, Fd fd)
    {
        this.poller = poller;
        this.fd = fd;
    }

    /// <summary>Writes everything, or as much as the process takes before it closes; what comes after that is dropped.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref disposed) != 0) return;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, closing.Token);
        try
        {
            await turn.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return;
        }
        try
        {
            if (Volatile.Read(ref disposed) != 0) return;
            await poller.WriteAsync(fd, data, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Closed while the process did not read: nobody waits for these bytes any more.
        }
        catch (LinuxException e) when (e.Error is Errno.EPIPE or Errno.EIO)
        {
            // The process has closed its end, as any program may.
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Closes this end. The descriptor goes when the write that is under way has been called off.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        closing.Cancel();
        turn.Wait();
        fd.Dispose();
        turn.Release();
    }
}
