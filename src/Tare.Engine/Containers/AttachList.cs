namespace Tare.Engine.Containers;

/// <summary>
/// Clients that are attached to a container before it is started, as <c>run</c> does. At the launch each is given the process; the
/// process's end is not acknowledged to the keeper before all of them have opened its log, so that not a byte is missed.
/// </summary>
internal sealed class AttachList
{
    private readonly Lock gate = new();
    private readonly List<Pending> pending = [];
    private int opening;
    private TaskCompletionSource? opened;

    /// <summary>Waits for the next launch.</summary>
    public Pending Add()
    {
        var added = new Pending(this);
        lock (gate) pending.Add(added);
        return added;
    }

    /// <summary>The container runs: everybody who waits gets its process.</summary>
    public void Launched(LiveProcess process)
    {
        Pending[] all;
        lock (gate)
        {
            all = [.. pending];
            pending.Clear();
            opening += all.Length;
            foreach (var one in all) one.Given = true;
        }
        foreach (var one in all) one.Completion.TrySetResult(process);
    }

    /// <summary>The launch has failed, or the container is gone: there is nothing to attach to.</summary>
    public void Abandon()
    {
        Pending[] all;
        lock (gate)
        {
            all = [.. pending];
            pending.Clear();
        }
        foreach (var one in all) one.Completion.TrySetResult(null);
    }

    /// <summary>Completes when everybody who was given a process has opened its log or has left.</summary>
    public Task AllOpenedAsync()
    {
        lock (gate) return opening == 0 ? Task.CompletedTask : (opened ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    private void Leave(Pending one)
    {
        TaskCompletionSource? last = null;
        lock (gate)
        {
            pending.Remove(one);
            if (one.Given && --opening == 0) (last, opened) = (opened, null);
            one.Given = false;
        }
        one.Completion.TrySetResult(null);
        last?.TrySetResult();
    }

    /// <summary>One client's place. Disposed when it has opened the log, or leaves; more than once does no harm.</summary>
    internal sealed class Pending(AttachList list) : IDisposable
    {
        /// <summary>The process, or null when there will be none.</summary>
        public Task<LiveProcess?> Process => Completion.Task;

        internal TaskCompletionSource<LiveProcess?> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal bool Given { get; set; }

        public void Dispose() => list.Leave(this);
    }
}
