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

    /// <summary>Network devices of the runtime's network namespace that move into the container's, by their name there (1.3).</summary>
    public IReadOnlyDictionary<string, LinuxNetDevice>? NetDevices { get; init; }

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

    /// <summary>Where the process's memory is taken from on a machine with several nodes, set_mempolicy(2) (1.3).</summary>
    public LinuxMemoryPolicy? MemoryPolicy { get; init; }

    /// <summary>The execution domain, personality(2).</summary>
    public LinuxPersonality? Personality { get; init; }

    /// <summary>Offsets of a new time namespace by clock: <c>monotonic</c>, <c>boottime</c>.</summary>
    public IReadOnlyDictionary<string, LinuxTimeOffset>? TimeOffsets { get; init; }
}

/// <summary>A range of ids that are one thing inside and another outside (user_namespaces(7)).</summary>
/// <param name="ContainerId">The first id inside.</param>
/// <param name="HostId">The first id outside.</param>
/// <param name="Size">How many.</param>
public sealed record LinuxIdMapping(uint ContainerId, uint HostId, uint Size);

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

    /// <summary>All, in the order of their names.</summary>
    public static IReadOnlyList<string> All { get; } = [Cgroup, Ipc, Mount, Network, Pid, Time, User, Uts];
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

/// <summary>A network device that moves into the container (1.3).</summary>
public sealed record LinuxNetDevice
{
    /// <summary>Its name inside; absent or empty keeps the name, and <c>%d</c> in it is a number that the kernel chooses.</summary>
    public string? Name { get; init; }
}

/// <summary>A NUMA policy, set_mempolicy(2) (1.3).</summary>
public sealed record LinuxMemoryPolicy
{
    /// <summary>The mode's name, such as <c>MPOL_INTERLEAVE</c>.</summary>
    public required string Mode { get; init; }

    /// <summary>The nodes, a list such as <c>0-3,7</c>.</summary>
    public string? Nodes { get; init; }

    /// <summary>Flags by name, such as <c>MPOL_F_STATIC_NODES</c>.</summary>
    public IReadOnlyList<string>? Flags { get; init; }
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
    /// <summary>The class of service: a directory of the resctrl filesystem; <c>/</c> is its root.</summary>
    public string? ClosId { get; init; }

    /// <summary>Lines for the schemata file, as they are; they come before the two members below (1.3).</summary>
    public IReadOnlyList<string>? Schemata { get; init; }

    /// <summary>A line for the schemata file, <c>L3:0=f;1=f</c>.</summary>
    public string? L3CacheSchema { get; init; }

    /// <summary>A line for the schemata file, <c>MB:0=20;1=70</c>: per cent, or MB/s where the kernel was told so.</summary>
    public string? MemBwSchema { get; init; }

    /// <summary>Whether cache occupancy is counted (1.2; 1.3 has <see cref="EnableMonitoring"/> in its place).</summary>
    public bool EnableCmt { get; init; }

    /// <summary>Whether memory bandwidth is counted (1.2; 1.3 has <see cref="EnableMonitoring"/> in its place).</summary>
    public bool EnableMbm { get; init; }

    /// <summary>Whether the container has a monitoring group of its own (1.3).</summary>
    public bool EnableMonitoring { get; init; }
}
