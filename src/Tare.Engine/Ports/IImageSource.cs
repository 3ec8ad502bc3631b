using Tare.Oci.Images;
using Tare.Wire;

namespace Tare.Engine.Ports;

/// <summary>What containers need of images.</summary>
internal interface IImageSource
{
    /// <summary>Finds an image by any reference or the beginning of its id.</summary>
    /// <param name="reference">The image.</param>
    /// <param name="platform">The platform that is wanted; absent means the one that the name means by itself.</param>
    /// <exception cref="Errors.TareException">There is none, with Docker's text.</exception>
    ContainerImage Resolve(string reference, OciPlatform? platform);

    /// <summary>As <see cref="Resolve"/>, but null when there is none.</summary>
    ContainerImage? Find(string reference);

    /// <summary>Makes the writable directories of a container, and holds its image's layers until they are removed.</summary>
    ContainerLayers CreateWritable(string containerId, string imageId);

    /// <summary>A container's directories; null when it has none.</summary>
    ContainerLayers? FindWritable(string containerId);

    /// <summary>Removes the writable directories and gives the layers free. Nothing happens when there are none.</summary>
    void RemoveWritable(string containerId);

    /// <summary>Removes what a crash has left of containers that are not these.</summary>
    void SweepWritables(IReadOnlySet<string> containers);
}

/// <summary>An image, as a container sees it.</summary>
internal sealed record ContainerImage
{
    /// <summary>Digest of its configuration, <c>sha256:…</c>.</summary>
    public required string Id { get; init; }

    public required string Os { get; init; }

    public required string Architecture { get; init; }

    /// <summary>Bytes of all layers.</summary>
    public long Size { get; init; }

    public ImageConfig? Config { get; init; }
}

/// <summary>The directories of a container's root filesystem; absolute paths.</summary>
/// <param name="Lower">The image's layers, topmost first.</param>
/// <param name="Upper">The container's own changes.</param>
/// <param name="Work">The overlay's own.</param>
internal sealed record ContainerLayers(IReadOnlyList<string> Lower, string Upper, string Work);
