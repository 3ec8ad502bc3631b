using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups;

/// <summary>Makes a control group of version 2 and has the groups above pass their controllers on to it.</summary>
internal sealed class MakerV2(CgroupHierarchy hierarchy, CgroupV2 cgroup)
{
    private readonly List<string> made = [];

    /// <summary>Makes the group.</summary>
    /// <returns>Whether it is new.</returns>
    /// <exception cref="TareException">It cannot be made, or is in use.</exception>
    public bool Make(LinuxResources resources)
    {
        var directory = cgroup.DirectoryPath;
        try
        {
            var error = MakeWithParents(directory);
            if (error is not 0 and not Errno.EEXIST) throw Refused(directory, error, resources);
            if (error == Errno.EEXIST && cgroup.Options.HasFlag(GroupOptions.RefuseOccupied))
            {
                MakerV1.RefuseOccupied(directory);
                if (cgroup.IsFrozen) throw MakerV1.Frozen(directory);
            }

            // Most often the groups above do so already.
            if (!HasAll(directory)) EnableControllers(Parent(directory));
            if (ControlFiles.TryReadText(directory, "cgroup.type", out _) is { } type and not "domain") SettleType(directory, type, resources);
            if (cgroup.Owner is { } owner) GiveTo(directory, owner);
            return error == 0;
        }
        catch
        {
            for (var i = made.Count - 1; i >= 0; i--) _ = FileSystem.RemoveDirectory(made[i]);
            throw;
        }
    }

    private int MakeWithParents(string directory)
    {
        var error = GroupTree.TryMake(directory);
        if (error == Errno.ENOENT && directory.Length > hierarchy.Path.Length)
        {
            var above = MakeWithParents(Parent(directory));
            error = above is 0 or Errno.EEXIST ? GroupTree.TryMake(directory) : above;
        }
        if (error == 0) made.Add(directory);
        return error;
    }

    private bool HasAll(string directory)
    {
        if (ControlFiles.TryRead(directory, "cgroup.controllers", out _) is not { } text) return false;
        var has = ControlText.Words(text);
        foreach (var controller in hierarchy.Controllers)
        {
            if (!has.Contains(controller)) return false;
        }
        return true;
    }

    /// <summary>A controller reaches a group only when every group above passes it on.</summary>
    private void EnableControllers(string parent)
    {
        if (parent.Length > hierarchy.Path.Length) EnableControllers(Parent(parent));
        var all = "+" + string.Join(" +", hierarchy.Controllers);
        var error = ControlFiles.TryWrite(parent, "cgroup.subtree_control", all);
        if (error == Errno.EBUSY && parent.Length == hierarchy.Path.Length && cgroup.Options.HasFlag(GroupOptions.VacateTop) && TopGroup.TryVacate(parent))
            error = ControlFiles.TryWrite(parent, "cgroup.subtree_control", all);
        if (error == 0) return;

        // Not every controller can be passed on everywhere; one that a limit needs is missed when that limit is set.
        foreach (var controller in hierarchy.Controllers) _ = ControlFiles.TryWrite(parent, "cgroup.subtree_control", "+" + controller);
    }

    /// <summary>A group below one that has processes or threads of its own can be one of threads only, and then has fewer controllers.</summary>
    private static void SettleType(string directory, string type, LinuxResources resources)
    {
        if (NeedsDomain(resources))
            throw TareException.Invalid($"cannot enter cgroupv2 {directory} with domain controllers -- it is in {(type == "domain invalid" ? "an invalid state" : type + " mode")}; leave limits of memory, I/O, CPU and huge pages out, or choose a group that has no processes above it");
        if (type == "domain invalid") _ = ControlFiles.TryWrite(directory, "cgroup.type", "threaded");
    }

    private static bool NeedsDomain(LinuxResources resources) =>
        resources.Memory is { Limit: not null and not 0 } or { Swap: not null and not 0 } or { Reservation: not null and not 0 }
        || resources.BlockIo is not null || resources.HugepageLimits is { Count: > 0 }
        || resources.Cpu is { Shares: not null and not 0 } or { Quota: not null and not 0 } or { Period: not null and not 0 } or { Idle: not null } or { Burst: not null };

    private TareException Refused(string directory, int error, LinuxResources resources)
    {
        var cause = GroupTree.CannotMake(directory, error);
        if (!cgroup.Options.HasFlag(GroupOptions.Rootless) || cgroup.Options.HasFlag(GroupOptions.ExplicitPath)) return cause;
        return NeedsController(resources)
            ? new TareException(ErrorKind.Forbidden, $"rootless needs no limits + no cgrouppath when no permission is granted for cgroups: {cause.Message}; use --systemd-cgroup, or leave the limits out", cause)
            : new NoPermissionException(cause);
    }

    private bool NeedsController(LinuxResources resources) =>
        (resources.Pids?.Limit is not null && hierarchy.Has("pids"))
        || (resources.Memory is { Limit: not null and not 0 } or { Swap: not null and not 0 } or { Reservation: not null and not 0 } && hierarchy.Has("memory"))
        || (resources.BlockIo is not null && hierarchy.Has("io"))
        || (resources.Cpu is { Shares: not null and not 0 } or { Quota: not null and not 0 } or { Period: not null and not 0 } or { Idle: not null } or { Burst: not null } && hierarchy.Has("cpu"))
        || (resources.Cpu is { Cpus.Length: > 0 } or { Mems.Length: > 0 } && hierarchy.Has("cpuset"))
        || (resources.HugepageLimits is { Count: > 0 } && hierarchy.Has("hugetlb"));

    /// <summary>Hands the group to its user: the directory, and the files that the kernel says may be handed on (cgroups(7), "Delegation").</summary>
    private static void GiveTo(string directory, uint owner)
    {
        FileFacts.ChangeOwner(directory, owner, null);
        var files = ControlFiles.TryRead("/sys/kernel/cgroup", "delegate", out _) is { } text
            ? ControlText.Words(text)
            : ["cgroup.procs", "cgroup.subtree_control", "cgroup.threads"];
        foreach (var file in files)
        {
            if (FileFacts.KindOf(directory + "/" + file) == FileKind.Regular) FileFacts.ChangeOwner(directory + "/" + file, owner, null);
        }
    }

    private static string Parent(string directory) => directory[..Math.Max(0, directory.LastIndexOf('/'))];
}
