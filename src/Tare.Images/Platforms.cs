using System.Text.Json;
using Tare.Oci.Images;

namespace Tare.Images;

/// <summary>Platforms of images, in the words of the OCI documents (GOOS, GOARCH).</summary>
public static class Platforms
{
    /// <summary>This machine's.</summary>
    public static OciPlatform Host { get; } = new()
    {
        Os = "linux",
        Architecture = PlatformSpecifier.HostArchitecture,
        Variant = PlatformSpecifier.HostArchitecture == "arm64" ? "v8" : null,
    };

    /// <summary>Whether one platform is the other; a variant that either leaves out is any.</summary>
    public static bool Matches(OciPlatform wanted, OciPlatform other) =>
        wanted.Os == other.Os && wanted.Architecture == other.Architecture
        && (string.IsNullOrEmpty(wanted.Variant) || string.IsNullOrEmpty(other.Variant) || wanted.Variant == other.Variant);

    internal static bool Matches(OciPlatform wanted, OciImageConfig config) => Matches(wanted, Of(config));

    /// <summary>The platform that a configuration names.</summary>
    public static OciPlatform Of(OciImageConfig config) => new()
    {
        Os = string.IsNullOrEmpty(config.Os) ? "linux" : config.Os,
        Architecture = config.Architecture ?? "",
        Variant = config.Variant,
    };

    /// <summary>Writes the member <c>platform</c> of a descriptor in an index (OCI image-spec, image-index.md).</summary>
    internal static void Write(Utf8JsonWriter json, OciPlatform platform)
    {
        json.WriteStartObject("platform");
        json.WriteString("architecture", platform.Architecture);
        json.WriteString("os", platform.Os);
        if (!string.IsNullOrEmpty(platform.Variant)) json.WriteString("variant", platform.Variant);
        json.WriteEndObject();
    }

    /// <summary>The manifest of an index for a platform: with its variant if there is one, else with any; <see langword="null"/> when there is none.</summary>
    internal static OciDescriptor? Choose(IEnumerable<OciDescriptor> manifests, OciPlatform wanted)
    {
        var images = manifests.Where(manifest => !IsAttestation(manifest)).ToList();
        return images.Find(manifest => manifest.Platform is { } platform && Matches(wanted, platform) && platform.Variant == wanted.Variant)
            ?? images.Find(manifest => manifest.Platform is null || Matches(wanted, manifest.Platform));
    }

    /// <summary>Whether a manifest of an index says something of an image rather than being one.</summary>
    internal static bool IsAttestation(OciDescriptor descriptor) =>
        descriptor.Annotations?.GetValueOrDefault("vnd.docker.reference.type") == "attestation-manifest"
        || descriptor.Platform is { Os: "unknown", Architecture: "unknown" };
}
