using System.Text.Json.Serialization;

namespace Tare.Oci.Images;

/// <summary>A pointer to content (OCI image-spec, descriptor.md).</summary>
public sealed record OciDescriptor
{
    public string? MediaType { get; init; }

    public required string Digest { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    public IReadOnlyList<string>? Urls { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    public OciPlatform? Platform { get; init; }

    /// <summary>What the content is when it is not an image.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>The content itself, base64.</summary>
    public string? Data { get; init; }
}

/// <summary>What an image runs on.</summary>
public sealed record OciPlatform
{
    public required string Architecture { get; init; }

    public required string Os { get; init; }

    [JsonPropertyName("os.version")]
    public string? OsVersion { get; init; }

    [JsonPropertyName("os.features")]
    public IReadOnlyList<string>? OsFeatures { get; init; }

    public string? Variant { get; init; }
}

/// <summary>The manifest of one image (manifest.md), also Docker's schema 2.</summary>
public sealed record OciManifest
{
    public int SchemaVersion { get; init; }

    public string? MediaType { get; init; }

    public string? ArtifactType { get; init; }

    public required OciDescriptor Config { get; init; }

    /// <summary>The layers, the lowest first.</summary>
    public required IReadOnlyList<OciDescriptor> Layers { get; init; }

    public OciDescriptor? Subject { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}

/// <summary>A list of manifests, one for each platform (image-index.md), also Docker's manifest list and an OCI layout's index.json.</summary>
public sealed record OciIndex
{
    public int SchemaVersion { get; init; }

    public string? MediaType { get; init; }

    public string? ArtifactType { get; init; }

    public required IReadOnlyList<OciDescriptor> Manifests { get; init; }

    public OciDescriptor? Subject { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}

/// <summary>The file <c>oci-layout</c> (image-layout.md).</summary>
public sealed record OciLayout
{
    public required string ImageLayoutVersion { get; init; }
}

/// <summary>An element of the list in <c>manifest.json</c> of an archive that <c>docker save</c> wrote.</summary>
public sealed record DockerArchiveManifest
{
    [JsonPropertyName("Config")]
    public required string Config { get; init; }

    [JsonPropertyName("RepoTags")]
    public IReadOnlyList<string>? RepoTags { get; init; }

    /// <summary>Paths in the archive, the lowest first.</summary>
    [JsonPropertyName("Layers")]
    public required IReadOnlyList<string> Layers { get; init; }

    /// <summary>The id of the image that this one was built from.</summary>
    [JsonPropertyName("Parent")]
    public string? Parent { get; init; }
}

/// <summary>Media types of the documents.</summary>
public static class MediaTypes
{
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";
    public const string OciConfig = "application/vnd.oci.image.config.v1+json";
    public const string OciLayer = "application/vnd.oci.image.layer.v1.tar";
    public const string OciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
    public const string OciLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    public const string DockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json";
    public const string DockerConfig = "application/vnd.docker.container.image.v1+json";
    public const string DockerLayer = "application/vnd.docker.image.rootfs.diff.tar";
    public const string DockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";

    /// <summary>Whether the type is a list of manifests.</summary>
    public static bool IsIndex(string? type) => type is OciIndex or DockerManifestList;

    /// <summary>Whether the type is the manifest of one image.</summary>
    public static bool IsManifest(string? type) => type is OciManifest or DockerManifest;
}

/// <summary>Annotations that name images in a layout.</summary>
public static class Annotations
{
    /// <summary>The tag, or the whole reference, of a manifest in a layout's index.</summary>
    public const string RefName = "org.opencontainers.image.ref.name";

    /// <summary>containerd's and Docker's: the whole reference.</summary>
    public const string ImageName = "io.containerd.image.name";
}
