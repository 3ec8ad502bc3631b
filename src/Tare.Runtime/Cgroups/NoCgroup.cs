using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups;

/// <summary>The control groups of a container that has none, because its user may not make any and asked for nothing that needs one.</summary>
internal sealed class NoCgroup : Cgroup
{
    public NoCgroup()
        : base("")
    {
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Directories => [];

    /// <inheritdoc/>
    public override CgroupState State => new(new Dictionary<string, string>(), null, true);

    /// <inheritdoc/>
    public override bool IsFrozen => false;

    /// <inheritdoc/>
    public override long OomKills => 0;

    internal override bool CanFreeze => false;

    internal override string ProcessDirectory => "/proc/self/no-cgroup";

    /// <inheritdoc/>
    public override IReadOnlyList<Fd> OpenForJoining(SubCgroups? within = null) => within is null ? [] : throw Missing("join a sub-cgroup");

    /// <inheritdoc/>
    public override Fd? OpenDirectory(SubCgroups? within = null) => within is null ? null : throw Missing("join a sub-cgroup");

    /// <summary>Device rules are best effort for a user; anything else cannot be had.</summary>
    public override void Apply(LinuxResources resources)
    {
        if (FirstLimit(resources) is { } limit) throw Missing($"set {limit} limit");
    }

    /// <inheritdoc/>
    public override void SetFrozen(bool frozen)
    {
        if (frozen) throw Missing("pause the container");
    }

    /// <summary>There is no list of processes to kill; their init process, and a pid namespace of their own, must do.</summary>
    public override void KillAll()
    {
    }

    /// <inheritdoc/>
    public override void Signal(int signal)
    {
    }

    /// <inheritdoc/>
    public override CgroupStats ReadStats() => new();

    /// <inheritdoc/>
    public override OomWatch WatchOom() => throw Missing("watch for the OOM killer");

    /// <inheritdoc/>
    internal override void Make(LinuxResources resources) => Apply(resources);

    /// <summary>The first limit that was asked for.</summary>
    internal static string? FirstLimit(LinuxResources resources)
    {
        if (resources.Cpu is { Cpus.Length: > 0 } or { Mems.Length: > 0 }) return "cpuset";
        if (resources.Memory is { Limit: not null and not 0 } or { Swap: not null and not 0 } or { Reservation: not null and not 0 } or { Swappiness: not null } or { DisableOomKiller: true }) return "memory";
        if (resources.Cpu is { Shares: not null and not 0 } or { Quota: not null and not 0 } or { Period: not null and not 0 } or { Burst: not null } or { Idle: not null } or { RealtimePeriod: not null and not 0 } or { RealtimeRuntime: not null and not 0 }) return "cpu";
        if (resources.Pids?.Limit is not null) return "pids";
        if (resources.BlockIo is { Weight: not null and not 0 } or { LeafWeight: not null and not 0 } or { WeightDevice.Count: > 0 } or { ThrottleReadBpsDevice.Count: > 0 } or { ThrottleReadIopsDevice.Count: > 0 } or { ThrottleWriteBpsDevice.Count: > 0 } or { ThrottleWriteIopsDevice.Count: > 0 }) return "blkio";
        if (resources.HugepageLimits is { Count: > 0 }) return "hugetlb";
        if (resources.Network is { ClassId: not null and not 0 }) return "net_cls";
        if (resources.Network is { Priorities.Count: > 0 }) return "net_prio";
        if (resources.Rdma is { Count: > 0 }) return "rdma";
        return resources.Unified is { Count: > 0 } ? "unified" : null;
    }

    private static TareException Missing(string what) =>
        new(ErrorKind.Forbidden, $"cannot {what}: container could not join or create cgroup, for this user may not; have the administrator delegate one, or use --systemd-cgroup");
}
