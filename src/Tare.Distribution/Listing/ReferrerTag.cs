using System.Text.Json;
using Tare.Distribution.Endpoints;
using Tare.Distribution.Manifests;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Distribution.Listing;

/// <summary>
/// The list of referrers that clients keep under a tag at registries without an API for it (distribution-spec, "Pushing Manifests with
/// Subject" and "Referrers Tag Schema"). Two clients at the same time may lose an entry: the specification has nothing against it.
/// </summary>
internal static class ReferrerTag
{
    /// <summary>The tag of a manifest's list.</summary>
    internal static string Of(Digest digest) => $"{digest.Algorithm}-{digest.Hex[..Math.Min(64, digest.Hex.Length)]}";

    /// <summary>What a manifest refers to; empty if nothing.</summary>
    internal static Digest Subject(string mediaType, ReadOnlySpan<byte> content)
    {
        try
        {
            var subject = MediaTypes.IsIndex(mediaType)
                ? JsonSerializer.Deserialize(content, ImageJson.Default.OciIndex)?.Subject
                : JsonSerializer.Deserialize(content, ImageJson.Default.OciManifest)?.Subject;
            return Digest.TryParse(subject?.Digest, out var digest) ? digest : default;
        }
        catch (JsonException)
        {
            return default; // some other document, which the registry has taken
        }
    }

    /// <summary>Enters a manifest that was just stored into its subject's list.</summary>
    internal static async Task AddAsync(
        EndpointSession session, Reference name, Digest subject, string mediaType, Digest digest, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        var tag = name.WithoutTagAndDigest().WithTag(Of(subject));
        var list = await ReferrerLister.TaggedAsync(session, tag, ct);
        if (list.Any(entry => entry.Digest == digest.ToString())) return;
        var index = new OciIndex { SchemaVersion = 2, MediaType = MediaTypes.OciIndex, Manifests = [.. list, Describe(mediaType, digest, content.Span)] };
        var document = JsonSerializer.SerializeToUtf8Bytes(index, ImageJson.Default.OciIndex);
        await ManifestWriter.PutAsync(session, tag, MediaTypes.OciIndex, document, ct);
    }

    private static OciDescriptor Describe(string mediaType, Digest digest, ReadOnlySpan<byte> content)
    {
        var descriptor = new OciDescriptor { MediaType = mediaType, Digest = digest.ToString(), Size = content.Length };
        if (MediaTypes.IsIndex(mediaType))
        {
            var index = JsonSerializer.Deserialize(content, ImageJson.Default.OciIndex)!;
            return descriptor with { ArtifactType = index.ArtifactType, Annotations = index.Annotations };
        }

        var manifest = JsonSerializer.Deserialize(content, ImageJson.Default.OciManifest)!;
        var type = string.IsNullOrEmpty(manifest.ArtifactType) ? manifest.Config.MediaType : manifest.ArtifactType;
        return descriptor with { ArtifactType = type, Annotations = manifest.Annotations };
    }
}
