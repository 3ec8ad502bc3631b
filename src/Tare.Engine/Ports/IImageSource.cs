using Tare.Images.Roots;
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

    /// <summary>How the roots of new containers are made.</summary>
    StorageDriver Driver { get; }

    /// <summary>Makes the root of a container, and holds its image's layers, and those of images that it has mounted, until it is removed.</summary>
    WritableRoot CreateWritable(string containerId, string imageId, IReadOnlyList<string> mountedIds);

    /// <summary>A container's root; null when it has none.</summary>
    WritableRoot? FindWritable(string containerId);

    /// <summary>An image that a container has mounted, by its place in the list that <see cref="CreateWritable"/> got; null when the container has no root.</summary>
    MountedImage? FindMounted(string containerId, int mount);

    /// <summary>Removes the root and gives the layers free. Nothing happens when there is none.</summary>
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
