namespace Tare.Volumes;

/// <summary>A volume as it was made; it never changes.</summary>
public sealed record Volume
{
    /// <summary>The only driver.</summary>
    public const string Driver = "local";

    /// <summary>The label, without a value, of a volume that was given no name.</summary>
    public const string AnonymousLabel = "com.docker.volume.anonymous";

    /// <summary>By <see cref="VolumeName"/>'s rule.</summary>
    public required string Name { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>Absent when none were given.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>The local driver's: <c>type</c>, <c>device</c>, <c>o</c>, <c>size</c>. Absent when none were given.</summary>
    public IReadOnlyDictionary<string, string>? Options { get; init; }

    /// <summary>How much it may take; absent for as much as there is.</summary>
    public VolumeQuota? Quota { get; init; }

    /// <summary>Whether it is a filesystem of its own, which is mounted while it is used.</summary>
    public bool NeedsMount => Options?.ContainsKey(LocalOptions.Type) == true;

    /// <summary>The directory that containers see, an absolute path.</summary>
    public required string Path { get; init; }

    /// <summary>Whether it was given no name.</summary>
    public bool IsAnonymous => Labels?.ContainsKey(AnonymousLabel) == true;
}

/// <summary>A volume as it is asked for.</summary>
public sealed record VolumeRequest
{
    /// <summary>Empty for an anonymous one.</summary>
    public string Name { get; init; } = "";

    /// <summary>Its labels.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>The driver's options.</summary>
    public IReadOnlyDictionary<string, string>? Options { get; init; }
}
