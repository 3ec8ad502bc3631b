using System.Text.Json;
using Tare.Oci;
using Tare.Oci.Images;
using Tare.Registry.Http;

namespace Tare.Registry.Manifests;

/// <summary>What the registry reads of a manifest or an index; the document itself is kept byte by byte.</summary>
/// <param name="MediaType">What it is.</param>
/// <param name="Blobs">Blobs that must be in the repository.</param>
/// <param name="Children">Manifests that must be in the repository.</param>
/// <param name="Subject">What it says something about; empty for nothing.</param>
/// <param name="ArtifactType">What it is when it is no image (image-spec, "Guidelines for Artifact Usage").</param>
/// <param name="Annotations">Its annotations as JSON.</param>
internal sealed record ManifestDocument(
    string MediaType, IReadOnlyList<Digest> Blobs, IReadOnlyList<Digest> Children, Digest Subject, string? ArtifactType, string? Annotations)
{
    /// <summary>The longest that is taken (distribution-spec, "Pushing Manifests").</summary>
    internal const int LongestDocument = 4 << 20;

    private const int Deepest = 32;
    private const string NonDistributable = "application/vnd.oci.image.layer.nondistributable.";
    private const string ForeignLayer = "application/vnd.docker.image.rootfs.foreign.";

    /// <summary>Whether the type is one of those that are kept here.</summary>
    internal static bool IsKnown(string? type) => MediaTypes.IsManifest(type) || MediaTypes.IsIndex(type);

    /// <summary>Reads a document.</summary>
    /// <param name="content">Its bytes.</param>
    /// <param name="contentType">The type that the client calls it; null for none.</param>
    /// <exception cref="RefusalException">It is none that can be kept.</exception>
    internal static ManifestDocument Parse(ReadOnlyMemory<byte> content, string? contentType)
    {
        try
        {
            using var json = JsonDocument.Parse(content, new JsonDocumentOptions { MaxDepth = Deepest });
            return Read(json.RootElement, contentType);
        }
        catch (JsonException e)
        {
            throw RefusalException.ManifestInvalid($"the manifest is no JSON: {e.Message}");
        }
    }

    private static ManifestDocument Read(JsonElement root, string? contentType)
    {
        if (root.ValueKind != JsonValueKind.Object) throw RefusalException.ManifestInvalid("the manifest is no JSON object");
        if (root.TryGetProperty("schemaVersion", out var version) && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number) && number == 1)
            throw RefusalException.ManifestInvalid("manifests of schema version 1 are not supported: push the image with a newer client");
        var type = Text(root, "mediaType");
        var said = contentType?.Split(';')[0].Trim();
        if (type is not null && said is { Length: > 0 } && said != type)
            throw RefusalException.ManifestInvalid($"the manifest is a {type} by its own word, and a {said} by the Content-Type");
        type ??= said is { Length: > 0 } ? said : root.TryGetProperty("manifests", out _) ? MediaTypes.OciIndex : MediaTypes.OciManifest;
        if (!IsKnown(type)) throw RefusalException.ManifestInvalid($"manifests of the type {type} are not supported");

        var blobs = new List<Digest>();
        var children = new List<Digest>();
        var artifactType = Text(root, "artifactType");
        if (MediaTypes.IsIndex(type))
        {
            // An empty list may be written as null, by Go's encoder.
            foreach (var child in Items(root, "manifests")) children.Add(DigestOf(child, "manifests"));
        }
        else
        {
            if (!root.TryGetProperty("config", out var config) || config.ValueKind != JsonValueKind.Object) throw RefusalException.ManifestInvalid("the manifest has no config");
            blobs.Add(DigestOf(config, "config"));
            if (string.IsNullOrEmpty(artifactType)) artifactType = Text(config, "mediaType");
            foreach (var layer in Items(root, "layers"))
            {
                var digest = DigestOf(layer, "layers");
                if (!IsForeign(layer)) blobs.Add(digest);
            }
        }

        var subject = root.TryGetProperty("subject", out var about) && about.ValueKind == JsonValueKind.Object ? DigestOf(about, "subject") : default;
        var annotations = root.TryGetProperty("annotations", out var notes) && notes.ValueKind == JsonValueKind.Object ? notes.GetRawText() : null;
        return new ManifestDocument(type, [.. blobs.Distinct()], [.. children.Distinct()], subject, string.IsNullOrEmpty(artifactType) ? null : artifactType, annotations);
    }

    /// <summary>Whether a layer lies somewhere else and is not to be pushed.</summary>
    private static bool IsForeign(JsonElement layer) =>
        Text(layer, "mediaType") is { } type
        && (type.StartsWith(NonDistributable, StringComparison.Ordinal) || type.StartsWith(ForeignLayer, StringComparison.Ordinal))
        && layer.TryGetProperty("urls", out var urls) && urls.ValueKind == JsonValueKind.Array && urls.GetArrayLength() > 0;

    private static IEnumerable<JsonElement> Items(JsonElement root, string name)
    {
        if (!root.TryGetProperty(name, out var list) || list.ValueKind == JsonValueKind.Null) yield break;
        if (list.ValueKind != JsonValueKind.Array) throw RefusalException.ManifestInvalid($"{name} of the manifest is no list");
        foreach (var item in list.EnumerateArray()) yield return item;
    }

    private static Digest DigestOf(JsonElement descriptor, string where)
    {
        if (descriptor.ValueKind == JsonValueKind.Object && Digest.TryParse(Text(descriptor, "digest"), out var digest)) return digest;
        throw RefusalException.ManifestInvalid($"a descriptor in {where} of the manifest has no digest of sha256 or sha512");
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
