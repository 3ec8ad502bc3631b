using Tare.Wire;

namespace Tare.Engine.Create;

/// <summary>One mount of a container, parsed: what inspect shows and what the launch makes.</summary>
internal sealed record ContainerMount
{
    /// <summary><c>bind</c>, <c>volume</c>, <c>image</c> or <c>tmpfs</c>.</summary>
    public required string Type { get; init; }

    /// <summary>For a bind: an absolute path of the host, without <c>.</c>, <c>..</c> and double slashes. For a volume or an image: its directory.</summary>
    public string Source { get; init; } = "";

    /// <summary>An absolute path of the container, cleaned as the source.</summary>
    public required string Target { get; init; }

    public bool ReadOnly { get; init; }

    /// <summary>For a bind, and then never empty.</summary>
    public string Propagation { get; init; } = "";

    /// <summary>For a bind: without what is mounted below the source.</summary>
    public bool NonRecursive { get; init; }

    /// <summary>For a bind that is read-only: what is mounted below the source stays as it is.</summary>
    public bool ReadOnlyNonRecursive { get; init; }

    /// <summary>For a bind or a volume: the source is given to the container's user at each start (<c>U</c>).</summary>
    public bool ChangeOwner { get; init; }

    /// <summary>For a bind or a volume: which ids of files are which in the container, for <see cref="IdMapOption"/>; empty for the same.</summary>
    public string IdMap { get; init; } = "";

    /// <summary>The words that the user gave, as inspect shows them.</summary>
    public string Mode { get; init; } = "";

    /// <summary>For a tmpfs: options in mount(8)'s words.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>Make the source when the container starts and it does not exist (<c>-v</c>, and <c>bind-create-src</c>).</summary>
    public bool CreateSource { get; init; }

    /// <summary>It came by <c>--tmpfs</c>, which inspect shows in the host's configuration only.</summary>
    public bool FromTmpfsOption { get; init; }

    /// <summary>For a volume.</summary>
    public VolumeMount? Volume { get; init; }

    /// <summary>For an image.</summary>
    public ImageMount? Image { get; init; }

    /// <summary>As inspect and list show it.</summary>
    public MountPoint ToWire() => new()
    {
        Type = Type,
        Name = Volume?.Name ?? Image?.Name,
        Driver = Volume is null ? null : Tare.Volumes.Volume.Driver,
        Source = Source,
        Destination = Target,
        Mode = Mode,
        RW = !ReadOnly,
        Propagation = Propagation,
    };
}

/// <summary>Which volume is mounted, and how.</summary>
internal sealed record VolumeMount
{
    /// <summary>Empty until an anonymous one is made.</summary>
    public string Name { get; init; } = "";

    /// <summary>It was given no name, and goes with the container when the user says so.</summary>
    public bool Anonymous { get; init; }

    /// <summary>What the image has at the place is not copied into it.</summary>
    public bool NoCopy { get; init; }

    /// <summary>The part of it that is mounted, a relative path; empty for all of it.</summary>
    public string Subpath { get; init; } = "";

    /// <summary>The driver that was asked for; only until the volume is made.</summary>
    public string Driver { get; init; } = "";

    /// <summary>For a volume that is made; only until then.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>The driver's options for a volume that is made; only until then.</summary>
    public IReadOnlyDictionary<string, string>? Options { get; init; }
}

/// <summary>Which image is mounted.</summary>
internal sealed record ImageMount
{
    /// <summary>As the user called it.</summary>
    public required string Name { get; init; }

    /// <summary>Digest of its configuration; empty until the container is made.</summary>
    public string Id { get; init; } = "";

    /// <summary>The part of it that is mounted, a relative path that is clean; empty for all of it.</summary>
    public string Subpath { get; init; } = "";
}
