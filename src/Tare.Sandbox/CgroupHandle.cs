using Tare.Errors;
using Tare.Runtime.Cgroups;

namespace Tare.Sandbox;

/// <summary>The control groups of one container, on cgroup v1 (one directory a hierarchy) or v2 (one directory).</summary>
public sealed class CgroupHandle
{
    private readonly Cgroup cgroup;

    internal CgroupHandle(Cgroup cgroup) => this.cgroup = cgroup;

    /// <summary>The path below each hierarchy's root, such as <c>/tare/ID</c>.</summary>
    public string Path => cgroup.Path;

    internal Cgroup Group => cgroup;

    /// <summary>Freezes all processes and returns when they are frozen.</summary>
    public Task PauseAsync(CancellationToken cancellationToken) => Task.Run(() => cgroup.Freeze(cancellationToken), cancellationToken);

    /// <summary>Thaws all processes.</summary>
    public void Unpause() => cgroup.SetFrozen(false);

    /// <summary>All processes, as the daemon's pid namespace numbers them.</summary>
    public IReadOnlyList<int> Processes() => cgroup.Processes();

    /// <summary>Kills every process (freeze and signal on v1, <c>cgroup.kill</c> on v2).</summary>
    public void KillAll() => cgroup.KillAll();

    /// <summary>How often the OOM killer struck in here.</summary>
    public long OomKills() => cgroup.OomKills;

    /// <summary>Changes limits of a running container.</summary>
    /// <exception cref="TareException">The kernel refuses a limit.</exception>
    public void Update(ResourceOptions resources) => cgroup.Apply(SpecTranslator.Resources(resources));

    /// <summary>Kills what is left and removes the directories. Never fails on ones that are already gone.</summary>
    /// <exception cref="TareException">Processes stay, stuck in the kernel.</exception>
    public Task RemoveAsync(CancellationToken cancellationToken) =>
        cgroup.TryRemove() ? Task.CompletedTask : Task.Run(() => cgroup.Remove(cancellationToken), cancellationToken);
}
