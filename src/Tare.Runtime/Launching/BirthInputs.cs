using Tare.Linux;

namespace Tare.Runtime.Launching;

/// <summary>
/// What the birth of a container's process needs: where it is born, and into what. Descriptors go by the number that they have in the
/// launcher (<see cref="DescriptorList"/>).
/// </summary>
public sealed record BirthInputs
{
    /// <summary>cgroup v1: open <c>cgroup.procs</c> files of all hierarchies.</summary>
    public IReadOnlyList<int> CgroupProcs { get; init; } = [];

    /// <summary>cgroup v2: the open directory.</summary>
    public int? CgroupDirectory { get; init; }

    /// <summary>Namespaces that are new.</summary>
    public required NamespaceKinds New { get; init; }

    /// <summary>Namespaces to join, by descriptor of the namespace or of a process.</summary>
    public IReadOnlyList<(int Descriptor, NamespaceKinds Kinds)> Join { get; init; } = [];

    /// <summary>The mount namespace that is copied (<see cref="Namespaces.NewMountTemplate"/>); null: the runtime's.</summary>
    public int? Template { get; init; }

    /// <summary>The ids of a new user namespace; null: none is made.</summary>
    public IdMaps? UserNamespace { get; init; }

    /// <summary>Whether the caller is without privileges over its own namespaces: what it may not do is done in the new ones.</summary>
    public bool Unprivileged { get; init; }

    /// <summary>The OOM score adjustment; null leaves the caller's.</summary>
    public int? OomScoreAdj { get; init; }
}

/// <summary>The ids of a user namespace, as <c>/proc/PID/uid_map</c> reads them (user_namespaces(7)).</summary>
/// <param name="Users">Lines of <c>inside outside count</c>.</param>
/// <param name="Groups">The same for groups.</param>
/// <param name="DenyGroups">Whether setgroups(2) is forbidden first, as the kernel demands of an ordinary user.</param>
/// <param name="ByCaller">Whether the caller writes them, at <see cref="SyncPoint.MapIds"/>.</param>
/// <param name="HasRoot">Whether there is a user 0 in it.</param>
public sealed record IdMaps(string Users, string Groups, bool DenyGroups, bool ByCaller, bool HasRoot);
