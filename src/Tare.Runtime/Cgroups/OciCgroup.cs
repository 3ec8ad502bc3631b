using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups.Systemd;

namespace Tare.Runtime.Cgroups;

/// <summary>What an OCI runtime asks of the control groups of a container.</summary>
public sealed record OciCgroupRequest
{
    /// <summary>The container's id: the name of its group when no path is given.</summary>
    public required string Id { get; init; }

    /// <summary><c>linux.cgroupsPath</c>; with systemd <c>SLICE:PREFIX:NAME</c>.</summary>
    public string? CgroupsPath { get; init; }

    /// <summary><c>linux.resources</c>; with the devices that every container may use, see <see cref="OciDevices.WithDefaults"/>.</summary>
    public LinuxResources Resources { get; init; } = new();

    /// <summary>Whether without root's rights: an ordinary user, or root of a user namespace. Null: as this process is.</summary>
    public bool? IsRootless { get; init; }

    /// <summary>v2: the host's user id that is to own the group; null to leave it (config-linux.md, "Cgroup ownership").</summary>
    public uint? Owner { get; init; }

    /// <summary>Whether systemd is to make a unit for the container (<c>--systemd-cgroup</c>).</summary>
    public bool UsesSystemd { get; init; }

    /// <summary>With systemd: a living process that becomes the unit's first, such as a <see cref="Launching.IdleProcess"/>; 0 for a slice.</summary>
    public int Pid { get; init; }

    /// <summary>With systemd: the container's annotations, of which some are properties of the unit.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>Hears what is odd, but not refused.</summary>
    public Action<string>? Warn { get; init; }
}

/// <summary>
/// The control groups of one container of an OCI runtime: where runc puts them, and under its conditions. What runs once and then
/// ends should ask for little: a new group of v1 costs some 200 µs in the kernel, and is made by one call for each hierarchy.
/// </summary>
public static class OciCgroup
{
    /// <summary>
    /// Makes the groups and sets the limits. On failure, nothing is left of it. With systemd the limits are not set yet, because the
    /// process that holds the unit would count: <see cref="Cgroup.Apply"/> them when the container's process is there, before it runs.
    /// </summary>
    /// <exception cref="TareException">
    /// The group is in use or frozen, a limit is refused, its controller is missing, or this user may not.
    /// </exception>
    public static Cgroup Create(OciCgroupRequest request)
    {
        if (request.UsesSystemd) return SystemdScopes.Create(request, request.IsRootless ?? HasUsersSystemd);
        var isRootless = request.IsRootless ?? IsRootlessProcess;
        var cgroup = Find(request, isRootless);
        if (cgroup is null) return None(request.Resources);
        try
        {
            cgroup.Make(request.Resources);
        }
        catch (NoPermissionException)
        {
            return None(request.Resources);
        }
        catch (LinuxException e)
        {
            throw new TareException(e.Kind, "unable to apply cgroup configuration: " + e.Message, e);
        }
        if (cgroup is CgroupV1 { IsEmpty: true }) return None(request.Resources);
        try
        {
            cgroup.Apply(request.Resources);
            return cgroup;
        }
        catch
        {
            cgroup.TryRemove();
            throw;
        }
    }

    /// <summary>Removes the groups of a container that nobody has saved, as far as there are no processes in them, and the unit that systemd has made for it.</summary>
    /// <param name="request">What was asked for. Engines do not say at every call that systemd makes the groups: the path tells it too.</param>
    /// <exception cref="TareException">systemd does not answer.</exception>
    public static void Forget(OciCgroupRequest request)
    {
        var isUnit = string.IsNullOrEmpty(request.CgroupsPath) ? request.UsesSystemd : UnitName.IsForm(request.CgroupsPath);
        if (isUnit) SystemdScopes.Forget(request, request.IsRootless ?? HasUsersSystemd);
        if (!request.UsesSystemd) _ = Find(request, request.IsRootless ?? IsRootlessProcess)?.TryRemove();
    }

    /// <summary>The groups of a saved container; they may be gone, see <see cref="Cgroup.Exists"/>.</summary>
    public static Cgroup Open(CgroupState state) => state.Unit is { } unit
        ? new SystemdCgroup(OpenGroups(state), unit, SystemdManager.Of(state.IsRootless), null)
        : OpenGroups(state);

    private static Cgroup OpenGroups(CgroupState state)
    {
        var options = state.IsRootless ? GroupOptions.Rootless : GroupOptions.None;
        var unified = state.Paths.GetValueOrDefault("");
        if (state.Paths.Count == 0) return new NoCgroup();
        if (unified is not null && state.Paths.Count == 1) return new CgroupV2(NameOf(unified), null, unified, options);
        var controllers = new List<List<string>>();
        var directories = new List<string>();
        foreach (var (controller, directory) in state.Paths)
        {
            if (controller.Length == 0) continue;
            var at = directories.IndexOf(directory);
            if (at < 0)
            {
                directories.Add(directory);
                controllers.Add([controller]);
            }
            else
            {
                controllers[at].Add(controller);
            }
        }
        var hierarchies = new CgroupHierarchy[directories.Count];
        for (var i = 0; i < hierarchies.Length; i++) hierarchies[i] = new CgroupHierarchy("", controllers[i]);
        return new CgroupV1(NameOf(directories[0]), hierarchies, [.. directories], unified, options);
    }

    /// <summary>
    /// v2: the directory of the group that a process is in, for an exec when the container's own cannot be joined (EBUSY, ENOENT):
    /// its init may have moved to a group below, and had controllers passed on to it. Null when that cannot be told.
    /// </summary>
    /// <param name="pid">The container's init process.</param>
    public static Fd? OpenDirectoryOf(int pid)
    {
        if (!CgroupLayout.Host.IsUnified || ControlFiles.TryRead("/proc/" + Limits.Text(pid), "cgroup", out _) is not { } text) return null;
        return CgroupPaths.PathIn(text, "") is { } path
            ? Paths.TryOpen(Paths.CurrentDirectory, CgroupLayout.Host.Hierarchies[0].Path + CgroupPaths.Clean(path), OpenFlags.Path | Paths.Directory, Resolve.None, out _)
            : null;
    }

    /// <summary>Whether this process lacks the rights of the host's root.</summary>
    private static bool IsRootlessProcess => !Environment.IsPrivilegedProcess || UserNamespace.IsChild;

    /// <summary>Root of a user namespace that is a whole system has a systemd of its own; where there is a user's, it is the user's.</summary>
    private static bool HasUsersSystemd => IsRootlessProcess && (!Environment.IsPrivilegedProcess || BusAddress.HasUser);

    private static Cgroup? Find(OciCgroupRequest request, bool isRootless)
    {
        CgroupLayout layout;
        try
        {
            layout = CgroupLayout.Host;
        }
        catch (TareException) when (isRootless && string.IsNullOrEmpty(request.CgroupsPath))
        {
            return null;
        }
        var isExplicit = !string.IsNullOrEmpty(request.CgroupsPath);
        var path = CgroupPaths.Clean(isExplicit ? request.CgroupsPath! : request.Id);
        var isAbsolute = isExplicit && request.CgroupsPath![0] == '/';
        var options = GroupOptions.RefuseOccupied | (isRootless ? GroupOptions.Rootless : 0) | (isExplicit ? GroupOptions.ExplicitPath : 0);
        if (layout.IsUnified)
        {
            var above = isAbsolute ? layout.Hierarchies[0].Path : CgroupPaths.AboveOwnV2(layout);
            return new CgroupV2(NameOf(above + path), layout.Hierarchies[0], above + path, options, request.Owner);
        }
        ResourcesV1.RefuseUnified(request.Resources);
        string[] directories;
        if (isAbsolute)
        {
            directories = CgroupV1.Below(layout.Hierarchies, path);
        }
        else
        {
            directories = CgroupPaths.OwnV1(ref layout);
            for (var i = 0; i < directories.Length; i++) directories[i] += path;
        }
        return new CgroupV1(NameOf(directories[0]), layout.Hierarchies, directories, layout.Hybrid is { } hybrid ? hybrid + path : null, options);
    }

    private static NoCgroup None(LinuxResources resources)
    {
        var none = new NoCgroup();
        none.Apply(resources);
        return none;
    }

    /// <summary>How messages name groups at several places: by the first.</summary>
    private static string NameOf(string directory) => directory;
}
