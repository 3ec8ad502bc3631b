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
        var groups = Groups(request, layout, PathOf(name, isRootless, manager), isRootless);
        RefuseOccupied(groups);
        manager.Start(name.Unit, new UnitProperties(layout.IsUnified, () => manager.Version, request.Warn).OfNew(name, name.Slice ?? DefaultSlice(isRootless), request.Pid, request.Resources, request.Annotations));
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

    /// <summary>Removes the unit of a container that nobody has saved, unless there are processes in it.</summary>
    /// <exception cref="TareException">systemd does not answer.</exception>
    public static void Forget(OciCgroupRequest request, bool isRootless)
    {
        if (!SystemdManager.IsRunning) return;
        using var manager = SystemdManager.Of(isRootless);
        Forget(request, CgroupLayout.Host, isRootless, manager);
    }

    /// <summary>As the other, with a given layout and systemd.</summary>
    internal static void Forget(OciCgroupRequest request, CgroupLayout layout, bool isRootless, SystemdManager manager)
    {
        var name = UnitName.Of(request.CgroupsPath, request.Id);
        var groups = Groups(request, layout, PathOf(name, isRootless, manager), isRootless);
        // The one that held the unit for the creation ends with that. Others are somebody's: a unit of the same name was there before.
        if (groups.Processes() is { Count: > 0 } left) GroupTree.WaitForEnd(left);
        if (groups.Processes().Count > 0) return;
        manager.Stop(name.Unit);
        groups.TryRemove();
    }

    private static string PathOf(UnitName name, bool isRootless, SystemdManager manager) =>
        (isRootless ? CgroupPaths.Clean(manager.ControlGroup) : "") + name.PathIn(DefaultSlice(isRootless));

    private static string DefaultSlice(bool isRootless) => isRootless ? UserSlice : SystemSlice;

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
