using Tare.Oci.Images;

namespace Tare.Images;

/// <summary>One of the manifests that the names of an image stand for.</summary>
public sealed record ImageVariant
{
    /// <summary>Type, digest and length of the manifest, and what its index says of it.</summary>
    public required OciDescriptor Manifest { get; init; }

    /// <summary>The image; <see langword="null"/> when it is not here, or the manifest is no image's.</summary>
    public Image? Image { get; init; }

    /// <summary>Bytes of the manifest and the configuration that are here.</summary>
    public long ContentSize { get; init; }

    /// <summary>The platform: the index's word before the configuration's; <see langword="null"/> when neither says it.</summary>
    public OciPlatform? Platform => Manifest.Platform ?? (Image is null ? null : Platforms.Of(Image.Config));
}
