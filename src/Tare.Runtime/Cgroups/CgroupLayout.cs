using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Runtime.Cgroups;

/// <summary>A mounted hierarchy of control groups.</summary>
/// <param name="Path">Where it is mounted.</param>
/// <param name="Controllers">Its controllers; on v1 also <c>name=systemd</c>.</param>
/// <param name="Root">Which of its groups is seen at <paramref name="Path"/>: another than <c>/</c> inside some containers.</param>
public sealed record CgroupHierarchy(string Path, IReadOnlyList<string> Controllers, string Root = "/")
{
    /// <summary>The group that this process was in when the layout was read, as /proc/self/cgroup names it; null when that was not read.</summary>
    internal string? Own { get; init; }

    /// <summary>Whether the hierarchy carries a controller.</summary>
    public bool Has(string controller)
    {
        foreach (var own in Controllers)
        {
            if (own == controller) return true;
        }
        return false;
    }
}

/// <summary>How this host has its control groups: v2 alone, or v1 (with or without a v2 hierarchy beside it).</summary>
/// <param name="IsUnified">v2 alone.</param>
/// <param name="Hierarchies">v1: all of them; v2: the one.</param>
/// <param name="Hybrid">v1: where the v2 hierarchy beside it is mounted, if there is one.</param>
public sealed record CgroupLayout(bool IsUnified, IReadOnlyList<CgroupHierarchy> Hierarchies, string? Hybrid = null)
{
    private const string Usual = "/sys/fs/cgroup";
    private const string UsualHybrid = Usual + "/unified";

    private static readonly string[] V1Controllers =
        ["cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "hugetlb", "net_cls", "net_prio", "perf_event", "rdma", "misc", "name=systemd"];

    private static CgroupLayout? found;

    /// <summary>The layout of this host, read once.</summary>
    /// <exception cref="TareException">No control groups are mounted.</exception>
    public static CgroupLayout Host => found ??= UsualUnified() ?? UsualV1() ?? FromMounts();

    /// <summary>Version 1 or 2, as Docker's <c>CgroupVersion</c> has it.</summary>
    public string Version => IsUnified ? "2" : "1";

    /// <summary>The hierarchy with a controller, or null.</summary>
    public CgroupHierarchy? With(string controller)
    {
        foreach (var hierarchy in Hierarchies)
        {
            if (hierarchy.Has(controller)) return hierarchy;
        }
        return null;
    }

    /// <summary>Reads the layout from mountinfo (proc_pid_mountinfo(5)).</summary>
    /// <exception cref="TareException">No control groups are mounted.</exception>
    public static CgroupLayout Parse(ReadOnlySpan<byte> mountinfo)
    {
        var v1 = new List<CgroupHierarchy>();
        (string Path, string Root)? unified = null;
        var hasControllers = false;
        while (ControlText.NextLine(ref mountinfo, out var line))
        {
            var separator = line.IndexOf(" - cgroup"u8);
            if (separator < 0) continue;
            var tail = line[(separator + 3)..];
            ControlText.NextWord(ref tail, out var type);
            for (var skipped = 0; skipped < 3; skipped++) ControlText.NextWord(ref line, out _);
            ControlText.NextWord(ref line, out var root);
            ControlText.NextWord(ref line, out var place);
            if (type.SequenceEqual("cgroup2"u8)) unified ??= (Unescape(place), Unescape(root));
            if (!type.SequenceEqual("cgroup"u8)) continue;
            var controllers = ControllersIn(tail[(tail.LastIndexOf((byte)' ') + 1)..]);

            // The same hierarchy may be mounted more than once; the first place serves.
            if (controllers.Count == 0 || v1.Exists(known => known.Has(controllers[0]))) continue;
            hasControllers |= controllers[0] != "name=systemd";
            v1.Add(new CgroupHierarchy(Unescape(place), controllers, Unescape(root)));
        }
        if (hasControllers) return new CgroupLayout(false, v1, unified?.Path);
        if (unified is not { } only)
            throw TareException.NotImplemented("no control groups are mounted: mount cgroup2 at /sys/fs/cgroup, or let the init system do it");
        return new CgroupLayout(true, [new CgroupHierarchy(only.Path, AvailableIn(only.Path) ?? [], only.Root)]);
    }

    /// <summary>
    /// v1 where every distribution mounts it: a folder for each hierarchy that /proc/self/cgroup names. A quarter of the time of
    /// mountinfo, and does not grow with the host's mounts. Null when something is not where it usually is.
    /// </summary>
    /// <param name="own">The content of /proc/self/cgroup (cgroups(7)).</param>
    /// <param name="isGroup">Whether a path is a group of v1.</param>
    internal static IReadOnlyList<CgroupHierarchy>? ParseOwn(ReadOnlySpan<byte> own, Func<string, bool> isGroup)
    {
        var v1 = new List<CgroupHierarchy>();
        var hasControllers = false;
        while (ControlText.NextLine(ref own, out var line))
        {
            var list = line[(line.IndexOf((byte)':') + 1)..];
            var end = list.IndexOf((byte)':');
            if (end <= 0) continue;
            var group = list[(end + 1)..];
            list = list[..end];
            var controllers = ControllersIn(list);
            if (controllers.Count == 0) continue;
            var path = string.Concat(Usual, "/", Encoding.UTF8.GetString(list.StartsWith("name="u8) ? list[5..] : list));
            if (!isGroup(path)) return null;
            hasControllers |= controllers[0] != "name=systemd";
            v1.Add(new CgroupHierarchy(path, controllers) { Own = Encoding.UTF8.GetString(group) });
        }
        return hasControllers ? v1 : null;
    }

    /// <summary>The layout as the table of mounts has it: slower, and with the <see cref="CgroupHierarchy.Root"/> of each hierarchy.</summary>
    /// <exception cref="TareException">No control groups are mounted.</exception>
    internal static CgroupLayout FromMounts() => Parse(ReadProc("mountinfo"));

    private static CgroupLayout? UsualUnified() =>
        AvailableIn(Usual) is { } controllers ? new CgroupLayout(true, [new CgroupHierarchy(Usual, controllers)]) : null;

    private static CgroupLayout? UsualV1() =>
        ParseOwn(ReadProc("cgroup"), path => CgroupFileSystems.VersionAt(path) == 1) is { } v1
            ? new CgroupLayout(false, v1, CgroupFileSystems.VersionAt(UsualHybrid) == 2 ? UsualHybrid : null)
            : null;

    private static List<string>? AvailableIn(string directory) =>
        ControlFiles.TryRead(directory, "cgroup.controllers", out _) is { } text ? ControlText.Words(text) : null;

    /// <summary>The controllers in a list with commas, among other options.</summary>
    private static List<string> ControllersIn(ReadOnlySpan<byte> options)
    {
        var controllers = new List<string>(1);
        while (!options.IsEmpty)
        {
            var end = options.IndexOf((byte)',');
            var option = end < 0 ? options : options[..end];
            options = end < 0 ? default : options[(end + 1)..];
            foreach (var known in V1Controllers)
            {
                if (Ascii.Equals(option, known)) controllers.Add(known);
            }
        }
        return controllers;
    }

    private static byte[] ReadProc(string file) =>
        ControlFiles.TryRead("/proc/self", file, out var error) ?? throw new LinuxException($"read /proc/self/{file}", error);

    private static string Unescape(ReadOnlySpan<byte> path)
    {
        var text = Encoding.UTF8.GetString(path);
        return text.Contains('\\', StringComparison.Ordinal)
            ? text.Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal)
            : text;
    }
}
