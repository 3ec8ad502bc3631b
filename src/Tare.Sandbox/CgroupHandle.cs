using Tare.Errors;
using Tare.Runtime.Cgroups;

namespace Tare.Sandbox;

/// <summary>The control groups of one container, on cgroup v1 (one directory a hierarchy) or v2 (one directory).</summary>
public sealed class CgroupHandle
{
    private const int Attempts = 2000;

    private readonly Cgroup cgroup;

    internal CgroupHandle(Cgroup cgroup) => this.cgroup = cgroup;

    /// <summary>The path below each hierarchy's root, such as <c>/tare/ID</c>.</summary>
    public string Path => cgroup.Path;

    internal Cgroup Group => cgroup;

    /// <summary>Freezes all processes and returns when they are frozen.</summary>
    public async Task PauseAsync(CancellationToken cancellationToken)
    {
        cgroup.SetFrozen(true);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (cgroup.IsFrozen) return;

            // v1 freezes only what it meets while the state is written: a process that was between two states is met the next time.
            await Task.Delay(1, cancellationToken).ConfigureAwait(false);
            cgroup.SetFrozen(true);
        }
        cgroup.SetFrozen(false);
        throw TareException.Internal($"cannot freeze the processes in {Path}: some did not stop within {Attempts} ms; they were thawed again");
    }

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
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        if (cgroup.TryRemove()) return;
        cgroup.KillAll();
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (cgroup.TryRemove()) return;

            // The kernel tells nobody on v1 when a dying process has left its group.
            await Task.Delay(1, cancellationToken).ConfigureAwait(false);
            if (attempt % 100 == 99) cgroup.KillAll();
        }
        throw TareException.Internal(cgroup.Processes() is { Count: > 0 } left
            ? $"cannot remove the control groups {Path}: processes in them do not end: {string.Join(' ', left)}"
            : $"cannot remove the control groups {Path}: the kernel still holds some of {string.Join(' ', cgroup.Directories.Where(Directory.Exists))}");
    }
}
