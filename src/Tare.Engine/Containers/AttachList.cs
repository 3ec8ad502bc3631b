using Tare.Engine.Common;

namespace Tare.Engine.Containers;

/// <summary>
/// Clients that are attached to a container before it is started, as <c>run</c> does. At the launch each is given the process; the
/// process's end is not acknowledged to the keeper before all of them have opened its log, so that not a byte is missed.
/// </summary>
internal sealed class AttachList
{
    private readonly Lock gate = new();
    private readonly List<Pending> pending = [];
    private readonly Presence opening = new();

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
            foreach (var one in all) one.Opening = opening.Enter();
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
    public Task AllOpenedAsync() => opening.NoneAsync();

    private void Leave(Pending one)
    {
        IDisposable? stay;
        lock (gate)
        {
            pending.Remove(one);
            stay = one.Opening;
        }
        one.Completion.TrySetResult(null);
        stay?.Dispose();
    }

    /// <summary>One client's place. Disposed when it has opened the log, or leaves; more than once does no harm.</summary>
    internal sealed class Pending(AttachList list) : IDisposable
    {
        /// <summary>The process, or null when there will be none.</summary>
        public Task<LiveProcess?> Process => Completion.Task;

        internal TaskCompletionSource<LiveProcess?> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Since it was given the process, until it has opened the log or has left.</summary>
        internal IDisposable? Opening { get; set; }

        public void Dispose() => list.Leave(this);
    }
}
