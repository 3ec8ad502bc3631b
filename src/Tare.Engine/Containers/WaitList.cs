using Tare.Wire;

namespace Tare.Engine.Containers;

/// <summary>Those who wait for one container.</summary>
internal sealed class WaitList
{
    private readonly Lock gate = new();
    private readonly List<Waiter> waiters = [];
    private LifeState? removed;

    /// <summary>
    /// Begins to wait. <paramref name="current"/> is asked for the state while nothing can be missed between the question and the wait.
    /// </summary>
    public Task<ContainerWaitResponse> Add(WaitCondition condition, Func<LifeState> current, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(condition);
        lock (gate)
        {
            if (removed is { } last) return Task.FromResult(Response(last));
            var state = current();
            if (condition == WaitCondition.NotRunning && !state.IsRunning) return Task.FromResult(Response(state));
            waiters.Add(waiter);
        }
        return Await(waiter, cancellationToken);
    }

    /// <summary>The container's process has ended.</summary>
    public void Ended(LifeState state) => Release(state, waiter => waiter.Condition != WaitCondition.Removed);

    /// <summary>The container is gone.</summary>
    public void Removed(LifeState state)
    {
        // That it could not be started is the starter's business; it is gone as it was to be.
        var last = state with { Error = "" };
        lock (gate) removed = last;
        Release(last, static _ => true);
    }

    private static ContainerWaitResponse Response(LifeState state) => new()
    {
        StatusCode = state.ExitCode,
        Error = state.Error.Length > 0 ? new ContainerWaitExitError { Message = state.Error } : null,
    };

    private void Release(LifeState state, Predicate<Waiter> affected)
    {
        List<Waiter> released;
        lock (gate)
        {
            released = waiters.FindAll(affected);
            waiters.RemoveAll(affected);
        }
        foreach (var waiter in released) waiter.Completion.TrySetResult(Response(state));
    }

    private async Task<ContainerWaitResponse> Await(Waiter waiter, CancellationToken cancellationToken)
    {
        try
        {
            return await waiter.Completion.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (gate) waiters.Remove(waiter);
        }
    }

    private sealed class Waiter(WaitCondition condition)
    {
        public WaitCondition Condition { get; } = condition;

        public TaskCompletionSource<ContainerWaitResponse> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
