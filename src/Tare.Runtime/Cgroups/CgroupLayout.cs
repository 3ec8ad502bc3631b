using Tare.Errors;

namespace Tare.Runtime.Cgroups;

/// <summary>A mounted hierarchy of control groups.</summary>
/// <param name="Path">Where it is mounted.</param>
/// <param name="Controllers">Its controllers; on v1 also <c>name=systemd</c>.</param>
public sealed record CgroupHierarchy(string Path, IReadOnlyList<string> Controllers)
{
    /// <summary>Whether the hierarchy carries a controller.</summary>
    public bool Has(string controller) => Controllers.Contains(controller);
}

/// <summary>How this host has its control groups: v2 alone, or v1 (with or without a v2 hierarchy beside it).</summary>
/// <param name="IsUnified">v2 alone.</param>
/// <param name="Hierarchies">v1: all of them; v2: the one.</param>
public sealed record CgroupLayout(bool IsUnified, IReadOnlyList<CgroupHierarchy> Hierarchies)
{
    private static readonly HashSet<string> V1Controllers =
        ["cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "hugetlb", "net_cls", "net_prio", "perf_event", "rdma", "misc"];

    private static readonly Lazy<CgroupLayout> Found = new(() => Parse(File.ReadLines("/proc/self/mountinfo")));

    /// <summary>The layout of this host, read once.</summary>
    /// <exception cref="TareException">No control groups are mounted.</exception>
    public static CgroupLayout Host => Found.Value;

    /// <summary>Version 1 or 2, as Docker's <c>CgroupVersion</c> has it.</summary>
    public string Version => IsUnified ? "2" : "1";

    /// <summary>The hierarchy with a controller, or null.</summary>
    public CgroupHierarchy? With(string controller) => Hierarchies.FirstOrDefault(h => h.Has(controller));

    /// <summary>Reads the layout from mountinfo (proc_pid_mountinfo(5)).</summary>
    public static CgroupLayout Parse(IEnumerable<string> mountinfo)
    {
        var v1 = new List<CgroupHierarchy>();
        string? unified = null;
        var seen = new HashSet<string>();
        foreach (var line in mountinfo)
        {
            var separator = line.IndexOf(" - ", StringComparison.Ordinal);
            if (separator < 0) continue;
            var tail = line[(separator + 3)..].Split(' ');
            if (tail[0] is not ("cgroup" or "cgroup2")) continue;
            var path = Unescape(line.Split(' ')[4]);
            if (tail[0] == "cgroup2")
            {
                unified ??= path;
                continue;
            }
            var controllers = tail[^1].Split(',').Where(option => V1Controllers.Contains(option) || option == "name=systemd").ToArray();

            // The same hierarchy may be mounted more than once; the first place serves.
            if (controllers.Length > 0 && seen.Add(string.Join(',', controllers))) v1.Add(new CgroupHierarchy(path, controllers));
        }
        if (v1.Any(h => h.Controllers.Any(V1Controllers.Contains))) return new CgroupLayout(false, v1);
        if (unified is null)
            throw TareException.NotImplemented("no control groups are mounted: mount cgroup2 at /sys/fs/cgroup, or let the init system do it");
        var file = System.IO.Path.Combine(unified, "cgroup.controllers");
        var available = File.Exists(file) ? File.ReadAllText(file).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries) : [];
        return new CgroupLayout(true, [new CgroupHierarchy(unified, available)]);
    }

    private static string Unescape(string path) => path.Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);
}
