namespace Tare.Oci.Runtime;

/// <summary>The process that a container starts, or that <c>exec</c> adds to it (config.md, "Process").</summary>
public sealed record ProcessSpec
{
    /// <summary>Whether it gets a terminal of its own.</summary>
    public bool Terminal { get; init; }

    /// <summary>The terminal's first size.</summary>
    public ConsoleSize? ConsoleSize { get; init; }

    /// <summary>The working directory: an absolute path inside the container.</summary>
    public required string Cwd { get; init; }

    /// <summary>The environment, <c>NAME=value</c>.</summary>
    public IReadOnlyList<string>? Env { get; init; }

    /// <summary>The program and its arguments; required to start.</summary>
    public IReadOnlyList<string>? Args { get; init; }

    /// <summary>The whole command line in one string, for Windows alone; read and written, never used.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Resource limits.</summary>
    public IReadOnlyList<Rlimit>? Rlimits { get; init; }

    /// <summary>The AppArmor profile.</summary>
    public string? ApparmorProfile { get; init; }

    /// <summary>The capability sets; absent means that nothing is changed.</summary>
    public LinuxCapabilities? Capabilities { get; init; }

    /// <summary>Whether <c>PR_SET_NO_NEW_PRIVS</c> is set.</summary>
    public bool NoNewPrivileges { get; init; }

    /// <summary>The value for <c>/proc/PID/oom_score_adj</c>; absent leaves it.</summary>
    public int? OomScoreAdj { get; init; }

    /// <summary>Scheduling policy and its parameters.</summary>
    public SchedulerSpec? Scheduler { get; init; }

    /// <summary>The SELinux label.</summary>
    public string? SelinuxLabel { get; init; }

    /// <summary>The I/O priority.</summary>
    public LinuxIoPriority? IoPriority { get; init; }

    /// <summary>CPUs on which a process that is added by exec runs.</summary>
    public CpuAffinity? ExecCpuAffinity { get; init; }

    /// <summary>The user and groups; root when absent.</summary>
    public UserSpec User { get; init; } = new();
}

/// <summary>A terminal's size in characters.</summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
public sealed record ConsoleSize(ushort Height, ushort Width);

/// <summary>The ids that a process runs with.</summary>
public sealed record UserSpec
{
    public uint Uid { get; init; }

    public uint Gid { get; init; }

    /// <summary>The file mode creation mask; absent leaves the runtime's.</summary>
    public uint? Umask { get; init; }

    /// <summary>Supplementary groups.</summary>
    public IReadOnlyList<uint>? AdditionalGids { get; init; }

    /// <summary>The name, for Windows alone; read and written, never used.</summary>
    public string? Username { get; init; }
}

/// <summary>A resource limit, setrlimit(2).</summary>
/// <param name="Type">The name, such as <c>RLIMIT_NOFILE</c>.</param>
/// <param name="Soft">The limit in force.</param>
/// <param name="Hard">The ceiling of the soft limit.</param>
public sealed record Rlimit(string Type, ulong Soft, ulong Hard);

/// <summary>Capability sets, by names such as <c>CAP_CHOWN</c> (capabilities(7)).</summary>
public sealed record LinuxCapabilities
{
    public IReadOnlyList<string>? Bounding { get; init; }

    public IReadOnlyList<string>? Effective { get; init; }

    public IReadOnlyList<string>? Inheritable { get; init; }

    public IReadOnlyList<string>? Permitted { get; init; }

    public IReadOnlyList<string>? Ambient { get; init; }
}

/// <summary>Scheduling attributes, sched_setattr(2).</summary>
public sealed record SchedulerSpec
{
    /// <summary>The policy's name, such as <c>SCHED_BATCH</c>.</summary>
    public required string Policy { get; init; }

    public int? Nice { get; init; }

    public int? Priority { get; init; }

    /// <summary>Flags by name, such as <c>SCHED_FLAG_RESET_ON_FORK</c>.</summary>
    public IReadOnlyList<string>? Flags { get; init; }

    /// <summary>Nanoseconds, for the deadline policy.</summary>
    public ulong? Runtime { get; init; }

    /// <summary>Nanoseconds, for the deadline policy.</summary>
    public ulong? Deadline { get; init; }

    /// <summary>Nanoseconds, for the deadline policy.</summary>
    public ulong? Period { get; init; }
}

/// <summary>An I/O priority, ioprio_set(2).</summary>
/// <param name="Class">Such as <c>IOPRIO_CLASS_BE</c>.</param>
/// <param name="Priority">From 0, the highest, to 7.</param>
public sealed record LinuxIoPriority(string Class, int Priority);

/// <summary>CPU lists such as <c>0-3,7</c>.</summary>
public sealed record CpuAffinity
{
    /// <summary>In force until the process has entered the container's cgroup.</summary>
    public string? Initial { get; init; }

    /// <summary>In force from then on.</summary>
    public string? Final { get; init; }
}
