using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Sandbox;

/// <summary>Everything that the first process of a container is made from. Plain data; nothing in it is resolved yet.</summary>
public sealed record ContainerOptions
{
    /// <summary>The container's id: 64 hexadecimal digits. Names its cgroups.</summary>
    public required string Id { get; init; }

    /// <summary>The program and its arguments.</summary>
    public required IReadOnlyList<string> Args { get; init; }

    /// <summary>Environment as <c>NAME=value</c>. <c>HOME</c> is added from the user's entry where it is missing.</summary>
    public IReadOnlyList<string> Env { get; init; } = [];

    /// <summary>Working directory inside the container; made when it does not exist. Empty: <c>/</c>.</summary>
    public string WorkingDirectory { get; init; } = "";

    /// <summary>User as Docker takes it: <c>""</c>, <c>uid</c>, <c>name</c>, <c>uid:gid</c>, <c>name:group</c>; names are those of the container's own files.</summary>
    public string User { get; init; } = "";

    /// <summary>Additional groups, by name or number.</summary>
    public IReadOnlyList<string> AdditionalGroups { get; init; } = [];

    /// <summary>Host name; empty leaves the host's (<c>--uts host</c>).</summary>
    public string Hostname { get; init; } = "";

    /// <summary>NIS domain name, or empty.</summary>
    public string DomainName { get; init; } = "";

    /// <summary>Allocate a terminal inside the container.</summary>
    public bool Terminal { get; init; }

    /// <summary>First size of the terminal: rows and columns; zero leaves the kernel's.</summary>
    public (ushort Rows, ushort Columns) ConsoleSize { get; init; }

    /// <summary>Run a small init as process 1 that forwards signals and reaps orphans (<c>--init</c>).</summary>
    public bool Init { get; init; }

    /// <summary>Where the root filesystem comes from.</summary>
    public required RootFilesystem Root { get; init; }

    /// <summary>Mounts beyond the standard ones, in the order in which they are made.</summary>
    public IReadOnlyList<MountOptions> Mounts { get; init; } = [];

    /// <summary>Size of <c>/dev/shm</c> in bytes.</summary>
    public long ShmSize { get; init; } = 64 << 20;

    /// <summary>Which namespaces are new, shared with the host, or joined.</summary>
    public NamespaceOptions Namespaces { get; init; } = new();

    /// <summary>Limits.</summary>
    public ResourceOptions Resources { get; init; } = new();

    /// <summary>What the process may do.</summary>
    public SecurityOptions Security { get; init; } = new();

    /// <summary>Devices beyond the standard ones.</summary>
    public IReadOnlyList<DeviceOptions> Devices { get; init; } = [];

    /// <summary>Resource limits of the process (setrlimit(2)): name without <c>RLIMIT_</c> in lower case, soft, hard; -1 is infinity.</summary>
    public IReadOnlyList<(string Name, long Soft, long Hard)> Rlimits { get; init; } = [];

    /// <summary>Kernel parameters of the container's namespaces.</summary>
    public IReadOnlyDictionary<string, string> Sysctls { get; init; } = new Dictionary<string, string>();

    /// <summary>Adjustment of the OOM killer's score, -1000 to 1000; null is 0, whatever the launching process has.</summary>
    public int? OomScoreAdjust { get; init; }

    /// <summary>Parent of the container's cgroups; empty: <c>/tare</c>.</summary>
    public string CgroupParent { get; init; } = "";
}

/// <summary>A root filesystem: an overlay of layers, or a directory as it is.</summary>
public sealed record RootFilesystem
{
    /// <summary>Directories of the image's layers, topmost first. Absolute paths. Without any, <see cref="Upper"/> is the whole root.</summary>
    public IReadOnlyList<string> Layers { get; init; } = [];

    /// <summary>The overlay's upper directory (the container's own changes).</summary>
    public string? Upper { get; init; }

    /// <summary>The overlay's work directory, on the same filesystem as <see cref="Upper"/>.</summary>
    public string? Work { get; init; }

    /// <summary>
    /// The changes are thrown away with the container, so they need not reach the disk: <c>volatile</c> of overlayfs. What is written
    /// in the container is then not synchronised, at fsync(2) nor at its end; binds and volumes are.
    /// </summary>
    public bool Volatile { get; init; }

    /// <summary>Instead of an overlay: this directory is the root.</summary>
    public string? Directory { get; init; }

    /// <summary>Mount the root read-only.</summary>
    public bool ReadOnly { get; init; }
}

/// <summary>One mount of a container.</summary>
public sealed record MountOptions
{
    /// <summary><c>bind</c>, <c>tmpfs</c>, <c>overlay</c> (of <see cref="Layers"/>), or another filesystem type.</summary>
    public required string Type { get; init; }

    /// <summary>For a bind: an absolute path of the host. It must exist. For an overlay: what errors call it.</summary>
    public string Source { get; init; } = "";

    /// <summary>For an overlay: directories of the host that are shown one over another, the uppermost first; at least two. Absolute paths. Nothing is ever written there.</summary>
    public IReadOnlyList<string> Layers { get; init; } = [];

    /// <summary>For an overlay: the part of it that is mounted, a relative path that does not lead out of it; empty for all.</summary>
    public string Subpath { get; init; } = "";

    /// <summary>An absolute path inside the container; made when missing.</summary>
    public required string Target { get; init; }

    /// <summary>Mount read-only.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>For a bind: also what is mounted below the source (<c>rbind</c>).</summary>
    public bool Recursive { get; init; } = true;

    /// <summary>For a bind that is read-only: so is what is mounted below the source.</summary>
    public bool ReadOnlyBelow { get; init; } = true;

    /// <summary>For a bind: the source, and all in it that no other filesystem is mounted on, is given to the container's user first.</summary>
    public bool ChangeOwner { get; init; }

    /// <summary>For a bind: which users of the source's filesystem are which in the container; null: the same.</summary>
    public IReadOnlyList<LinuxIdMapping>? UidMappings { get; init; }

    /// <summary>The groups. Null if and only if <see cref="UidMappings"/> is.</summary>
    public IReadOnlyList<LinuxIdMapping>? GidMappings { get; init; }

    /// <summary>For a bind or an overlay: <c>private</c>, <c>rprivate</c>, <c>slave</c>, <c>rslave</c>, <c>shared</c>, <c>rshared</c>.</summary>
    public string Propagation { get; init; } = "rprivate";

    /// <summary>Further options in mount(8)'s words: <c>noexec</c>, <c>nosuid</c>, <c>size=64m</c>, <c>mode=1777</c> …</summary>
    public IReadOnlyList<string> Options { get; init; } = [];
}

/// <summary>What kind of namespace a container has of one type.</summary>
public enum NamespaceMode
{
    /// <summary>A new one.</summary>
    Private = 0,

    /// <summary>The host's.</summary>
    Host,

    /// <summary>That of another process, given by its pidfd.</summary>
    Join,
}

/// <summary>The namespaces of a container.</summary>
public sealed record NamespaceOptions
{
    /// <summary>Network: <see cref="NamespaceMode.Private"/> has only a loopback device, brought up.</summary>
    public NamespaceMode Network { get; init; }

    /// <summary>Processes.</summary>
    public NamespaceMode Pid { get; init; }

    /// <summary>System V IPC and POSIX message queues.</summary>
    public NamespaceMode Ipc { get; init; }

    /// <summary>Host name.</summary>
    public NamespaceMode Uts { get; init; }

    /// <summary>Control groups. Docker's default: host on cgroup v1, private on v2.</summary>
    public NamespaceMode Cgroup { get; init; } = NamespaceMode.Host;

    /// <summary>For <see cref="NamespaceMode.Join"/>: pidfds of the processes to join. Owned by the caller.</summary>
    public Fd? JoinNetwork { get; init; }

    /// <summary>See <see cref="JoinNetwork"/>.</summary>
    public Fd? JoinPid { get; init; }

    /// <summary>See <see cref="JoinNetwork"/>.</summary>
    public Fd? JoinIpc { get; init; }
}

/// <summary>Limits of a container; null is "not set".</summary>
public sealed record ResourceOptions
{
    /// <summary>Hard limit of memory in bytes.</summary>
    public long? Memory { get; init; }

    /// <summary>Memory plus swap in bytes; -1 is unlimited.</summary>
    public long? MemorySwap { get; init; }

    /// <summary>Soft limit of memory in bytes.</summary>
    public long? MemoryReservation { get; init; }

    /// <summary>Swappiness, 0 to 100 (cgroup v1 only).</summary>
    public int? MemorySwappiness { get; init; }

    /// <summary>Do not kill when out of memory (cgroup v1 only).</summary>
    public bool OomKillDisable { get; init; }

    /// <summary>CPU quota in microseconds per <see cref="CpuPeriod"/>.</summary>
    public long? CpuQuota { get; init; }

    /// <summary>CPU period in microseconds.</summary>
    public long? CpuPeriod { get; init; }

    /// <summary>Relative weight, 2 to 262144; 1024 is usual.</summary>
    public long? CpuShares { get; init; }

    /// <summary>CPUs that may be used, such as <c>0-2,7</c>.</summary>
    public string CpusetCpus { get; init; } = "";

    /// <summary>Memory nodes that may be used.</summary>
    public string CpusetMems { get; init; } = "";

    /// <summary>Most tasks; -1 is unlimited.</summary>
    public long? PidsLimit { get; init; }

    /// <summary>Block I/O weight, 10 to 1000.</summary>
    public int? BlkioWeight { get; init; }

    /// <summary>Throttles: which file (<c>read_bps</c>, <c>write_bps</c>, <c>read_iops</c>, <c>write_iops</c>), device path, rate.</summary>
    public IReadOnlyList<(string Kind, string Device, ulong Rate)> BlkioThrottles { get; init; } = [];

    /// <summary>Further device rules in Docker's words, such as <c>c 1:3 rwm</c>.</summary>
    public IReadOnlyList<string> DeviceRules { get; init; } = [];
}

/// <summary>What the process may do.</summary>
public sealed record SecurityOptions
{
    /// <summary>All capabilities, all devices, no seccomp filter, nothing masked.</summary>
    public bool Privileged { get; init; }

    /// <summary>Capabilities to add to Docker's default set; <c>ALL</c>, with or without <c>CAP_</c>, any case.</summary>
    public IReadOnlyList<string> CapAdd { get; init; } = [];

    /// <summary>Capabilities to drop from it.</summary>
    public IReadOnlyList<string> CapDrop { get; init; } = [];

    /// <summary>Forbid gaining privileges on exec (<c>no_new_privs</c>).</summary>
    public bool NoNewPrivileges { get; init; }

    /// <summary>No seccomp filter.</summary>
    public bool SeccompUnconfined { get; init; }

    /// <summary>A seccomp profile in Docker's JSON, instead of the default one.</summary>
    public string? SeccompProfile { get; init; }

    /// <summary>Paths to hide; null: Docker's.</summary>
    public IReadOnlyList<string>? MaskedPaths { get; init; }

    /// <summary>Paths to make read-only; null: Docker's.</summary>
    public IReadOnlyList<string>? ReadOnlyPaths { get; init; }
}

/// <summary>A device of the host, given to a container.</summary>
/// <param name="HostPath">A device node, or a directory of them.</param>
/// <param name="ContainerPath">Its path inside.</param>
/// <param name="Access">Letters of <c>rwm</c>.</param>
public sealed record DeviceOptions(string HostPath, string ContainerPath, string Access);
