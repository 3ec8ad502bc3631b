using System.Text.Json.Serialization;

namespace Tare.Oci.Images;

/// <summary>
/// An image's configuration (OCI image-spec, config.md) with the members that Docker adds. Its SHA-256 is the image's id, so a
/// document that was read is kept in its own bytes and never written again from this.
/// </summary>
public sealed record OciImageConfig
{
    /// <summary>RFC 3339, up to nanoseconds, as it was written: a date type would lose digits.</summary>
    [JsonPropertyName("created")]
    public string? Created { get; init; }

    [JsonPropertyName("author")]
    public string? Author { get; init; }

    [JsonPropertyName("architecture")]
    public string? Architecture { get; init; }

    [JsonPropertyName("variant")]
    public string? Variant { get; init; }

    [JsonPropertyName("os")]
    public string? Os { get; init; }

    [JsonPropertyName("os.version")]
    public string? OsVersion { get; init; }

    [JsonPropertyName("os.features")]
    public IReadOnlyList<string>? OsFeatures { get; init; }

    /// <summary>How containers of the image run.</summary>
    [JsonPropertyName("config")]
    public OciContainerConfig? Config { get; init; }

    /// <summary>The layers.</summary>
    [JsonPropertyName("rootfs")]
    public OciRootFs? RootFs { get; init; }

    /// <summary>How the layers came to be, the first first.</summary>
    [JsonPropertyName("history")]
    public IReadOnlyList<OciHistory>? History { get; init; }

    /// <summary>Docker's: the image's id in the format before content addressing.</summary>
    [JsonPropertyName("id")]
    public string? LegacyId { get; init; }

    /// <summary>Docker's: the image that this one was built from.</summary>
    [JsonPropertyName("parent")]
    public string? Parent { get; init; }

    /// <summary>Docker's: the message of an import or commit.</summary>
    [JsonPropertyName("comment")]
    public string? Comment { get; init; }

    /// <summary>Docker's: the container that was committed.</summary>
    [JsonPropertyName("container")]
    public string? Container { get; init; }

    /// <summary>Docker's: the configuration of the container that was committed.</summary>
    [JsonPropertyName("container_config")]
    public OciContainerConfig? ContainerConfig { get; init; }

    /// <summary>Docker's: the version of the engine that made the image.</summary>
    [JsonPropertyName("docker_version")]
    public string? DockerVersion { get; init; }

    /// <summary>The digests of the uncompressed layers, the lowest first.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> DiffIds => RootFs?.DiffIds ?? [];
}

/// <summary>The layers of an image.</summary>
public sealed record OciRootFs
{
    /// <summary>Always <c>layers</c>.</summary>
    [JsonPropertyName("type")]
    public string Type { get; set; } = "layers";

    /// <summary>Digests of the uncompressed layers, the lowest first.</summary>
    [JsonPropertyName("diff_ids")]
    public IReadOnlyList<string>? DiffIds { get; init; }
}

/// <summary>One step of an image's making.</summary>
public sealed record OciHistory
{
    /// <summary>RFC 3339.</summary>
    [JsonPropertyName("created")]
    public string? Created { get; init; }

    [JsonPropertyName("created_by")]
    public string? CreatedBy { get; init; }

    [JsonPropertyName("author")]
    public string? Author { get; init; }

    [JsonPropertyName("comment")]
    public string? Comment { get; init; }

    /// <summary>Whether the step made no layer.</summary>
    [JsonPropertyName("empty_layer")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool EmptyLayer { get; init; }
}
