using System.Text.Json;
using Tare.Images.Catalogs;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Images.Pushing;

/// <summary>Writes manifests and indexes for what was pushed.</summary>
internal static class ManifestBuilder
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, IndentSize = 3, NewLine = "\n" };

    /// <summary>The manifest of an image: Docker's schema 2, or OCI's where the image came so or a layer's compression asks for it.</summary>
    internal static ImageDocument Manifest(Digest id, long size, IReadOnlyList<LayerBlob> layers, bool oci)
    {
        oci |= layers.Any(layer => layer.MediaType == MediaTypes.OciLayerZstd);
        var type = oci ? MediaTypes.OciManifest : MediaTypes.DockerManifest;
        return Write(type, json =>
        {
            json.WriteStartObject("config");
            Descriptor(json, oci ? MediaTypes.OciConfig : MediaTypes.DockerConfig, size, id);
            json.WriteEndObject();
            json.WriteStartArray("layers");
            foreach (var layer in layers)
            {
                json.WriteStartObject();
                Descriptor(json, LayerType(layer.MediaType, oci), layer.Size, layer.Digest);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    /// <summary>An index of images for several platforms.</summary>
    internal static ImageDocument Index(IReadOnlyList<(ImageDocument Manifest, OciPlatform Platform)> images)
    {
        var oci = images.Any(image => image.Manifest.MediaType == MediaTypes.OciManifest);
        return Write(oci ? MediaTypes.OciIndex : MediaTypes.DockerManifestList, json =>
        {
            json.WriteStartArray("manifests");
            foreach (var (manifest, platform) in images)
            {
                json.WriteStartObject();
                Descriptor(json, manifest.MediaType, manifest.Content.Length, manifest.Digest);
                Platforms.Write(json, platform);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    private static ImageDocument Write(string type, Action<Utf8JsonWriter> body)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Indented))
        {
            json.WriteStartObject();
            json.WriteNumber("schemaVersion", 2);
            json.WriteString("mediaType", type);
            body(json);
            json.WriteEndObject();
        }

        var content = stream.ToArray();
        return new ImageDocument(type, Digest.Of(content), content);
    }

    private static void Descriptor(Utf8JsonWriter json, string type, long size, Digest digest)
    {
        json.WriteString("mediaType", type);
        json.WriteNumber("size", size);
        json.WriteString("digest", digest.ToString());
    }

    private static string LayerType(string type, bool oci) => type switch
    {
        MediaTypes.OciLayerZstd => type,
        MediaTypes.OciLayer or MediaTypes.DockerLayer => oci ? MediaTypes.OciLayer : MediaTypes.DockerLayer,
        _ => oci ? MediaTypes.OciLayerGzip : MediaTypes.DockerLayerGzip,
    };
}
