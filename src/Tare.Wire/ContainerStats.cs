using System.Text.Json.Serialization;

namespace Tare.Wire;

/// <summary>One sample of a container's use of resources. Swagger: ContainerStatsResponse.</summary>
public sealed record ContainerStatsResponse
{
    [JsonPropertyName("id")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Id { get; set => field = Json.OmitEmpty.Text(value); }

    [JsonPropertyName("name")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; set => field = Json.OmitEmpty.Text(value); }

    /// <summary>From API 1.52 on.</summary>
    [JsonPropertyName("os_type")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? OsType { get; set => field = Json.OmitEmpty.Text(value); }

    [JsonPropertyName("read")]
    public string Read { get; set; } = GoTime.Zero;

    [JsonPropertyName("preread")]
    public string PreRead { get; set; } = GoTime.Zero;

    [JsonPropertyName("pids_stats")]
    public ContainerPidsStats PidsStats { get; set; } = new();

    [JsonPropertyName("blkio_stats")]
    public ContainerBlkioStats BlkioStats { get; set; } = new();

    [JsonPropertyName("num_procs")]
    public uint NumProcs { get; set; }

    [JsonPropertyName("storage_stats")]
    public ContainerStorageStats StorageStats { get; set; } = new();

    [JsonPropertyName("cpu_stats")]
    public ContainerCPUStats CpuStats { get; set; } = new();

    [JsonPropertyName("precpu_stats")]
    public ContainerCPUStats PreCpuStats { get; set; } = new();

    [JsonPropertyName("memory_stats")]
    public ContainerMemoryStats MemoryStats { get; set; } = new();

    [JsonPropertyName("networks")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, ContainerNetworkStats>? Networks { get; set => field = Json.OmitEmpty.Map(value); }
}

/// <summary>Swagger: ContainerPidsStats.</summary>
public sealed record ContainerPidsStats
{
    [JsonPropertyName("current")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong Current { get; set; }

    [JsonPropertyName("limit")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong Limit { get; set; }
}

/// <summary>Swagger: ContainerBlkioStats. Cgroup v2 has only the first list.</summary>
public sealed record ContainerBlkioStats
{
    [JsonPropertyName("io_service_bytes_recursive")]
    public IReadOnlyList<ContainerBlkioStatEntry>? IoServiceBytesRecursive { get; set; }

    [JsonPropertyName("io_serviced_recursive")]
    public IReadOnlyList<ContainerBlkioStatEntry>? IoServicedRecursive { get; set; }

    [JsonPropertyName("io_queue_recursive")]
    public IReadOnlyList<ContainerBlkioStatEntry>? IoQueueRecursive { get; set; }

    [JsonPropertyName("io_service_time_recursive")]
    public IReadOnlyList<ContainerBlkioStatEntry>? IoServiceTimeRecursive { get; set; }

    [JsonPropertyName("io_wait_time_recursive")]
    public IReadOnlyList<ContainerBlkioStatEntry>? IoWaitTimeRecursive { get; set; }

    [JsonPropertyName("io_merged_recursive")]
    public IReadOnlyList<ContainerBlkioStatEntry>? IoMergedRecursive { get; set; }

    [JsonPropertyName("io_time_recursive")]
    public IReadOnlyList<ContainerBlkioStatEntry>? IoTimeRecursive { get; set; }

    [JsonPropertyName("sectors_recursive")]
    public IReadOnlyList<ContainerBlkioStatEntry>? SectorsRecursive { get; set; }
}

/// <summary>Swagger: ContainerBlkioStatEntry.</summary>
public sealed record ContainerBlkioStatEntry
{
    [JsonPropertyName("major")]
    public ulong Major { get; set; }

    [JsonPropertyName("minor")]
    public ulong Minor { get; set; }

    [JsonPropertyName("op")]
    public string Op { get; set; } = "";

    [JsonPropertyName("value")]
    public ulong Value { get; set; }
}

/// <summary>Swagger: ContainerStorageStats; Windows only, so always empty here.</summary>
public sealed record ContainerStorageStats;

/// <summary>Swagger: ContainerCPUStats.</summary>
public sealed record ContainerCPUStats
{
    [JsonPropertyName("cpu_usage")]
    public ContainerCPUUsage CpuUsage { get; set; } = new();

    /// <summary>Nanoseconds that all CPUs of the host were busy.</summary>
    [JsonPropertyName("system_cpu_usage")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong SystemCpuUsage { get; set; }

    [JsonPropertyName("online_cpus")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public uint OnlineCpus { get; set; }

    [JsonPropertyName("throttling_data")]
    public ContainerThrottlingData ThrottlingData { get; set; } = new();
}

/// <summary>Nanoseconds. Swagger: ContainerCPUUsage.</summary>
public sealed record ContainerCPUUsage
{
    [JsonPropertyName("total_usage")]
    public ulong TotalUsage { get; set; }

    /// <summary>Cgroup v1 only.</summary>
    [JsonPropertyName("percpu_usage")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ulong>? PercpuUsage { get; set => field = Json.OmitEmpty.List(value); }

    [JsonPropertyName("usage_in_kernelmode")]
    public ulong UsageInKernelmode { get; set; }

    [JsonPropertyName("usage_in_usermode")]
    public ulong UsageInUsermode { get; set; }
}

/// <summary>Swagger: ContainerThrottlingData.</summary>
public sealed record ContainerThrottlingData
{
    [JsonPropertyName("periods")]
    public ulong Periods { get; set; }

    [JsonPropertyName("throttled_periods")]
    public ulong ThrottledPeriods { get; set; }

    /// <summary>Nanoseconds.</summary>
    [JsonPropertyName("throttled_time")]
    public ulong ThrottledTime { get; set; }
}

/// <summary>Bytes. Swagger: ContainerMemoryStats.</summary>
public sealed record ContainerMemoryStats
{
    [JsonPropertyName("usage")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong Usage { get; set; }

    /// <summary>Cgroup v1 only.</summary>
    [JsonPropertyName("max_usage")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong MaxUsage { get; set; }

    /// <summary>The lines of memory.stat.</summary>
    [JsonPropertyName("stats")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, ulong>? Stats { get; set => field = Json.OmitEmpty.Map(value); }

    /// <summary>Cgroup v1 only.</summary>
    [JsonPropertyName("failcnt")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong Failcnt { get; set; }

    [JsonPropertyName("limit")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong Limit { get; set; }
}

/// <summary>Swagger: ContainerNetworkStats.</summary>
public sealed record ContainerNetworkStats
{
    [JsonPropertyName("rx_bytes")]
    public ulong RxBytes { get; set; }

    [JsonPropertyName("rx_packets")]
    public ulong RxPackets { get; set; }

    [JsonPropertyName("rx_errors")]
    public ulong RxErrors { get; set; }

    [JsonPropertyName("rx_dropped")]
    public ulong RxDropped { get; set; }

    [JsonPropertyName("tx_bytes")]
    public ulong TxBytes { get; set; }

    [JsonPropertyName("tx_packets")]
    public ulong TxPackets { get; set; }

    [JsonPropertyName("tx_errors")]
    public ulong TxErrors { get; set; }

    [JsonPropertyName("tx_dropped")]
    public ulong TxDropped { get; set; }
}
