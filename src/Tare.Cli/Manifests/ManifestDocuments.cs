using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Tare.Cli.Formatting;
using Tare.Distribution;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Cli.Manifests;

/// <summary>A manifest with the platform that it is for.</summary>
internal sealed record PlatformManifest(Reference Reference, RemoteManifest Manifest, OciPlatform Platform);

/// <summary>Manifests as <c>docker manifest inspect</c> writes them.</summary>
internal static class ManifestDocuments
{
    /// <summary>The manifest as it is, indented.</summary>
    public static string Plain(PlatformManifest manifest) => Indent(manifest.Manifest.Content, "\t"u8);

    /// <summary>The manifest with its name, its descriptor and its exact bytes.</summary>
    public static string Verbose(PlatformManifest manifest)
    {
        var text = new StringBuilder();
        AppendVerbose(text, manifest);
        return Indent(Encoding.UTF8.GetBytes(text.ToString()), "\t"u8);
    }

    /// <summary>A list of several, each as <see cref="Verbose(PlatformManifest)"/>.</summary>
    public static string Verbose(IReadOnlyList<PlatformManifest> manifests)
    {
        var text = new StringBuilder("[");
        foreach (var manifest in manifests)
        {
            if (text.Length > 1) text.Append(',');
            AppendVerbose(text, manifest);
        }

        return Indent(Encoding.UTF8.GetBytes(text.Append(']').ToString()), "\t"u8);
    }

    /// <summary>A list of manifests, made anew of what was found.</summary>
    public static string List(IReadOnlyList<PlatformManifest> manifests)
    {
        var text = new StringBuilder("{\"schemaVersion\":2,\"mediaType\":");
        AppendString(text, ListType(manifests));
        text.Append(",\"manifests\":[");
        for (var i = 0; i < manifests.Count; i++)
        {
            var (_, manifest, platform) = manifests[i];
            text.Append(i == 0 ? "{" : ",{").Append("\"mediaType\":");
            AppendString(text, manifest.MediaType);
            text.Append(CultureInfo.InvariantCulture, $",\"size\":{manifest.Content.Length},\"digest\":");
            AppendString(text, manifest.Digest.ToString());
            text.Append(",\"platform\":");
            AppendPlatform(text, platform);
            text.Append('}');
        }

        return Indent(Encoding.UTF8.GetBytes(text.Append("]}").ToString()), "   "u8);
    }

    /// <summary>The type of such a list.</summary>
    public static string ListType(IReadOnlyList<PlatformManifest> manifests) =>
        manifests is [{ Manifest.MediaType: MediaTypes.OciManifest }, ..] ? MediaTypes.OciIndex : MediaTypes.DockerManifestList;

    private static void AppendVerbose(StringBuilder text, PlatformManifest item)
    {
        var (reference, manifest, platform) = item;
        text.Append("{\"Ref\":");
        AppendString(text, reference.ToString());
        text.Append(",\"Descriptor\":{\"mediaType\":");
        AppendString(text, manifest.MediaType);
        text.Append(",\"digest\":");
        AppendString(text, manifest.Digest.ToString());
        text.Append(CultureInfo.InvariantCulture, $",\"size\":{manifest.Content.Length},\"platform\":");
        AppendPlatform(text, platform);
        text.Append("},\"Raw\":\"").Append(Convert.ToBase64String(manifest.Content)).Append("\",");
        text.Append(manifest.MediaType == MediaTypes.OciManifest ? "\"OCIManifest\":" : "\"SchemaV2Manifest\":").Append(Escape(Encoding.UTF8.GetString(manifest.Content))).Append('}');
    }

    private static void AppendPlatform(StringBuilder text, OciPlatform platform)
    {
        text.Append("{\"architecture\":");
        AppendString(text, platform.Architecture);
        text.Append(",\"os\":");
        AppendString(text, platform.Os);
        if (!string.IsNullOrEmpty(platform.OsVersion))
        {
            text.Append(",\"os.version\":");
            AppendString(text, platform.OsVersion);
        }

        if (platform.OsFeatures is { Count: > 0 } features)
        {
            text.Append(",\"os.features\":[");
            for (var i = 0; i < features.Count; i++)
            {
                if (i > 0) text.Append(',');
                AppendString(text, features[i]);
            }

            text.Append(']');
        }

        if (!string.IsNullOrEmpty(platform.Variant))
        {
            text.Append(",\"variant\":");
            AppendString(text, platform.Variant);
        }

        text.Append('}');
    }

    private static void AppendString(StringBuilder target, string text)
    {
        var quoted = new StringBuilder();
        GoJson.AppendString(quoted, text);
        target.Append(Escape(quoted.ToString()));
    }

    /// <summary>Go makes what it marshals safe for HTML. These stand only in strings.</summary>
    private static string Escape(string json)
        => json.Replace("<", "\\u003c", StringComparison.Ordinal).Replace(">", "\\u003e", StringComparison.Ordinal).Replace("&", "\\u0026", StringComparison.Ordinal);

    private static string Indent(ReadOnlySpan<byte> json, ReadOnlySpan<byte> step)
    {
        var target = new ArrayBufferWriter<byte>(json.Length * 2);
        GoJson.Indent(target, json, step);
        return Encoding.UTF8.GetString(target.WrittenSpan);
    }

    /// <summary>The platform that a configuration says it is for.</summary>
    /// <exception cref="JsonException">It is no configuration.</exception>
    public static OciPlatform PlatformOf(ReadOnlySpan<byte> configuration)
    {
        var reader = new Utf8JsonReader(configuration);
        using var document = JsonDocument.ParseValue(ref reader);
        return Platform(document.RootElement);
    }

    /// <summary>A platform as documents have it; what they leave out is empty.</summary>
    public static OciPlatform Platform(JsonElement platform) => new()
    {
        Architecture = platform.Text("architecture"),
        Os = platform.Text("os"),
        OsVersion = platform.Text("os.version"),
        OsFeatures = platform.Texts("os.features"),
        Variant = platform.Text("variant"),
    };
}
