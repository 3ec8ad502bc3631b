namespace Tare.Engine.Common;

/// <summary>Counts those who are at something, so that what would disturb them can wait until nobody is.</summary>
internal sealed class Presence
{
    private readonly Lock gate = new();
    private int count;
    private TaskCompletionSource? none;

    /// <summary>One more, until what is returned is disposed; more than once does no harm.</summary>
    public IDisposable Enter()
    {
        lock (gate) count++;
        return new Stay(this);
    }

    /// <summary>Completes when nobody is there.</summary>
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

    private sealed class Stay(Presence presence) : IDisposable
    {
        private int left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref left, 1) == 0) presence.Leave();
        }
    }
}
