namespace Tare.Oci.Runtime;

/// <summary>What <see cref="SpecValidator"/> has to know of the host and of how the runtime was called, so that it need not look.</summary>
public sealed record SpecContext
{
    /// <summary>Whether the host has cgroup v2 alone.</summary>
    public bool UnifiedCgroups { get; init; } = true;

    /// <summary>Whether systemd makes the cgroups, so that their path is <c>slice:prefix:name</c>.</summary>
    public bool SystemdCgroups { get; init; }

    /// <summary>Whether the runtime's effective user is not root in its own user namespace.</summary>
    public bool Rootless { get; init; }

    /// <summary>Whether the runtime may not be able to change cgroups, and does not insist.</summary>
    public bool RootlessCgroups { get; init; }

    /// <summary>Whether the root is entered without <c>pivot_root</c>.</summary>
    public bool NoPivotRoot { get; init; }

    /// <summary>Whether the kernel has user namespaces.</summary>
    public bool UserNamespaces { get; init; } = true;

    /// <summary>Whether the kernel has cgroup namespaces (4.6).</summary>
    public bool CgroupNamespaces { get; init; } = true;

    /// <summary>Whether the kernel has time namespaces (5.6).</summary>
    public bool TimeNamespaces { get; init; } = true;

    /// <summary>Whether the network namespace that the document wants to join is the runtime's own.</summary>
    public bool JoinsOwnNetwork { get; init; }

    /// <summary>The user mappings of the user namespace that the document wants to join; null when it joins none or they are not known.</summary>
    public IReadOnlyList<LinuxIdMapping>? JoinedUidMappings { get; init; }

    /// <summary>The group mappings of the user namespace that the document wants to join; null when it joins none or they are not known.</summary>
    public IReadOnlyList<LinuxIdMapping>? JoinedGidMappings { get; init; }

    /// <summary>The number of the last capability that the kernel has (<c>/proc/sys/kernel/cap_last_cap</c>).</summary>
    public int LastCapability { get; init; } = 40;

    /// <summary>Whether AppArmor is in force.</summary>
    public bool AppArmor { get; init; }

    /// <summary>Whether SELinux is in force.</summary>
    public bool Selinux { get; init; }

    /// <summary>Whether the resctrl filesystem is mounted.</summary>
    public bool IntelRdt { get; init; }

    /// <summary>Whether resctrl allocates cache.</summary>
    public bool IntelRdtCache { get; init; }

    /// <summary>Whether resctrl allocates memory bandwidth.</summary>
    public bool IntelRdtBandwidth { get; init; }
}
