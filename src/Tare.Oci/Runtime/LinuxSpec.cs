using System.Text.Json.Serialization;

namespace Tare.Oci.Runtime;

/// <summary>What is particular to Linux (config-linux.md).</summary>
public sealed record LinuxSpec
{
    /// <summary>User mappings of a new user namespace.</summary>
    public IReadOnlyList<LinuxIdMapping>? UidMappings { get; init; }

    /// <summary>Group mappings of a new user namespace.</summary>
    public IReadOnlyList<LinuxIdMapping>? GidMappings { get; init; }

    /// <summary>Kernel parameters set in the container's namespaces, sysctl(8).</summary>
    public IReadOnlyDictionary<string, string>? Sysctl { get; init; }

    /// <summary>Limits, and what devices may be used.</summary>
    public LinuxResources? Resources { get; init; }

    /// <summary>The container's cgroup: absolute (below the runtime's root of cgroups), relative, or <c>slice:prefix:name</c>.</summary>
    public string? CgroupsPath { get; init; }

    /// <summary>Namespaces to make or to join; those not listed are the runtime's.</summary>
    public IReadOnlyList<LinuxNamespace>? Namespaces { get; init; }

    /// <summary>Devices to make inside.</summary>
    public IReadOnlyList<LinuxDevice>? Devices { get; init; }

    /// <summary>The system calls that are allowed.</summary>
    public LinuxSeccomp? Seccomp { get; init; }

    /// <summary>The root mount's propagation: <c>shared</c>, <c>slave</c>, <c>private</c> or <c>unbindable</c>, recursive with a leading r.</summary>
    public string? RootfsPropagation { get; init; }

    /// <summary>Paths that cannot be read inside.</summary>
    public IReadOnlyList<string>? MaskedPaths { get; init; }

    /// <summary>Paths that cannot be written inside.</summary>
    public IReadOnlyList<string>? ReadonlyPaths { get; init; }

    /// <summary>The SELinux context of the container's mounts.</summary>
    public string? MountLabel { get; init; }

    /// <summary>Intel Resource Director Technology.</summary>
    public LinuxIntelRdt? IntelRdt { get; init; }

    /// <summary>The execution domain, personality(2).</summary>
    public LinuxPersonality? Personality { get; init; }

    /// <summary>Offsets of a new time namespace by clock: <c>monotonic</c>, <c>boottime</c>.</summary>
    public IReadOnlyDictionary<string, LinuxTimeOffset>? TimeOffsets { get; init; }
}

/// <summary>A range of ids that are one thing inside and another outside (user_namespaces(7)).</summary>
/// <param name="ContainerId">The first id inside.</param>
/// <param name="HostId">The first id outside.</param>
/// <param name="Size">How many.</param>
public sealed record LinuxIdMapping(
    [property: JsonPropertyName("containerID")] uint ContainerId,
    [property: JsonPropertyName("hostID")] uint HostId,
    uint Size);

/// <summary>A namespace to make, or to join when it has a path.</summary>
public sealed record LinuxNamespace
{
    /// <summary>One of <see cref="LinuxNamespaceTypes"/>.</summary>
    public required string Type { get; init; }

    /// <summary>An absolute path of a namespace file in the runtime's mount namespace.</summary>
    public string? Path { get; init; }
}

/// <summary>The names of the namespaces in a specification.</summary>
public static class LinuxNamespaceTypes
{
    public const string Pid = "pid";
    public const string Network = "network";
    public const string Mount = "mount";
    public const string Ipc = "ipc";
    public const string Uts = "uts";
    public const string User = "user";
    public const string Cgroup = "cgroup";
    public const string Time = "time";
}

/// <summary>A device node to make inside the container.</summary>
public sealed record LinuxDevice
{
    /// <summary>The absolute path inside.</summary>
    public required string Path { get; init; }

    /// <summary><c>c</c> or <c>u</c> for a character device, <c>b</c> for a block device, <c>p</c> for a fifo.</summary>
    public required string Type { get; init; }

    public long Major { get; init; }

    public long Minor { get; init; }

    /// <summary>Permission bits; 0666 when absent.</summary>
    public uint? FileMode { get; init; }

    public uint? Uid { get; init; }

    public uint? Gid { get; init; }
}

/// <summary>A shift of a clock in a time namespace (time_namespaces(7)).</summary>
/// <param name="Secs">Seconds.</param>
/// <param name="Nanosecs">Nanoseconds on top.</param>
public sealed record LinuxTimeOffset(long Secs, uint Nanosecs);

/// <summary>An execution domain.</summary>
public sealed record LinuxPersonality
{
    /// <summary><c>LINUX</c> or <c>LINUX32</c>.</summary>
    public required string Domain { get; init; }

    /// <summary>None is defined yet.</summary>
    public IReadOnlyList<string>? Flags { get; init; }
}

/// <summary>Cache and memory bandwidth allocation (resctrl).</summary>
public sealed record LinuxIntelRdt
{
    [JsonPropertyName("closID")]
    public string? ClosId { get; init; }

    public string? L3CacheSchema { get; init; }

    public string? MemBwSchema { get; init; }

    [JsonPropertyName("enableCMT")]
    public bool EnableCmt { get; init; }

    [JsonPropertyName("enableMBM")]
    public bool EnableMbm { get; init; }
}
