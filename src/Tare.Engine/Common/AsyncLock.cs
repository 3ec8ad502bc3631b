namespace Tare.Engine.Common;

/// <summary>A lock that is waited for without a thread. Not reentrant.</summary>
internal sealed class AsyncLock : IDisposable
{
    private readonly SemaphoreSlim semaphore = new(1, 1);

    /// <summary>Waits for the lock; disposing the result gives it back.</summary>
    public async ValueTask<Holder> EnterAsync(CancellationToken cancellationToken)
    {
        await semaphore.WaitAsync(cancellationToken);
        return new Holder(semaphore);
    }

    /// <inheritdoc/>
    public void Dispose() => semaphore.Dispose();

    /// <summary>The lock, held.</summary>
    internal readonly struct Holder(SemaphoreSlim semaphore) : IDisposable
    {
        /// <summary>Gives the lock back.</summary>
        public void Dispose() => semaphore.Release();
    }
}
