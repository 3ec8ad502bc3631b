using Tare.Errors;
using Tare.Linux;

namespace Tare.Runtime.Cgroups;

/// <summary>Reads what control groups of version 1 have used.</summary>
internal static class StatsV1
{
    private const ulong NanosecondsPerTick = 10_000_000;

    /// <summary>Block I/O has files of several schedulers; the first set that is there tells most.</summary>
    private static readonly string[] BlockIoPrefixes = ["blkio.bfq.", "blkio."];

    public static CgroupStats Read(CgroupV1 cgroup) => new()
    {
        Cpu = Cpu(cgroup.DirectoryOf("cpu"), cgroup.DirectoryOf("cpuacct")),
        Cpuset = cgroup.DirectoryOf("cpuset") is { } cpuset ? Cpuset(cpuset) : null,
        Memory = cgroup.DirectoryOf("memory") is { } memory ? Memory(memory) : new MemoryStats(),
        Pids = cgroup.DirectoryOf("pids") is { } pids ? Pids(pids) : new PidsStats(),
        BlockIo = cgroup.DirectoryOf("blkio") is { } blkio ? BlockIo(blkio) : new BlockIoStats(),
        Hugepages = cgroup.DirectoryOf("hugetlb") is { } hugetlb ? Hugepages(hugetlb) : new Dictionary<string, HugepageStats>(),
        RdmaCurrent = cgroup.DirectoryOf("rdma") is { } rdma ? StatsText.Rdma(ControlFiles.TryRead(rdma, "rdma.current", out _)) : [],
        RdmaLimit = cgroup.DirectoryOf("rdma") is { } limits ? StatsText.Rdma(ControlFiles.TryRead(limits, "rdma.max", out _)) : [],
    };

    private static CpuStats Cpu(string? cpu, string? accounting)
    {
        ReadOnlySpan<byte> stat = cpu is null ? null : ControlFiles.TryRead(cpu, "cpu.stat", out _);
        var throttled = new CpuStats
        {
            Periods = ControlText.Find(stat, "nr_periods"u8) ?? 0,
            ThrottledPeriods = ControlText.Find(stat, "nr_throttled"u8) ?? 0,
            ThrottledTime = ControlText.Find(stat, "throttled_time"u8) ?? 0,
        };
        if (accounting is null) return throttled;
        var ticks = ControlFiles.TryRead(accounting, "cpuacct.stat", out _);
        var (kernel, user) = PerCpu(ControlFiles.TryRead(accounting, "cpuacct.usage_all", out _));
        return throttled with
        {
            Total = Required(accounting, "cpuacct.usage"),
            User = (ControlText.Find(ticks, "user"u8) ?? 0) * NanosecondsPerTick,
            Kernel = (ControlText.Find(ticks, "system"u8) ?? 0) * NanosecondsPerTick,
            PerCpu = StatsText.Numbers(ControlFiles.TryRead(accounting, "cpuacct.usage_percpu", out _)),
            PerCpuKernel = kernel,
            PerCpuUser = user,
        };
    }

    /// <summary><c>cpuacct.usage_all</c>: a head line <c>cpu user system</c>, then a line for each CPU.</summary>
    internal static (List<ulong> Kernel, List<ulong> User) PerCpu(ReadOnlySpan<byte> text)
    {
        var (kernel, user) = (new List<ulong>(), new List<ulong>());
        ControlText.NextLine(ref text, out _);
        while (ControlText.NextLine(ref text, out var line))
        {
            ControlText.NextWord(ref line, out _);
            if (!ControlText.NextWord(ref line, out var inUser) || !ControlText.NextWord(ref line, out var inKernel)) continue;
            user.Add(ControlText.Number(inUser));
            kernel.Add(ControlText.Number(inKernel));
        }
        return (kernel, user);
    }

    private static CpusetStats Cpuset(string directory) => new()
    {
        Cpus = StatsText.Ranges(ControlFiles.TryReadText(directory, "cpuset.cpus", out _) ?? ""),
        CpuExclusive = Optional(directory, "cpuset.cpu_exclusive"),
        Mems = StatsText.Ranges(ControlFiles.TryReadText(directory, "cpuset.mems", out _) ?? ""),
        MemHardwall = Optional(directory, "cpuset.mem_hardwall"),
        MemExclusive = Optional(directory, "cpuset.mem_exclusive"),
        MemoryMigrate = Optional(directory, "cpuset.memory_migrate"),
        MemorySpreadPage = Optional(directory, "cpuset.memory_spread_page"),
        MemorySpreadSlab = Optional(directory, "cpuset.memory_spread_slab"),
        MemoryPressure = Optional(directory, "cpuset.memory_pressure"),
        SchedLoadBalance = Optional(directory, "cpuset.sched_load_balance"),
        SchedRelaxDomainLevel = long.TryParse(ControlFiles.TryReadText(directory, "cpuset.sched_relax_domain_level", out _), System.Globalization.CultureInfo.InvariantCulture, out var level) ? level : 0,
    };

    private static MemoryStats Memory(string directory)
    {
        if (ControlFiles.TryRead(directory, "memory.stat", out _) is not { } text) return new MemoryStats();
        var raw = StatsText.KeyValues(text);
        var (use, swap) = (Use(directory, "memory."), Use(directory, "memory.memsw."));
        return new MemoryStats
        {
            Cache = raw.GetValueOrDefault("cache"),
            Use = use,
            Swap = swap,
            SwapOnly = swap == default ? default : new MemoryUse(Difference(swap.Usage, use.Usage), 0, Difference(swap.FailCount, use.FailCount), 0),
            Kernel = Use(directory, "memory.kmem."),
            KernelTcp = Use(directory, "memory.kmem.tcp."),
            UseHierarchy = Optional(directory, "memory.use_hierarchy") == 1,
            Raw = raw,
        };
    }

    /// <summary>Counters of swap and of kernel memory are optional parts of the kernel.</summary>
    private static MemoryUse Use(string directory, string prefix) => ControlFiles.TryReadNumber(directory, prefix + "usage_in_bytes", out _) is { } usage
        ? new MemoryUse(usage, Optional(directory, prefix + "max_usage_in_bytes"), Optional(directory, prefix + "failcnt"), Optional(directory, prefix + "limit_in_bytes"))
        : default;

    /// <summary>The two are read one after the other, and may have changed between.</summary>
    private static ulong Difference(ulong all, ulong part) => all > part ? all - part : 0;

    private static PidsStats Pids(string directory)
    {
        var limit = Required(directory, "pids.max");
        return new PidsStats(Required(directory, "pids.current"), limit == ulong.MaxValue ? 0 : limit);
    }

    private static BlockIoStats BlockIo(string directory)
    {
        foreach (var prefix in BlockIoPrefixes)
        {
            if (ControlFiles.TryRead(directory, prefix + "io_serviced_recursive", out _) is not { Length: > 0 } serviced || StatsText.BlockIo(serviced) is not { Count: > 0 } entries) continue;
            return new BlockIoStats
            {
                Serviced = entries,
                ServiceBytes = Entries(prefix + "io_service_bytes_recursive"),
                Queued = Entries(prefix + "io_queued_recursive"),
                ServiceTime = Entries(prefix + "io_service_time_recursive"),
                WaitTime = Entries(prefix + "io_wait_time_recursive"),
                Merged = Entries(prefix + "io_merged_recursive"),
                Time = Entries(prefix + "time_recursive"),
                Sectors = Entries(prefix + "sectors_recursive"),
            };
        }

        // What no scheduler counts, the limits count.
        var suffix = ControlFiles.TryRead(directory, "blkio.throttle.io_serviced_recursive", out _) is null ? "" : "_recursive";
        return new BlockIoStats { Serviced = Entries("blkio.throttle.io_serviced" + suffix), ServiceBytes = Entries("blkio.throttle.io_service_bytes" + suffix) };

        List<BlockIoEntry> Entries(string file) => StatsText.BlockIo(ControlFiles.TryRead(directory, file, out _));
    }

    private static Dictionary<string, HugepageStats> Hugepages(string directory)
    {
        var stats = new Dictionary<string, HugepageStats>();
        foreach (var size in StatsText.HugepageSizes())
        {
            // What is reserved counts more than what is touched; kernels before 5.7 know only that.
            var prefix = $"hugetlb.{size}.rsvd.";
            if (ControlFiles.TryReadNumber(directory, prefix + "usage_in_bytes", out _) is null) prefix = $"hugetlb.{size}.";
            if (ControlFiles.TryReadNumber(directory, prefix + "usage_in_bytes", out _) is not { } usage) continue;
            stats[size] = new HugepageStats(usage, Optional(directory, prefix + "max_usage_in_bytes"), Optional(directory, prefix + "failcnt"));
        }
        return stats;
    }

    private static ulong Optional(string directory, string file) => ControlFiles.TryReadNumber(directory, file, out _) ?? 0;

    private static ulong Required(string directory, string file) => ControlFiles.TryReadNumber(directory, file, out var error)
        ?? throw new TareException(ErrorKind.NotFound, $"cannot read {directory}/{file}: {Errno.Describe(error)}", new LinuxException($"read {directory}/{file}", error));
}
