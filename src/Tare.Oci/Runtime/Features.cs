namespace Tare.Oci.Runtime;

/// <summary>
/// What a runtime understands, for those who call it (features.md and features-linux.md, 1.1 and later): whether it is built
/// in, and not whether the host has it. Null is "not said", which is neither "no" nor "none".
/// </summary>
public sealed record Features
{
    /// <summary>The oldest version of the specification that is understood.</summary>
    public string OciVersionMin { get; init; } = Spec.OldestVersion;

    /// <summary>The newest version of the specification that is understood.</summary>
    public string OciVersionMax { get; init; } = Spec.NewestVersion;

    /// <summary>The names of hooks: those of <see cref="HooksSpec"/>.</summary>
    public IReadOnlyList<string>? Hooks { get; init; } = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

    /// <summary>The mount options that are not a filesystem's.</summary>
    public IReadOnlyList<string>? MountOptions { get; init; } = MountOptionNames.All;

    /// <summary>What is particular to Linux.</summary>
    public LinuxFeatures? Linux { get; init; }

    /// <summary>Facts of this implementation, such as its version.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>Annotations of a configuration that change what is done, so that not everybody should set them; with a dot at the end, all that start so.</summary>
    public IReadOnlyList<string>? PotentiallyUnsafeConfigAnnotations { get; init; }
}

/// <summary>What a runtime understands of Linux (features-linux.md).</summary>
public sealed record LinuxFeatures
{
    /// <summary>The types of namespaces.</summary>
    public IReadOnlyList<string>? Namespaces { get; init; } = LinuxNamespaceTypes.All;

    /// <summary>The names of capabilities, by number.</summary>
    public IReadOnlyList<string>? Capabilities { get; init; } = Tare.Linux.Capabilities.All;

    public CgroupFeatures? Cgroup { get; init; }

    public SeccompFeatures? Seccomp { get; init; }

    /// <summary>Whether AppArmor profiles are set.</summary>
    public bool? Apparmor { get; init; }

    /// <summary>Whether SELinux labels are set.</summary>
    public bool? Selinux { get; init; }

    public IntelRdtFeatures? IntelRdt { get; init; }

    public MemoryPolicyFeatures? MemoryPolicy { get; init; }

    /// <summary>Whether mounts can have their ids mapped.</summary>
    public bool? IdMappedMounts { get; init; }

    /// <summary>Whether network devices are moved into a container (1.3).</summary>
    public bool? NetDevices { get; init; }
}

/// <summary>Which cgroups are managed.</summary>
public sealed record CgroupFeatures
{
    public bool? V1 { get; init; }

    public bool? V2 { get; init; }

    /// <summary>Whether systemd can be asked for cgroups.</summary>
    public bool? Systemd { get; init; }

    /// <summary>Whether a user's own systemd can be asked for cgroups.</summary>
    public bool? SystemdUser { get; init; }

    public bool? Rdma { get; init; }
}

/// <summary>Which system call filters are understood; names are libseccomp's.</summary>
public sealed record SeccompFeatures
{
    public bool? Enabled { get; init; }

    public IReadOnlyList<string>? Actions { get; init; }

    public IReadOnlyList<string>? Operators { get; init; }

    public IReadOnlyList<string>? Archs { get; init; }

    /// <summary>The flags that are understood.</summary>
    public IReadOnlyList<string>? KnownFlags { get; init; }

    /// <summary>Those of them that this kernel has.</summary>
    public IReadOnlyList<string>? SupportedFlags { get; init; }
}

/// <summary>What is done with resctrl.</summary>
public sealed record IntelRdtFeatures
{
    public bool? Enabled { get; init; }

    /// <summary>Whether <see cref="LinuxIntelRdt.Schemata"/> is heeded (1.3).</summary>
    public bool? Schemata { get; init; }

    /// <summary>Whether <see cref="LinuxIntelRdt.EnableMonitoring"/> is heeded (1.3).</summary>
    public bool? Monitoring { get; init; }
}

/// <summary>Which NUMA policies are understood (1.3).</summary>
public sealed record MemoryPolicyFeatures
{
    public IReadOnlyList<string>? Modes { get; init; } = MemoryPolicyNames.Modes;

    public IReadOnlyList<string>? Flags { get; init; } = MemoryPolicyNames.Flags;
}
