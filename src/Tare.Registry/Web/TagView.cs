using Tare.Oci.Images;

namespace Tare.Registry.Web;

/// <summary>A tag as the page shows it.</summary>
internal sealed record TagView
{
    internal required string Name { get; init; }

    internal required string Digest { get; init; }

    internal required string MediaType { get; init; }

    /// <summary>When it was pushed.</summary>
    internal required DateTimeOffset Updated { get; init; }

    internal DateTimeOffset? Pulled { get; init; }

    /// <summary>What a pull moves: configurations and layers of all platforms, each once.</summary>
    internal long Size { get; init; }

    /// <summary>The images: one, or one for each platform.</summary>
    internal IReadOnlyList<ImageView> Images { get; init; } = [];

    /// <summary>What it is when it is no image.</summary>
    internal string? ArtifactType { get; init; }

    internal IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();
}

/// <summary>An image of a tag.</summary>
/// <param name="Platform">What it runs on; empty when that is not said.</param>
/// <param name="Created">When it was built.</param>
/// <param name="Layers">Its layers.</param>
/// <param name="ConfigSize">Bytes of its configuration.</param>
/// <param name="ConfigDigest">The configuration.</param>
internal sealed record ImageView(string Platform, DateTimeOffset? Created, IReadOnlyList<OciDescriptor> Layers, long ConfigSize, string ConfigDigest)
{
    internal IEnumerable<(string Digest, long Size)> Parts => Layers.Select(layer => (layer.Digest, layer.Size)).Prepend((ConfigDigest, ConfigSize));
}

/// <summary>Texts of platforms.</summary>
internal static class PlatformText
{
    internal static string Of(string? os, string? architecture, string? variant)
    {
        if (string.IsNullOrEmpty(os) && string.IsNullOrEmpty(architecture)) return "";
        return $"{os}/{architecture}{(string.IsNullOrEmpty(variant) ? "" : "/" + variant)}";
    }
}
