using System.Security.Cryptography;
using System.Text;

namespace Tare.EndToEnd.Harness.Registry;

/// <summary>A small image as an OCI layout in a folder, for skopeo.</summary>
internal static class Layout
{
    /// <summary>Writes it and returns its name for skopeo.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="size">Bytes of the one layer's random file.</param>
    /// <param name="annotation">A value of an annotation of the manifest.</param>
    public static string Write(string folder, int size = 200_000, string annotation = "a test")
    {
        Directory.CreateDirectory(Path.Combine(folder, "blobs", "sha256"));
        TarMaker tar = new();
        tar.File("data", RandomNumberGenerator.GetBytes(size));
        string layer = Blob(folder, "application/vnd.oci.image.layer.v1.tar", tar.End(), out string diffId);
        string config = Blob(folder, "application/vnd.oci.image.config.v1+json", Encoding.UTF8.GetBytes(
            $$"""{"architecture":"arm64","variant":"v8","os":"linux","created":"2025-03-04T05:06:07Z","config":{},"rootfs":{"type":"layers","diff_ids":["{{diffId}}"]} }"""), out _);
        string manifest = Blob(folder, "application/vnd.oci.image.manifest.v1+json", Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{config}},"layers":[{{layer}}],"annotations":{"org.opencontainers.image.description":{{System.Text.Json.JsonSerializer.Serialize(annotation)}} } }"""), out _);
        File.WriteAllText(Path.Combine(folder, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
        File.WriteAllText(Path.Combine(folder, "index.json"), $$"""{"schemaVersion":2,"manifests":[{{manifest[..^1]}},"annotations":{"org.opencontainers.image.ref.name":"latest"} }]}""");
        return $"oci:{folder}:latest";
    }

    private static string Blob(string folder, string type, byte[] content, out string digest)
    {
        digest = ImageArchive.Digest(content);
        File.WriteAllBytes(Path.Combine(folder, "blobs", "sha256", digest[7..]), content);
        return $$"""{"mediaType":"{{type}}","digest":"{{digest}}","size":{{content.Length}}}""";
    }
}
