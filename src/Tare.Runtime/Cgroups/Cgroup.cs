using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups;

/// <summary>The control groups of one container: one directory on v2, one a hierarchy on v1.</summary>
public abstract class Cgroup
{
    private const int SIGKILL = 9;

    /// <summary>Milliseconds that processes have to freeze, or to end, before that is given up.</summary>
    private const int Patience = 10_000;

    private protected Cgroup(string path) => Path = path;

    /// <summary>The daemon's: the path below each hierarchy's root, such as <c>/tare/ID</c>; an OCI runtime's: the first of the directories.</summary>
    public string Path { get; }

    /// <summary>Makes the directories and sets the limits. What was made is removed again when a limit is refused.</summary>
    /// <exception cref="TareException">The kernel refuses a limit, or lacks its controller.</exception>
    public static Cgroup Create(CgroupLayout layout, string path, LinuxResources resources)
    {
        Cgroup cgroup = layout.IsUnified ? CgroupV2.At(layout, path) : CgroupV1.At(layout, path);
        cgroup.Make(resources);
        try
        {
            cgroup.Apply(resources);
            return cgroup;
        }
        catch
        {
            cgroup.TryRemove();
            throw;
        }
    }

    /// <summary>The groups that an earlier daemon made; null when they are gone.</summary>
    public static Cgroup? Open(CgroupLayout layout, string path)
    {
        Cgroup cgroup = layout.IsUnified ? CgroupV2.At(layout, path) : CgroupV1.At(layout, path);
        return cgroup.Exists ? cgroup : null;
    }

    /// <summary>The directories, one a hierarchy.</summary>
    public abstract IReadOnlyList<string> Directories { get; }

    /// <summary>What to save so that <see cref="OciCgroup.Open"/> finds the groups again.</summary>
    public abstract CgroupState State { get; }

    /// <summary>Whether some of the directories exist.</summary>
    public bool Exists
    {
        get
        {
            foreach (var directory in Directories)
            {
                if (IsDirectory(directory)) return true;
            }
            return false;
        }
    }

    /// <summary>Descriptors for a launch to be born in the groups: v1, files to write <c>0</c> to.</summary>
    /// <param name="within">For an exec: groups below the container's, see <see cref="SubCgroups"/>; null for the container's own.</param>
    /// <exception cref="TareException">There is no such group.</exception>
    public abstract IReadOnlyList<Fd> OpenForJoining(SubCgroups? within = null);

    /// <summary>For CLONE_INTO_CGROUP: the directory of v2, or of the v2 hierarchy beside v1; null when there is none.</summary>
    /// <param name="within">For an exec: a group below the container's; null for the container's own.</param>
    /// <exception cref="TareException">There is no such group.</exception>
    public abstract Fd? OpenDirectory(SubCgroups? within = null);

    /// <summary>Sets limits; on a running container too. What the resources do not name stays as it is.</summary>
    /// <exception cref="TareException">The kernel refuses a limit, or lacks its controller.</exception>
    public abstract void Apply(LinuxResources resources);

    /// <summary>Asks for all processes to be frozen or thawed.</summary>
    public abstract void SetFrozen(bool frozen);

    /// <summary>Whether all processes are frozen, and by these groups rather than by groups above them.</summary>
    public abstract bool IsFrozen { get; }

    /// <summary>Sends SIGKILL to every process.</summary>
    public abstract void KillAll();

    /// <summary>How often the OOM killer struck in here.</summary>
    public abstract long OomKills { get; }

    /// <summary>
    /// As <see cref="OpenDirectory"/>, for a further process beside another: on v2 a group that passes controllers on takes none, and the
    /// container, which may run an engine itself, has its own processes in one below.
    /// </summary>
    /// <param name="first">The container's first process: a pidfd.</param>
    public virtual Fd? OpenDirectoryBeside(Fd first) => OpenDirectory();

    /// <summary>What the groups have used.</summary>
    /// <exception cref="TareException">The groups are gone, or a file cannot be read.</exception>
    public abstract CgroupStats ReadStats();

    /// <summary>Watches for the OOM killer.</summary>
    /// <exception cref="TareException">There is no memory controller.</exception>
    public abstract OomWatch WatchOom();

    /// <summary>All processes, as this pid namespace numbers them; also those in groups that the container has made in its own.</summary>
    public IReadOnlyList<int> Processes() => GroupTree.Processes(ProcessDirectory);

    /// <summary>Freezes all processes and returns when they are frozen.</summary>
    /// <exception cref="TareException">Some do not stop; they are thawed again.</exception>
    public void Freeze(CancellationToken cancellationToken = default)
    {
        var end = Environment.TickCount64 + Patience;
        for (var attempt = 1; Environment.TickCount64 < end; attempt++)
        {
            SetFrozen(true);
            if (IsFrozen) return;
            if (cancellationToken.IsCancellationRequested) break;

            // v1 freezes only what it meets while the state is written: a process that was between two states is met the next time,
            // and where new processes keep coming, thawing for a moment helps. Sleeping helps a slow machine.
            if (attempt % 50 == 0) SetFrozen(false);
            if (attempt > 10) Thread.Sleep(attempt % 50 == 0 ? 10 : 1);
        }
        SetFrozen(false);
        cancellationToken.ThrowIfCancellationRequested();
        throw TareException.Internal($"cannot freeze the processes in {Path}: some did not stop within {Patience / 1000} s; they were thawed again");
    }

    /// <summary>Sends a signal to every process. They are frozen meanwhile, so that nothing forks away from it.</summary>
    public virtual void Signal(int signal)
    {
        if (signal == SIGKILL) KillAll();
        else GroupTree.Signal(this, Directories, signal);
    }

    /// <summary>Removes the directories, and those that the container has made in them; false while processes are still leaving.</summary>
    public bool TryRemove()
    {
        var all = true;
        foreach (var directory in Directories) all &= GroupTree.TryRemove(directory);
        return all;
    }

    /// <summary>Kills what is left and removes the directories. Never fails on ones that are already gone.</summary>
    /// <exception cref="TareException">Processes stay, stuck in the kernel.</exception>
    public virtual void Remove(CancellationToken cancellationToken = default)
    {
        if (TryRemove()) return;
        var end = Environment.TickCount64 + Patience;
        for (var attempt = 0; Environment.TickCount64 < end; attempt++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var left = Processes();

            // The first kill may be by one call of the kernel for all that are in the group; what has moved elsewhere meets the second.
            if (attempt == 0) KillAll();
            else if (attempt % 100 == 99) GroupTree.Signal(this, Directories, SIGKILL);
            GroupTree.WaitForEnd(left);
            if (TryRemove()) return;
        }
        throw TareException.Internal(Processes() is { Count: > 0 } stuck
            ? $"cannot remove the control groups {Path}: processes in them do not end: {string.Join(' ', stuck)}"
            : $"cannot remove the control groups {Path}: the kernel still holds some of {string.Join(' ', Directories.Where(IsDirectory))}");
    }

    /// <summary>Whether there is a freezer for these groups.</summary>
    internal abstract bool CanFreeze { get; }

    /// <summary>Makes the directories, and the parents that are missing. On failure, what was made is removed again.</summary>
    /// <param name="resources">Some must be set before a process can join.</param>
    internal abstract void Make(LinuxResources resources);

    /// <summary>The directory that says which processes there are.</summary>
    internal abstract string ProcessDirectory { get; }

    private protected static bool IsDirectory(string path) => FileFacts.KindOf(path) == FileKind.Directory;
}
