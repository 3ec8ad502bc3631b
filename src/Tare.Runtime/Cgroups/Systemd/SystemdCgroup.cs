using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups.Systemd;

/// <summary>Control groups that belong to a systemd unit: limits are told to systemd too, and the unit is stopped when they are removed.</summary>
internal sealed class SystemdCgroup : Cgroup
{
    private readonly Cgroup groups;
    private readonly string unit;
    private readonly SystemdManager manager;
    private readonly Action<string>? warn;

    /// <param name="groups">The groups as they are on the filesystem.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="manager">Its systemd.</param>
    /// <param name="warn">Hears what is odd, but not refused.</param>
    public SystemdCgroup(Cgroup groups, string unit, SystemdManager manager, Action<string>? warn)
        : base(groups.Path)
    {
        (this.groups, this.unit, this.manager, this.warn) = (groups, unit, manager, warn);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Directories => groups.Directories;

    /// <inheritdoc/>
    public override CgroupState State => groups.State with { Unit = unit };

    /// <inheritdoc/>
    public override bool IsFrozen => groups.IsFrozen;

    /// <inheritdoc/>
    public override long OomKills => groups.OomKills;

    internal override bool CanFreeze => groups.CanFreeze;

    internal override string ProcessDirectory => groups.ProcessDirectory;

    /// <inheritdoc/>
    public override IReadOnlyList<Fd> OpenForJoining(SubCgroups? within = null) => groups.OpenForJoining(within);

    /// <inheritdoc/>
    public override Fd? OpenDirectory(SubCgroups? within = null) => groups.OpenDirectory(within);

    /// <inheritdoc/>
    public override void Apply(LinuxResources resources)
    {
        var isUnified = groups is CgroupV2;
        var properties = new UnitProperties(isUnified, () => manager.Version, warn).OfResources(resources, out var applied);
        if (isUnified) Check(resources);

        // On v1 systemd denies all devices before it allows some: nobody is to meet that moment.
        var freezes = !isUnified && properties.Count > 0 && groups.CanFreeze && !groups.IsFrozen;
        if (freezes) groups.Freeze();
        try
        {
            manager.Set(unit, properties);
        }
        finally
        {
            if (freezes) groups.SetFrozen(false);
        }
        groups.Apply(applied);
    }

    /// <inheritdoc/>
    public override void SetFrozen(bool frozen) => groups.SetFrozen(frozen);

    /// <inheritdoc/>
    public override void KillAll() => groups.KillAll();

    /// <inheritdoc/>
    public override void Signal(int signal) => groups.Signal(signal);

    /// <inheritdoc/>
    public override CgroupStats ReadStats() => groups.ReadStats();

    /// <inheritdoc/>
    public override OomWatch WatchOom() => groups.WatchOom();

    /// <summary>What is left is killed first, for systemd would ask it to end, and give it a minute and a half.</summary>
    public override void Remove(CancellationToken cancellationToken = default)
    {
        if (groups.Exists && groups.Processes().Count > 0) groups.KillAll();
        TareException? failure = null;
        try
        {
            manager.Stop(unit);
        }
        catch (TareException e)
        {
            failure = e;
        }

        // systemd does not know all the directories.
        groups.Remove(cancellationToken);
        if (failure is not null) throw failure;
    }

    /// <inheritdoc/>
    internal override void Make(LinuxResources resources) => groups.Make(resources);

    /// <summary>A limit below what is in use would kill before the control group's own check is made.</summary>
    private void Check(LinuxResources resources)
    {
        if (resources.Memory?.CheckBeforeUpdate is true) new ResourcesV2((CgroupV2)groups).RefuseBelowUsage(resources.Memory);
    }
}
