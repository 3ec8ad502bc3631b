using Tare.Engine.Networks;

namespace Tare.Engine.Containers;

/// <summary>Where a container is in its life.</summary>
internal enum Phase
{
    /// <summary>Made, and never run.</summary>
    Created = 0,

    /// <summary>Its process lives.</summary>
    Running,

    /// <summary>Its processes live and are frozen.</summary>
    Paused,

    /// <summary>Its process has ended, and its policy will start it again.</summary>
    Restarting,

    /// <summary>Its process has ended.</summary>
    Exited,

    /// <summary>It is being taken away.</summary>
    Removing,

    /// <summary>It could not be taken away completely; only removing it again is possible.</summary>
    Dead,
}

/// <summary>
/// What changes about a container, as one value: it is replaced whole, written down whole, and read without a lock.
/// <code>
///             launch                 exit
///   Created ─────────▶ Running ─────────────▶ Exited ──▶ (launch again)
///      │                │   ▲                   │
///      │          pause ▼   │ unpause           │
///      │               Paused ── exit ──────────┤
///      │                                        │
///      │      exit, and the policy says so ▶ Restarting ── launch ──▶ Running
///      ▼                                        ▼
///   Removing ◀──────────────────────────────────┘      Removing ── failed ──▶ Dead ──▶ Removing
/// </code>
/// A launch is written down before the keeper is asked (<see cref="Launching"/>) and again when it has answered, so that an engine
/// that was killed in between finds out from the keeper which of the two is true.
/// </summary>
internal sealed record LifeState
{
    public Phase Phase { get; init; }

    /// <summary>Counts the launches; with the id it names a process at the keeper.</summary>
    public long Generation { get; init; }

    /// <summary>The keeper was asked to launch <see cref="Generation"/>, and its answer is not written down yet.</summary>
    public bool Launching { get; init; }

    /// <summary>The first process, as the host numbers it; 0 when there is none.</summary>
    public int Pid { get; init; }

    public int ExitCode { get; init; }

    /// <summary>Why the last launch failed, or empty.</summary>
    public string Error { get; init; } = "";

    public bool OomKilled { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>How often the policy has started it again.</summary>
    public int RestartCount { get; init; }

    /// <summary>Somebody has stopped or killed it, so <c>unless-stopped</c> leaves it alone.</summary>
    public bool StoppedByUser { get; init; }

    /// <summary>Its places on networks, from before they are made until they are given up; null when it has none.</summary>
    public IReadOnlyList<EndpointState>? Endpoints { get; init; }

    /// <summary>Its places on networks that are kept for its first start; null when it has none, or was started.</summary>
    public IReadOnlyList<EndpointState>? Awaited { get; init; }

    /// <summary>The first process lives, frozen or not.</summary>
    public bool HasProcess => Phase is Phase.Running or Phase.Paused;

    /// <summary>What Docker calls running: also a container that waits for its policy.</summary>
    public bool IsRunning => HasProcess || Phase == Phase.Restarting;

    /// <summary>Docker's word for it.</summary>
    public string Status => Phase switch
    {
        Phase.Created => "created",
        Phase.Running => "running",
        Phase.Paused => "paused",
        Phase.Restarting => "restarting",
        Phase.Exited => "exited",
        Phase.Removing => "removing",
        _ => "dead",
    };

    /// <summary>The keeper is about to be asked.</summary>
    /// <param name="byPolicy">Nobody has asked for it.</param>
    /// <param name="endpoints">Its places on networks.</param>
    public LifeState BeginLaunch(bool byPolicy, IReadOnlyList<EndpointState>? endpoints = null)
    {
        Expect(Phase is Phase.Created or Phase.Exited or Phase.Restarting, "launch");
        return this with
        {
            Launching = true,
            Generation = Generation + 1,
            StoppedByUser = byPolicy && StoppedByUser,
            RestartCount = byPolicy ? RestartCount : 0,
            Endpoints = endpoints is { Count: > 0 } ? endpoints : null,
            Awaited = null,
        };
    }

    /// <summary>The program is executed.</summary>
    public LifeState Launched(int pid, DateTimeOffset at)
    {
        Expect(Launching, "run");
        return this with { Phase = Phase.Running, Launching = false, Pid = pid, StartedAt = at, ExitCode = 0, Error = "", OomKilled = false };
    }

    /// <summary>The launch has failed: the container is what it was before, and knows why.</summary>
    public LifeState LaunchFailed(string error, int exitCode)
    {
        Expect(Launching, "fail to launch");
        return this with
        {
            Launching = false,
            Phase = Phase == Phase.Restarting ? Phase.Exited : Phase,
            Error = error,
            ExitCode = exitCode,
            Pid = 0,
            Endpoints = null,
        };
    }

    /// <summary>The first process has ended, for good.</summary>
    public LifeState Ended(int exitCode, DateTimeOffset at, bool oomKilled)
    {
        Expect(HasProcess || Launching, "end");
        return this with
        {
            Phase = Phase.Exited,
            Launching = false,
            Pid = 0,
            ExitCode = exitCode,
            FinishedAt = at,
            OomKilled = oomKilled,
            Endpoints = null,
        };
    }

    /// <summary>The first process has ended, and the policy will start it again.</summary>
    public LifeState EndedToRestart(int exitCode, DateTimeOffset at, bool oomKilled) =>
        Ended(exitCode, at, oomKilled) with { Phase = Phase.Restarting, RestartCount = RestartCount + 1 };

    /// <summary>The policy has been called off.</summary>
    public LifeState RestartCancelled()
    {
        Expect(Phase == Phase.Restarting, "give up restarting");
        return this with { Phase = Phase.Exited };
    }

    /// <summary>All processes are frozen.</summary>
    public LifeState Frozen()
    {
        Expect(Phase == Phase.Running, "pause");
        return this with { Phase = Phase.Paused };
    }

    /// <summary>All processes go on.</summary>
    public LifeState Thawed()
    {
        Expect(Phase == Phase.Paused, "unpause");
        return this with { Phase = Phase.Running };
    }

    /// <summary>From here on there is only removal.</summary>
    public LifeState BeginRemoval()
    {
        Expect(!HasProcess && !Launching, "remove");
        return this with { Phase = Phase.Removing };
    }

    /// <summary>Something of it could not be removed.</summary>
    public LifeState RemovalFailed(string error)
    {
        Expect(Phase == Phase.Removing, "die");
        return this with { Phase = Phase.Dead, Error = error };
    }

    private void Expect(bool condition, string what)
    {
        if (!condition) throw new InvalidOperationException($"a container that is {Status} cannot {what}");
    }
}
