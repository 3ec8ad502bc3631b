namespace Tare.Oci.Runtime;

/// <summary>
/// A container's configuration: <c>config.json</c> of a bundle (OCI runtime-spec 1.2 and 1.3, config.md). What is optional there
/// is nullable here and left out when written; a list that is absent is <see langword="null"/>. Unknown members, and those of
/// other platforms, are ignored, as the specification asks. <see cref="SpecReader"/> reads it, <see cref="SpecWriter"/> writes it.
/// </summary>
public sealed record Spec
{
    /// <summary>The version that the house writes: the oldest that has all that it needs, so that other runtimes read it too.</summary>
    public const string CurrentVersion = "1.2.1";

    /// <summary>The oldest version that is understood.</summary>
    public const string OldestVersion = "1.0.0";

    /// <summary>The newest version that is understood.</summary>
    public const string NewestVersion = "1.3.0";

    /// <summary>The version of the specification that this document follows, such as <c>1.2.1</c>.</summary>
    public required string OciVersion { get; init; }

    /// <summary>What runs. Absent only for a container that is created and never started.</summary>
    public ProcessSpec? Process { get; init; }

    /// <summary>The root filesystem.</summary>
    public RootSpec? Root { get; init; }

    /// <summary>The host name (UTS namespace).</summary>
    public string? Hostname { get; init; }

    /// <summary>The NIS domain name (UTS namespace).</summary>
    public string? Domainname { get; init; }

    /// <summary>Mounts, made in this order.</summary>
    public IReadOnlyList<MountSpec>? Mounts { get; init; }

    /// <summary>Programs to run at the stages of the container's life.</summary>
    public HooksSpec? Hooks { get; init; }

    /// <summary>Arbitrary metadata.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>What is particular to Linux.</summary>
    public LinuxSpec? Linux { get; init; }
}

/// <summary>The root filesystem of a container.</summary>
public sealed record RootSpec
{
    /// <summary>Where it is: absolute, or relative to the bundle.</summary>
    public required string Path { get; init; }

    /// <summary>Whether it is mounted read-only inside.</summary>
    public bool Readonly { get; init; }
}

/// <summary>A mount inside the container (config.md, "Mounts").</summary>
public sealed record MountSpec
{
    /// <summary>The absolute path inside the container.</summary>
    public required string Destination { get; init; }

    /// <summary>The filesystem type, such as <c>proc</c>, <c>tmpfs</c>; <c>none</c> or absent for a bind mount.</summary>
    public string? Type { get; init; }

    /// <summary>The device, or the path of a bind mount (absolute, or relative to the bundle).</summary>
    public string? Source { get; init; }

    /// <summary>Options in the manner of fstab(5), and those of the specification (<c>rbind</c>, <c>rro</c>, <c>tmpcopyup</c> …).</summary>
    public IReadOnlyList<string>? Options { get; init; }

    /// <summary>User mappings of an id-mapped mount.</summary>
    public IReadOnlyList<LinuxIdMapping>? UidMappings { get; init; }

    /// <summary>Group mappings of an id-mapped mount.</summary>
    public IReadOnlyList<LinuxIdMapping>? GidMappings { get; init; }
}

/// <summary>Programs to run at the stages of the container's life (config.md, "POSIX-platform Hooks").</summary>
public sealed record HooksSpec
{
    /// <summary>Deprecated by the specification: after the namespaces are made, before <c>pivot_root</c>, in the runtime's namespaces.</summary>
    public IReadOnlyList<HookSpec>? Prestart { get; init; }

    /// <summary>As <see cref="Prestart"/>, which it replaces.</summary>
    public IReadOnlyList<HookSpec>? CreateRuntime { get; init; }

    /// <summary>As <see cref="CreateRuntime"/>, but in the container's namespaces.</summary>
    public IReadOnlyList<HookSpec>? CreateContainer { get; init; }

    /// <summary>Before the user's program is executed, in the container's namespaces and root.</summary>
    public IReadOnlyList<HookSpec>? StartContainer { get; init; }

    /// <summary>After the user's program has been executed, in the runtime's namespaces.</summary>
    public IReadOnlyList<HookSpec>? Poststart { get; init; }

    /// <summary>After the container has been deleted, in the runtime's namespaces.</summary>
    public IReadOnlyList<HookSpec>? Poststop { get; init; }
}

/// <summary>One hook. It gets the container's <see cref="State"/> on its standard input.</summary>
public sealed record HookSpec
{
    /// <summary>The absolute path of the program.</summary>
    public required string Path { get; init; }

    /// <summary>Its arguments, the name it is called by included.</summary>
    public IReadOnlyList<string>? Args { get; init; }

    /// <summary>Its environment, <c>NAME=value</c>.</summary>
    public IReadOnlyList<string>? Env { get; init; }

    /// <summary>Seconds until it is aborted.</summary>
    public int? Timeout { get; init; }
}
