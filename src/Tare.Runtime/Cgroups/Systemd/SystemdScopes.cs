using Tare.Errors;
using Tare.Linux;

namespace Tare.Runtime.Cgroups.Systemd;

/// <summary>Makes the control groups of a container by way of a systemd unit.</summary>
internal static class SystemdScopes
{
    private const string SystemSlice = "system.slice";
    private const string UserSlice = "user.slice";

    /// <summary>Makes the unit around a process, and the groups that systemd does not make.</summary>
    /// <exception cref="TareException">systemd is not there or refuses, the group is in use or frozen, or this user may not.</exception>
    public static Cgroup Create(OciCgroupRequest request, bool isRootless)
    {
        if (!SystemdManager.IsRunning) throw TareException.NotImplemented("systemd not running on this host, cannot use systemd cgroups manager: do without --systemd-cgroup");
        var layout = CgroupLayout.Host;
        if (!layout.IsUnified && isRootless) throw TareException.NotImplemented("cannot use rootless systemd cgroups manager on cgroup v1: do without --systemd-cgroup, or use cgroup v2");
        if (!layout.IsUnified) ResourcesV1.RefuseUnified(request.Resources);
        var manager = SystemdManager.Of(isRootless);
        try
        {
            return Create(request, layout, isRootless, manager);
        }
        catch
        {
            manager.Dispose();
            throw;
        }
    }

    /// <summary>As the other, with a given layout and systemd.</summary>
    internal static Cgroup Create(OciCgroupRequest request, CgroupLayout layout, bool isRootless, SystemdManager manager)
    {
        var name = UnitName.Of(request.CgroupsPath, request.Id);
        if (request.Pid <= 0 && !name.IsSlice) throw new ArgumentException("a scope needs a living process", nameof(request));
        var slice = isRootless ? UserSlice : SystemSlice;
        var path = (isRootless ? CgroupPaths.Clean(manager.ControlGroup) : "") + name.PathIn(slice);
        var groups = Groups(request, layout, path, isRootless);
        RefuseOccupied(groups);
        manager.Start(name.Unit, new UnitProperties(layout.IsUnified, () => manager.Version, request.Warn).OfNew(name, name.Slice ?? slice, request.Pid, request.Resources, request.Annotations));
        var cgroup = new SystemdCgroup(groups, name.Unit, manager, request.Warn);
        try
        {
            cgroup.Make(request.Resources);
            return cgroup;
        }
        catch
        {
            manager.Stop(name.Unit);
            groups.TryRemove();
            throw;
        }
    }

    private static Cgroup Groups(OciCgroupRequest request, CgroupLayout layout, string path, bool isRootless)
    {
        var options = GroupOptions.MadeBySystemd | GroupOptions.ExplicitPath | (isRootless ? GroupOptions.Rootless : 0);
        return layout.IsUnified
            ? new CgroupV2(layout.Hierarchies[0].Path + path, layout.Hierarchies[0], layout.Hierarchies[0].Path + path, options, request.Owner)
            : new CgroupV1(layout.Hierarchies[0].Path + path, layout.Hierarchies, CgroupV1.Below(layout.Hierarchies, path), layout.Hybrid is { } hybrid ? hybrid + path : null, options);
    }

    /// <summary>Before the unit is made, its group should not be there.</summary>
    private static void RefuseOccupied(Cgroup groups)
    {
        var directory = groups is CgroupV1 v1 ? v1.DirectoryOf("devices") : groups.Directories[0];
        if (directory is null || FileFacts.KindOf(directory) == FileKind.Missing) return;
        MakerV1.RefuseOccupied(directory);
        if (groups.IsFrozen) throw MakerV1.Frozen(directory);
    }
}
