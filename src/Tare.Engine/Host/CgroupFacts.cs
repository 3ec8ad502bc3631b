using System.Globalization;

namespace Tare.Engine.Host;

/// <summary>Which limits this kernel and its mounted control groups can hold (cgroups(7)).</summary>
internal sealed record CgroupFacts
{
    private const string Root = "/sys/fs/cgroup";

    public bool Unified { get; init; }

    public bool Memory { get; init; }

    public bool Swap { get; init; }

    public bool MemoryReservation { get; init; }

    public bool Swappiness { get; init; }

    public bool OomKillDisable { get; init; }

    public bool CpuShares { get; init; }

    public bool CpuQuota { get; init; }

    public bool Cpuset { get; init; }

    /// <summary>The CPUs that may be given away, such as <c>0-3</c>.</summary>
    public string Cpus { get; init; } = "";

    /// <summary>The memory nodes that may be given away.</summary>
    public string Mems { get; init; } = "";

    public bool Pids { get; init; }

    public bool BlkioWeight { get; init; }

    public bool BlkioThrottle { get; init; }

    public bool Namespaces { get; init; }

    /// <summary>Looks at what is mounted.</summary>
    public static CgroupFacts Probe() => File.Exists($"{Root}/cgroup.controllers") ? ProbeUnified() : ProbeLegacy();

    /// <summary>Whether all of a list such as <c>0-2,7</c> is in another one; null when it is no such list.</summary>
    public static bool? Includes(string available, string wanted)
    {
        if (ParseList(wanted) is not { } some) return null;
        return ParseList(available) is { } all && some.IsSubsetOf(all);
    }

    private static CgroupFacts ProbeUnified()
    {
        var controllers = File.ReadAllText($"{Root}/cgroup.controllers").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        bool Has(string name) => Array.IndexOf(controllers, name) >= 0;
        return new CgroupFacts
        {
            Unified = true,
            Memory = Has("memory"),
            Swap = Has("memory") && File.Exists("/proc/swaps"),
            MemoryReservation = Has("memory"),
            CpuShares = Has("cpu"),
            CpuQuota = Has("cpu"),
            Cpuset = Has("cpuset"),
            Cpus = Line($"{Root}/cpuset.cpus.effective"),
            Mems = Line($"{Root}/cpuset.mems.effective"),
            Pids = Has("pids"),
            BlkioWeight = Has("io"),
            BlkioThrottle = Has("io"),
            Namespaces = File.Exists("/proc/self/ns/cgroup"),
        };
    }

    private static CgroupFacts ProbeLegacy()
    {
        // A hierarchy may be mounted under any combination of its controllers' names; the single names are links to it.
        static bool File1(string controller, string file) => File.Exists($"{Root}/{controller}/{file}");
        return new CgroupFacts
        {
            Memory = File1("memory", "memory.limit_in_bytes"),
            Swap = File1("memory", "memory.memsw.limit_in_bytes"),
            MemoryReservation = File1("memory", "memory.soft_limit_in_bytes"),
            Swappiness = File1("memory", "memory.swappiness"),
            OomKillDisable = File1("memory", "memory.oom_control"),
            CpuShares = File1("cpu", "cpu.shares"),
            CpuQuota = File1("cpu", "cpu.cfs_quota_us"),
            Cpuset = File1("cpuset", "cpuset.cpus"),
            Cpus = Line($"{Root}/cpuset/cpuset.cpus"),
            Mems = Line($"{Root}/cpuset/cpuset.mems"),
            // The root of the pids hierarchy has no pids.max.
            Pids = File1("pids", "cgroup.procs"),
            BlkioWeight = File1("blkio", "blkio.weight") || File1("blkio", "blkio.bfq.weight"),
            BlkioThrottle = File1("blkio", "blkio.throttle.read_bps_device"),
            Namespaces = File.Exists("/proc/self/ns/cgroup"),
        };
    }

    private static string Line(string path) => File.Exists(path) ? File.ReadAllText(path).Trim() : "";

    private static HashSet<int>? ParseList(string list)
    {
        var result = new HashSet<int>();
        foreach (var part in list.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = part.Split('-');
            if (ends.Length > 2 || !Number(ends[0], out var first) || !Number(ends[^1], out var last) || last < first || last > 8191) return null;
            for (var i = first; i <= last; i++) result.Add(i);
        }
        return result;
    }

    private static bool Number(string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
