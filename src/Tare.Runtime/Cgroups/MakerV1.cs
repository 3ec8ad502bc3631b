using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups;

/// <summary>Makes the directories of one container's control groups of version 1, and takes them away again when one cannot be made.</summary>
internal sealed class MakerV1(CgroupV1 cgroup, LinuxResources resources)
{
    /// <summary>A parent in the cpuset hierarchy that hands its CPUs down by itself: the daemon's containers have the same.</summary>
    private static string? cloningParent;

    private readonly List<string> made = [];

    /// <summary>Whether no directory was there before.</summary>
    public bool AllNew { get; private set; } = true;

    /// <summary>Makes a directory and what it needs before a process can join; false when a user may not, and nothing was asked for.</summary>
    /// <exception cref="TareException">It cannot be made, or is in use.</exception>
    public bool Make(CgroupHierarchy hierarchy, string directory)
    {
        var error = TryMake(hierarchy, directory);
        if (error is not 0 and not Errno.EEXIST)
        {
            // Nothing is controlled by a hierarchy without controllers, and by one that nobody asked for.
            if (hierarchy.Controllers[0] is "name=systemd" or "misc" && !Is(GroupOptions.Daemon)) return false;
            if (error is Errno.EACCES or Errno.EPERM or Errno.EROFS && Is(GroupOptions.Rootless) && !Is(GroupOptions.ExplicitPath)) return false;
            throw GroupTree.CannotMake(directory, error);
        }
        if (error == 0) made.Add(directory);
        else if (!Is(GroupOptions.MadeBySystemd)) CheckOld(hierarchy, directory);
        AllNew &= error == 0;
        if (hierarchy.Has("cpuset")) FillCpuset(hierarchy, directory);
        if (hierarchy.Has("cpu") && resources.Cpu is { } cpu) ResourcesV1.ApplyRealtime(directory, cpu);
        return true;
    }

    /// <summary>Makes the directory in the v2 hierarchy beside v1; false when that cannot be done, for no limit needs it.</summary>
    public bool MakeUnified(string directory)
    {
        var error = GroupTree.TryMake(directory);
        if (error == Errno.ENOENT && MakeParents(null, Parent(directory)) == 0) error = GroupTree.TryMake(directory);
        if (error == 0) made.Add(directory);
        return error is 0 or Errno.EEXIST;
    }

    /// <summary>Removes what was made, the youngest first.</summary>
    public void Undo()
    {
        for (var i = made.Count - 1; i >= 0; i--) _ = FileSystem.RemoveDirectory(made[i]);
    }

    private bool Is(GroupOptions options) => (cgroup.Options & options) == options;

    private int TryMake(CgroupHierarchy hierarchy, string directory)
    {
        var error = GroupTree.TryMake(directory);
        if (error != Errno.ENOENT) return error;
        error = MakeParents(hierarchy, Parent(directory));
        return error == 0 ? GroupTree.TryMake(directory) : error;
    }

    /// <summary>Makes the parents. In the cpuset hierarchy a group starts without CPUs unless it copies its parent's.</summary>
    private int MakeParents(CgroupHierarchy? hierarchy, string directory)
    {
        var error = GroupTree.TryMake(directory);
        if (error == Errno.ENOENT && Parent(directory).Length > 1)
        {
            error = MakeParents(hierarchy, Parent(directory));
            if (error == 0) error = GroupTree.TryMake(directory);
        }
        if (error == Errno.EEXIST) return 0;
        if (error != 0) return error;
        made.Add(directory);
        if (hierarchy is null || !hierarchy.Has("cpuset")) return 0;
        CpusetV1.Fill(hierarchy.Path, directory, "cpuset.cpus", null);
        CpusetV1.Fill(hierarchy.Path, directory, "cpuset.mems", null);
        if (ControlFiles.TryWrite(directory, "cgroup.clone_children", "1") == 0) cloningParent = directory;
        return 0;
    }

    private void FillCpuset(CgroupHierarchy hierarchy, string directory)
    {
        var (cpus, mems) = (resources.Cpu?.Cpus, resources.Cpu?.Mems);
        if (cloningParent is { } parent && directory.Length > parent.Length && directory[parent.Length] == '/' && Parent(directory) == parent)
        {
            // What was asked for is set with the other limits.
            return;
        }
        CpusetV1.Fill(hierarchy.Path, directory, "cpuset.cpus", cpus);
        CpusetV1.Fill(hierarchy.Path, directory, "cpuset.mems", mems);
    }

    private void CheckOld(CgroupHierarchy hierarchy, string directory)
    {
        if (!Is(GroupOptions.RefuseOccupied)) return;

        // One hierarchy stands for all, as with runc: looking into each of them would cost more than the launch.
        if (hierarchy.Has("devices")) RefuseOccupied(directory);
        if (hierarchy.Has("freezer") && ControlFiles.TryReadText(directory, "freezer.self_freezing", out _) == "1") throw Frozen(directory);
    }

    internal static void RefuseOccupied(string directory)
    {
        if (GroupTree.Processes(directory) is { Count: > 0 } pids)
            throw TareException.Conflict($"container's cgroup is not empty: {pids.Count} process(es) found in {directory}; give the container a group of its own");
    }

    internal static TareException Frozen(string directory) =>
        TareException.Conflict($"container's cgroup unexpectedly frozen: thaw {directory}, or give the container a group of its own");

    private static string Parent(string directory) => directory[..Math.Max(0, directory.LastIndexOf('/'))];
}
