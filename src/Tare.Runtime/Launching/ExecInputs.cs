using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Launching;

/// <summary>What a launch of a further process needs.</summary>
public sealed record ExecInputs
{
    /// <summary>The process.</summary>
    public required ProcessSpec Process { get; init; }

    /// <summary>A pidfd of the container's first process.</summary>
    public required int Target { get; init; }

    /// <summary>The container's namespaces, to be joined.</summary>
    public required NamespaceKinds Join { get; init; }

    /// <summary>The container's root, where that is not the root of a mount namespace to be joined.</summary>
    public int? Root { get; init; }

    /// <summary>See <see cref="BirthInputs.CgroupProcs"/>.</summary>
    public IReadOnlyList<int> CgroupProcs { get; init; } = [];

    /// <summary>See <see cref="BirthInputs.CgroupDirectory"/>.</summary>
    public int? CgroupDirectory { get; init; }

    /// <summary>See <see cref="LaunchInputs.SeccompFilter"/>.</summary>
    public SeccompFilter? SeccompFilter { get; init; }

    /// <summary>See <see cref="LaunchInputs.Preserved"/>.</summary>
    public IReadOnlyList<int?> Preserved { get; init; } = [];

    /// <summary>See <see cref="BirthInputs.Unprivileged"/>.</summary>
    public bool Unprivileged { get; init; }

    /// <summary>The container's NUMA policy; null: the caller's own.</summary>
    public LinuxMemoryPolicy? MemoryPolicy { get; init; }

    /// <summary>The container's execution domain; null: the caller's own.</summary>
    public LinuxPersonality? Personality { get; init; }

    /// <summary>The arguments with which the program is called, where its name there is not that of its file; null: those of the process.</summary>
    public IReadOnlyList<string>? CalledAs { get; init; }

    /// <summary>Whether the process stays in the launcher's session, as a hook does.</summary>
    public bool SameSession { get; init; }
}
