namespace Tare.Runtime.Cgroups;

/// <summary>What the control groups of a container have used: everything that <c>runc events --stats</c> prints of them. A part is null when its controller is missing.</summary>
public sealed record CgroupStats
{
    public CpuStats Cpu { get; init; } = new();

    /// <summary>v1 only, as in runc's events.</summary>
    public CpusetStats? Cpuset { get; init; }

    public MemoryStats Memory { get; init; } = new();

    public PidsStats Pids { get; init; } = new();

    public BlockIoStats BlockIo { get; init; } = new();

    /// <summary>By page size, such as <c>2MB</c>.</summary>
    public IReadOnlyDictionary<string, HugepageStats> Hugepages { get; init; } = new Dictionary<string, HugepageStats>();

    public IReadOnlyList<RdmaStats> RdmaCurrent { get; init; } = [];

    public IReadOnlyList<RdmaStats> RdmaLimit { get; init; } = [];
}

/// <summary>CPU time in nanoseconds; the lists have an entry for each CPU, and are v1 only.</summary>
public sealed record CpuStats
{
    public ulong Total { get; init; }

    public ulong Kernel { get; init; }

    public ulong User { get; init; }

    public IReadOnlyList<ulong> PerCpu { get; init; } = [];

    public IReadOnlyList<ulong> PerCpuKernel { get; init; } = [];

    public IReadOnlyList<ulong> PerCpuUser { get; init; } = [];

    /// <summary>Periods with a limit in force.</summary>
    public ulong Periods { get; init; }

    /// <summary>Periods in which the limit was reached.</summary>
    public ulong ThrottledPeriods { get; init; }

    /// <summary>Nanoseconds.</summary>
    public ulong ThrottledTime { get; init; }

    /// <summary>Periods with a burst; v2 only.</summary>
    public ulong BurstPeriods { get; init; }

    /// <summary>Nanoseconds above the quota; v2 only.</summary>
    public ulong BurstTime { get; init; }

    public PressureStats? Pressure { get; init; }
}

/// <summary>The settings of a cpuset of v1, in the kernel's own units (cpuset(7)).</summary>
public sealed record CpusetStats
{
    public IReadOnlyList<ushort> Cpus { get; init; } = [];

    public ulong CpuExclusive { get; init; }

    public IReadOnlyList<ushort> Mems { get; init; } = [];

    public ulong MemHardwall { get; init; }

    public ulong MemExclusive { get; init; }

    public ulong MemoryMigrate { get; init; }

    public ulong MemorySpreadPage { get; init; }

    public ulong MemorySpreadSlab { get; init; }

    public ulong MemoryPressure { get; init; }

    public ulong SchedLoadBalance { get; init; }

    public long SchedRelaxDomainLevel { get; init; }
}

/// <summary>A use of memory in bytes. No limit is the greatest number (v2), or one close to it (v1).</summary>
public readonly record struct MemoryUse(ulong Usage, ulong Max, ulong FailCount, ulong Limit);

/// <summary>Memory.</summary>
public sealed record MemoryStats
{
    /// <summary>Bytes of cached files.</summary>
    public ulong Cache { get; init; }

    public MemoryUse Use { get; init; }

    /// <summary>Memory and swap together, on v2 too.</summary>
    public MemoryUse Swap { get; init; }

    /// <summary>Swap alone.</summary>
    public MemoryUse SwapOnly { get; init; }

    /// <summary>v1 only.</summary>
    public MemoryUse Kernel { get; init; }

    /// <summary>v1 only.</summary>
    public MemoryUse KernelTcp { get; init; }

    public bool UseHierarchy { get; init; }

    /// <summary>The lines of <c>memory.stat</c>.</summary>
    public IReadOnlyDictionary<string, ulong> Raw { get; init; } = new Dictionary<string, ulong>();

    public PressureStats? Pressure { get; init; }
}

/// <summary>Tasks; a limit of 0 is none.</summary>
public sealed record PidsStats(ulong Current = 0, ulong Limit = 0);

/// <summary>One number about one block device; <paramref name="Operation"/> is <c>Read</c>, <c>Write</c>, <c>Total</c> … or empty.</summary>
public readonly record struct BlockIoEntry(ulong Major, ulong Minor, string Operation, ulong Value);

/// <summary>Block I/O, of a group and all below it, in the names that v1 had for it.</summary>
public sealed record BlockIoStats
{
    /// <summary>Bytes.</summary>
    public IReadOnlyList<BlockIoEntry> ServiceBytes { get; init; } = [];

    /// <summary>Operations.</summary>
    public IReadOnlyList<BlockIoEntry> Serviced { get; init; } = [];

    public IReadOnlyList<BlockIoEntry> Queued { get; init; } = [];

    /// <summary>Nanoseconds.</summary>
    public IReadOnlyList<BlockIoEntry> ServiceTime { get; init; } = [];

    /// <summary>Nanoseconds.</summary>
    public IReadOnlyList<BlockIoEntry> WaitTime { get; init; } = [];

    public IReadOnlyList<BlockIoEntry> Merged { get; init; } = [];

    /// <summary>Milliseconds.</summary>
    public IReadOnlyList<BlockIoEntry> Time { get; init; } = [];

    public IReadOnlyList<BlockIoEntry> Sectors { get; init; } = [];

    public PressureStats? Pressure { get; init; }
}

/// <summary>Bytes in huge pages of one size.</summary>
public readonly record struct HugepageStats(ulong Usage, ulong Max, ulong FailCount);

/// <summary>Handles and objects of one RDMA device; no limit is the greatest number.</summary>
public readonly record struct RdmaStats(string Device, uint HcaHandles, uint HcaObjects);

/// <summary>How much of the time some, or all, tasks waited for a resource: percent over 10, 60 and 300 s, and microseconds in all.</summary>
public readonly record struct PressureLine(double Average10, double Average60, double Average300, ulong Total);

/// <summary>Pressure stall information (Documentation/accounting/psi.rst); v2 only.</summary>
public sealed record PressureStats(PressureLine Some, PressureLine Full);
