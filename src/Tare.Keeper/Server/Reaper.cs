using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>
/// Learns how processes end. Its own children by their pidfd; those of a keeper before this one by what the kernel tells strangers;
/// helpers (launchers) and strangers' orphans, which a subreaper inherits, at SIGCHLD.
/// </summary>
internal sealed class Reaper : IDisposable
{
    /// <summary>How long the new parent of a process that has ended may leave it unreaped before its status counts as unknown.</summary>
    private static readonly TimeSpan ParentPatience = TimeSpan.FromSeconds(2);

    private readonly KeeperState state;
    private readonly Fd signals;
    private readonly byte[] scratch = new byte[128 * 8];
    private readonly List<(int Pid, Action<WaitStatus> Ended)> helpers = [];
    private readonly Dictionary<int, KeptChild> children = [];

    /// <summary>Begins to watch. SIGCHLD must be blocked in every thread of the process.</summary>
    public Reaper(KeeperState state)
    {
        this.state = state;
        signals = SignalMasks.Open(SignalMasks.ChildEnded);
        state.Loop.Add(signals, EpollEvents.In, OnSignal);
    }

    /// <summary>Is told that a process has ended; the status is null when nobody can know it.</summary>
    public required Action<KeptChild, WaitStatus?> Ended { get; init; }

    /// <summary>Whether a launch is under way whose process is not known yet: an unknown child could be that one.</summary>
    public required Func<bool> ExpectsUnknown { get; init; }

    /// <summary>Whether the end of this child may be taken note of now.</summary>
    public required Func<KeptChild, bool> MayEnd { get; init; }

    /// <summary>Reaps a child that is no kept process, and tells how it ended.</summary>
    public void Expect(int pid, Action<WaitStatus> ended) => helpers.Add((pid, ended));

    /// <summary>The process of a child is known: it is no stranger.</summary>
    public void Know(KeptChild child) => children[child.Record.Pid] = child;

    /// <summary>Waits for the process's end.</summary>
    public void Watch(KeptChild child)
    {
        var pidFd = child.PidFd!;
        if (!child.Adopted) Know(child);
        child.PidFdToken = state.Loop.Add(pidFd, EpollEvents.In, () => OnReadable(child));
    }

    public void Forget(KeptChild child)
    {
        if (children.TryGetValue(child.Record.Pid, out var known) && ReferenceEquals(known, child)) children.Remove(child.Record.Pid);
    }

    /// <summary>Reaps whatever has ended and is not waited for by a pidfd.</summary>
    public void Sweep()
    {
        for (var i = helpers.Count - 1; i >= 0; i--)
        {
            var (pid, ended) = helpers[i];
            if (Waiting.Reap(pid, out var status) == Waiting.Outcome.Running) continue;
            helpers.RemoveAt(i);
            ended(status);
        }
        // The peek shows one child at a time: it ends at the first that has to stay for now, and is repeated when a launch ends.
        while (Waiting.Peek() is not 0 and var pid)
        {
            if (children.TryGetValue(pid, out var child))
            {
                if (!MayEnd(child) || !TryReap(child)) return;
            }
            else if (helpers.Exists(helper => helper.Pid == pid) || ExpectsUnknown())
            {
                return;
            }
            else
            {
                _ = Waiting.Reap(pid, out _);
            }
        }
    }

    public void Dispose() => signals.Dispose();

    private void OnSignal()
    {
        // Several ends can be one signal; what matters is that none is left pending.
        _ = Descriptors.TryRead(signals, scratch, out _);
        Sweep();
    }

    private void OnReadable(KeptChild child)
    {
        if (!MayEnd(child)) return;
        if (!child.Adopted) _ = TryReap(child);
        else if ((PidFds.ExitInfo(child.PidFd!) ?? PidFds.ZombieStatus(child.PidFd!, child.Record.Pid)) is { } status) End(child, status);
        else if (PidFds.HasExitInfo) AwaitParent(child);
        else End(child, null);
    }

    private bool TryReap(KeptChild child)
    {
        var outcome = Waiting.Reap(child.PidFd!, out var status);
        if (outcome == Waiting.Outcome.Running) return false;
        End(child, outcome == Waiting.Outcome.Reaped ? status : null);
        return true;
    }

    /// <summary>
    /// Not reaped, and /proc does not tell this process, or it was just being reaped: once it is, the pidfd hangs up, and the kernel
    /// tells anybody who has one. A parent that never reaps is no reason to wait for ever.
    /// </summary>
    private void AwaitParent(KeptChild child)
    {
        var pidFd = child.PidFd!;
        state.Loop.Remove(child.PidFdToken, pidFd);
        child.PidFdToken = state.Loop.Add(pidFd, EpollEvents.None, () => End(child, PidFds.ExitInfo(pidFd)));
        state.Loop.After(ParentPatience, () =>
        {
            if (child.Phase == Phase.Running) End(child, PidFds.ExitInfo(pidFd));
        });
    }

    private void End(KeptChild child, WaitStatus? status)
    {
        Forget(child);
        state.Loop.Remove(child.PidFdToken, child.PidFd!);
        child.PidFdToken = 0;
        Ended(child, status);
    }
}
