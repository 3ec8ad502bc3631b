using System.Text.Json.Serialization;

namespace Tare.Wire;

/// <summary>Limits and devices of a container. Zero means no limit unless said otherwise. Swagger: Resources.</summary>
public record Resources
{
    /// <summary>Relative weight; cgroup v1's scale.</summary>
    public long CpuShares { get; set; }

    /// <summary>Bytes.</summary>
    public long Memory { get; set; }

    /// <summary>10⁻⁹ CPUs.</summary>
    public long NanoCpus { get; set; }

    public string CgroupParent { get; set; } = "";

    /// <summary>10 to 1000.</summary>
    public ushort BlkioWeight { get; set; }

    public IReadOnlyList<WeightDevice>? BlkioWeightDevice { get; set; }

    public IReadOnlyList<ThrottleDevice>? BlkioDeviceReadBps { get; set; }

    public IReadOnlyList<ThrottleDevice>? BlkioDeviceWriteBps { get; set; }

    public IReadOnlyList<ThrottleDevice>? BlkioDeviceReadIOps { get; set; }

    public IReadOnlyList<ThrottleDevice>? BlkioDeviceWriteIOps { get; set; }

    /// <summary>Microseconds.</summary>
    public long CpuPeriod { get; set; }

    /// <summary>Microseconds per period.</summary>
    public long CpuQuota { get; set; }

    public long CpuRealtimePeriod { get; set; }

    public long CpuRealtimeRuntime { get; set; }

    /// <summary>A list like <c>0-2,4</c>.</summary>
    public string CpusetCpus { get; set; } = "";

    public string CpusetMems { get; set; } = "";

    public IReadOnlyList<DeviceMapping>? Devices { get; set; }

    /// <summary>Rules like <c>c 42:* rmw</c>.</summary>
    public IReadOnlyList<string>? DeviceCgroupRules { get; set; }

    public IReadOnlyList<DeviceRequest>? DeviceRequests { get; set; }

    /// <summary>Bytes; obsolete, and no kernel of today has it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long KernelMemory { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long KernelMemoryTCP { get; set; }

    /// <summary>Bytes; a soft limit.</summary>
    public long MemoryReservation { get; set; }

    /// <summary>Bytes of memory and swap together; -1 is unlimited swap.</summary>
    public long MemorySwap { get; set; }

    /// <summary>0 to 100; null is the kernel's choice.</summary>
    public long? MemorySwappiness { get; set; }

    public bool? OomKillDisable { get; set; }

    /// <summary>0 or -1 is unlimited; null leaves it as it is.</summary>
    public long? PidsLimit { get; set; }

    public IReadOnlyList<Ulimit>? Ulimits { get; set; }

    /// <summary>Windows only, as are the three below; kept because clients send them.</summary>
    public long CpuCount { get; set; }

    public long CpuPercent { get; set; }

    public ulong IOMaximumIOps { get; set; }

    public ulong IOMaximumBandwidth { get; set; }
}

/// <summary>The body of POST /containers/{id}/update.</summary>
public sealed record ContainerUpdateRequest : Resources
{
    public RestartPolicy RestartPolicy { get; set; } = new();
}

/// <summary>Swagger: ContainerUpdateResponse.</summary>
public sealed record ContainerUpdateResponse
{
    public IReadOnlyList<string>? Warnings { get; set; }
}

/// <summary>A block device and its weight, 10 to 1000.</summary>
public sealed record WeightDevice
{
    public string Path { get; set; } = "";

    public ushort Weight { get; set; }
}

/// <summary>A block device and its rate, per second. Swagger: ThrottleDevice.</summary>
public sealed record ThrottleDevice
{
    public string Path { get; set; } = "";

    public ulong Rate { get; set; }
}

/// <summary>Swagger: DeviceMapping.</summary>
public sealed record DeviceMapping
{
    public string PathOnHost { get; set; } = "";

    public string PathInContainer { get; set; } = "";

    /// <summary>Letters of <c>rwm</c>.</summary>
    public string CgroupPermissions { get; set; } = "";
}

/// <summary>Swagger: DeviceRequest.</summary>
public sealed record DeviceRequest
{
    public string Driver { get; set; } = "";

    /// <summary>-1 asks for all.</summary>
    public int Count { get; set; }

    public IReadOnlyList<string>? DeviceIDs { get; set; }

    public IReadOnlyList<IReadOnlyList<string>>? Capabilities { get; set; }

    public IReadOnlyDictionary<string, string>? Options { get; set; }
}

/// <summary>A resource limit of the process, as setrlimit(2) names it in lower case without RLIMIT_.</summary>
public sealed record Ulimit
{
    public string Name { get; set; } = "";

    public long Hard { get; set; }

    public long Soft { get; set; }
}

/// <summary>Swagger: RestartPolicy.</summary>
public sealed record RestartPolicy
{
    /// <summary>Empty, <c>no</c>, <c>always</c>, <c>unless-stopped</c> or <c>on-failure</c>.</summary>
    public string Name { get; set; } = "";

    /// <summary>For <c>on-failure</c>; zero is without end.</summary>
    public int MaximumRetryCount { get; set; }
}
