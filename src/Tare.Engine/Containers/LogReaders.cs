namespace Tare.Engine.Containers;

/// <summary>
/// Who reads a container's log. A log goes on in further files while it is read, so a removed container's files stay until the last
/// reader has finished or has left.
/// </summary>
internal sealed class LogReaders
{
    private readonly Lock gate = new();
    private int count;
    private TaskCompletionSource? none;

    /// <summary>One reader more, until what is returned is disposed; more than once does no harm.</summary>
    public IDisposable Enter()
    {
        lock (gate) count++;
        return new Reading(this);
    }

    /// <summary>Completes when nobody reads.</summary>
    public Task NoneAsync()
    {
        lock (gate) return count == 0 ? Task.CompletedTask : (none ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    private void Leave()
    {
        TaskCompletionSource? last = null;
        lock (gate)
        {
            if (--count == 0) (last, none) = (none, null);
        }
        last?.TrySetResult();
    }

    private sealed class Reading(LogReaders readers) : IDisposable
    {
        private int left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref left, 1) == 0) readers.Leave();
        }
    }
}
