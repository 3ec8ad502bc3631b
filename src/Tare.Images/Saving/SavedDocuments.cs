using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Images.Saving;

/// <summary>The documents of an archive, member for member and in the order in which <c>docker save</c> writes them.</summary>
internal static class SavedDocuments
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The file <c>oci-layout</c>.</summary>
    internal static byte[] Layout => """{"imageLayoutVersion": "1.0.0"}"""u8.ToArray();

    /// <summary>An image's manifest (OCI image-spec, manifest.md).</summary>
    internal static byte[] Manifest(SavedImage image) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteNumber("schemaVersion", 2);
        json.WriteString("mediaType", MediaTypes.OciManifest);
        json.WritePropertyName("config");
        WriteDescriptor(json, MediaTypes.OciConfig, image.Image.Id, image.Configuration.Length);
        json.WriteStartArray("layers");
        foreach (var (diffId, length) in image.Layers) WriteDescriptor(json, MediaTypes.OciLayer, diffId, length);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>The file <c>index.json</c>: a manifest for each name, and one for an image without names.</summary>
    internal static byte[] Index(IReadOnlyList<SavedImage> images, IReadOnlyDictionary<Digest, byte[]> manifests, IReadOnlyDictionary<Reference, byte[]> indexes) => Write(json =>
    {
        var variants = images.SelectMany(image => image.Variants).SelectMany(entry => entry.Images).ToHashSet();
        json.WriteStartObject();
        json.WriteNumber("schemaVersion", 2);
        json.WriteString("mediaType", MediaTypes.OciIndex);
        json.WriteStartArray("manifests");
        foreach (var image in images)
        {
            // An image of another platform stands in the index of its name.
            if (image.Tags.Count == 0 && variants.Contains(image.Image.Id)) continue;
            foreach (var tag in image.Tags.Count > 0 ? image.Tags.Cast<Reference?>() : [null])
            {
                if (tag is not null && indexes.TryGetValue(tag, out var index))
                {
                    WriteDescriptor(json, MediaTypes.OciIndex, Digest.Of(index), index.Length, tag);
                    continue;
                }

                var manifest = manifests[image.Image.Id];
                WriteDescriptor(json, MediaTypes.OciManifest, Digest.Of(manifest), manifest.Length, tag);
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>The indexes of names that stand for several platforms (OCI image-spec, image-index.md).</summary>
    internal static IReadOnlyDictionary<Reference, byte[]> Indexes(IReadOnlyList<SavedImage> images, IReadOnlyDictionary<Digest, byte[]> manifests)
    {
        var byId = images.ToDictionary(image => image.Image.Id);
        return images.SelectMany(image => image.Variants).ToDictionary(entry => entry.Tag, entry => Write(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("schemaVersion", 2);
            json.WriteString("mediaType", MediaTypes.OciIndex);
            json.WriteStartArray("manifests");
            foreach (var id in entry.Images)
                WriteDescriptor(json, MediaTypes.OciManifest, Digest.Of(manifests[id]), manifests[id].Length, platform: Platforms.Of(byId[id].Image.Config));
            json.WriteEndArray();
            json.WriteEndObject();
        }));
    }

    /// <summary>The file <c>manifest.json</c>, by which Docker finds the parts.</summary>
    internal static byte[] DockerManifest(IReadOnlyList<SavedImage> images) => WriteLine(json =>
    {
        json.WriteStartArray();
        foreach (var image in images)
        {
            json.WriteStartObject();
            json.WriteString("Config", Path(image.Image.Id));
            WriteTags(json, image.Tags);
            json.WriteStartArray("Layers");
            foreach (var (diffId, _) in image.Layers) json.WriteStringValue(Path(diffId));
            json.WriteEndArray();
            if (!image.Parent.IsEmpty) json.WriteString("Parent", image.Parent.ToString());
            WriteSources(json, image.Layers);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <summary>The file <c>repositories</c>, which engines before 1.10 read; <see langword="null"/> when no image has a name.</summary>
    internal static byte[]? Repositories(IReadOnlyList<SavedImage> images)
    {
        var tags = images
            .Where(image => image.Layers.Count > 0)
            .SelectMany(image => image.Tags.Select(tag => (Name: tag.FamiliarName, tag.Tag, Layer: image.Layers[^1].DiffId)))
            .GroupBy(tag => tag.Name, StringComparer.Ordinal)
            .OrderBy(repository => repository.Key, StringComparer.Ordinal)
            .ToList();
        if (tags.Count == 0) return null;
        return WriteLine(json =>
        {
            json.WriteStartObject();
            foreach (var repository in tags)
            {
                json.WriteStartObject(repository.Key);
                foreach (var (_, tag, layer) in repository.OrderBy(tag => tag.Tag, StringComparer.Ordinal)) json.WriteString(tag!, layer.Hex);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        });
    }

    private static string Path(Digest digest) => $"blobs/{digest.Algorithm}/{digest.Hex}";

    private static void WriteTags(Utf8JsonWriter json, IReadOnlyList<Reference> tags)
    {
        if (tags.Count == 0)
        {
            json.WriteNull("RepoTags");
            return;
        }

        json.WriteStartArray("RepoTags");
        foreach (var tag in tags) json.WriteStringValue(tag.FamiliarString);
        json.WriteEndArray();
    }

    private static void WriteSources(Utf8JsonWriter json, IReadOnlyList<(Digest DiffId, long Length)> layers)
    {
        if (layers.Count == 0) return;
        json.WriteStartObject("LayerSources");
        foreach (var (diffId, length) in layers.DistinctBy(layer => layer.DiffId).OrderBy(layer => layer.DiffId))
        {
            json.WriteStartObject(diffId.ToString());
            json.WriteString("mediaType", MediaTypes.OciLayer);
            json.WriteNumber("size", length);
            json.WriteString("digest", diffId.ToString());
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteDescriptor(Utf8JsonWriter json, string mediaType, Digest digest, long size, Reference? tag = null, OciPlatform? platform = null)
    {
        json.WriteStartObject();
        json.WriteString("mediaType", mediaType);
        json.WriteString("digest", digest.ToString());
        json.WriteNumber("size", size);
        if (tag is not null)
        {
            json.WriteStartObject("annotations");
            json.WriteString(Annotations.ImageName, tag.ToString());
            json.WriteString(Annotations.RefName, tag.Tag);
            json.WriteEndObject();
        }

        if (platform is not null) Platforms.Write(json, platform);

        json.WriteEndObject();
    }

    private static byte[] WriteLine(Action<Utf8JsonWriter> write) => [.. Write(write), (byte)'\n'];

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Plain)) write(json);
        return buffer.WrittenSpan.ToArray();
    }
}
