namespace Tare.Engine.Common;

/// <summary>Work that costs the same for many as for one: what comes while it is being done is done next, together.</summary>
/// <param name="work">Does it, on a thread of its own choice; not twice at a time.</param>
internal sealed class GatheredWork<T>(Action<IReadOnlyList<T>> work)
{
    private readonly Lock gate = new();
    private List<(IReadOnlyList<T> Items, TaskCompletionSource Done)> waiting = [];
    private bool working;

    /// <summary>Has it done for some items; completes when it is, or fails as it did.</summary>
    public Task AddAsync(IReadOnlyList<T> items)
    {
        if (items.Count == 0) return Task.CompletedTask;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            waiting.Add((items, done));
            if (!working) _ = Task.Run(Run);
            working = true;
        }

        return done.Task;
    }

    private void Run()
    {
        while (true)
        {
            List<(IReadOnlyList<T> Items, TaskCompletionSource Done)> taken;
            lock (gate)
            {
                if (waiting.Count == 0)
                {
                    working = false;
                    return;
                }

                (taken, waiting) = (waiting, []);
            }

            try
            {
                work([.. taken.SelectMany(one => one.Items)]);
                foreach (var (_, done) in taken) done.SetResult();
            }
            catch (Exception e)
            {
                foreach (var (_, done) in taken) done.SetException(e);
            }
        }
    }
}
