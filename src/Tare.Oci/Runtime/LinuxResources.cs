namespace Tare.Oci.Runtime;

/// <summary>Limits of a container's cgroup (config-linux.md, "Control groups"). Sizes are bytes, -1 means no limit.</summary>
public sealed record LinuxResources
{
    /// <summary>Device rules, applied in this order.</summary>
    public IReadOnlyList<LinuxDeviceCgroup>? Devices { get; init; }

    public LinuxMemory? Memory { get; init; }

    public LinuxCpu? Cpu { get; init; }

    public LinuxPids? Pids { get; init; }

    public LinuxBlockIo? BlockIo { get; init; }

    public IReadOnlyList<LinuxHugepageLimit>? HugepageLimits { get; init; }

    public LinuxNetworkResources? Network { get; init; }

    /// <summary>RDMA limits by device name.</summary>
    public IReadOnlyDictionary<string, LinuxRdma>? Rdma { get; init; }

    /// <summary>Cgroup v2 files and what to write to them.</summary>
    public IReadOnlyDictionary<string, string>? Unified { get; init; }
}

/// <summary>A rule about devices.</summary>
public sealed record LinuxDeviceCgroup
{
    public bool Allow { get; init; }

    /// <summary><c>a</c> for all, <c>c</c>, <c>b</c>; absent means all.</summary>
    public string? Type { get; init; }

    /// <summary>Absent means any.</summary>
    public long? Major { get; init; }

    /// <summary>Absent means any.</summary>
    public long? Minor { get; init; }

    /// <summary>Some of <c>r</c>, <c>w</c>, <c>m</c> (make); absent means all.</summary>
    public string? Access { get; init; }
}

/// <summary>Memory limits.</summary>
public sealed record LinuxMemory
{
    /// <summary>Bytes of memory.</summary>
    public long? Limit { get; init; }

    /// <summary>Bytes, a soft limit.</summary>
    public long? Reservation { get; init; }

    /// <summary>Bytes of memory and swap together.</summary>
    public long? Swap { get; init; }

    /// <summary>Bytes of kernel memory; deprecated by the specification.</summary>
    public long? Kernel { get; init; }

    /// <summary>Bytes of TCP buffers; deprecated by the specification.</summary>
    public long? KernelTcp { get; init; }

    /// <summary>From 0 to 100, cgroup v1.</summary>
    public ulong? Swappiness { get; init; }

    public bool? DisableOomKiller { get; init; }

    public bool? UseHierarchy { get; init; }

    /// <summary>Whether a limit below what is in use is refused.</summary>
    public bool? CheckBeforeUpdate { get; init; }
}

/// <summary>CPU limits.</summary>
public sealed record LinuxCpu
{
    /// <summary>The relative weight, cgroup v1's scale (2 to 262144, 1024 by default).</summary>
    public ulong? Shares { get; init; }

    /// <summary>Microseconds of CPU time in a period; negative means no limit.</summary>
    public long? Quota { get; init; }

    /// <summary>Microseconds that may be saved up.</summary>
    public ulong? Burst { get; init; }

    /// <summary>Microseconds.</summary>
    public ulong? Period { get; init; }

    /// <summary>Microseconds of real-time scheduling in a real-time period.</summary>
    public long? RealtimeRuntime { get; init; }

    /// <summary>Microseconds.</summary>
    public ulong? RealtimePeriod { get; init; }

    /// <summary>The CPUs, a list such as <c>0-3,7</c>.</summary>
    public string? Cpus { get; init; }

    /// <summary>The memory nodes, a list.</summary>
    public string? Mems { get; init; }

    /// <summary>1 puts the whole group at SCHED_IDLE.</summary>
    public long? Idle { get; init; }
}

/// <summary>A limit on the number of tasks; -1 or 0 means none.</summary>
public sealed record LinuxPids
{
    public long? Limit { get; init; }
}

/// <summary>Block I/O weights and limits.</summary>
public sealed record LinuxBlockIo
{
    /// <summary>The relative weight, 10 to 1000.</summary>
    public ushort? Weight { get; init; }

    /// <summary>The weight of the group's own tasks against its children, cgroup v1.</summary>
    public ushort? LeafWeight { get; init; }

    public IReadOnlyList<LinuxWeightDevice>? WeightDevice { get; init; }

    /// <summary>Bytes a second.</summary>
    public IReadOnlyList<LinuxThrottleDevice>? ThrottleReadBpsDevice { get; init; }

    /// <summary>Bytes a second.</summary>
    public IReadOnlyList<LinuxThrottleDevice>? ThrottleWriteBpsDevice { get; init; }

    /// <summary>Operations a second.</summary>
    public IReadOnlyList<LinuxThrottleDevice>? ThrottleReadIopsDevice { get; init; }

    /// <summary>Operations a second.</summary>
    public IReadOnlyList<LinuxThrottleDevice>? ThrottleWriteIopsDevice { get; init; }
}

/// <summary>The weight for one block device.</summary>
public sealed record LinuxWeightDevice(long Major, long Minor, ushort? Weight, ushort? LeafWeight);

/// <summary>The rate for one block device.</summary>
public sealed record LinuxThrottleDevice(long Major, long Minor, ulong Rate);

/// <summary>A limit on huge pages.</summary>
/// <param name="PageSize">Such as <c>2MB</c>.</param>
/// <param name="Limit">Bytes.</param>
public sealed record LinuxHugepageLimit(string PageSize, ulong Limit);

/// <summary>Network classes and priorities, cgroup v1.</summary>
public sealed record LinuxNetworkResources
{
    public uint? ClassId { get; init; }

    public IReadOnlyList<LinuxInterfacePriority>? Priorities { get; init; }
}

/// <summary>The priority of traffic on an interface.</summary>
public sealed record LinuxInterfacePriority(string Name, uint Priority);

/// <summary>RDMA limits of one device.</summary>
public sealed record LinuxRdma
{
    public uint? HcaHandles { get; init; }

    public uint? HcaObjects { get; init; }
}
