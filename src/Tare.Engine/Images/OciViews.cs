using Tare.Oci.Images;
using Tare.Wire;

namespace Tare.Engine.Images;

/// <summary>Documents of the image specification in the words of the wire.</summary>
internal static class OciViews
{
    public static OCIPlatform Platform(OciPlatform platform) => new()
    {
        Architecture = platform.Architecture,
        Os = platform.Os,
        OsVersion = platform.OsVersion,
        OsFeatures = platform.OsFeatures,
        Variant = platform.Variant,
    };

    public static OCIDescriptor Descriptor(OciDescriptor descriptor) => new()
    {
        MediaType = descriptor.MediaType ?? "",
        Digest = descriptor.Digest,
        Size = descriptor.Size,
        Urls = descriptor.Urls,
        Annotations = descriptor.Annotations,
        Platform = descriptor.Platform is { } platform ? Platform(platform) : null,
        ArtifactType = descriptor.ArtifactType,
    };
}
