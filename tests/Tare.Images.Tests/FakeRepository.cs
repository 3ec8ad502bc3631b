using System.Text.Json;
using Tare.Distribution;
using Tare.Errors;
using Tare.Images.Pulling;
using Tare.Oci;
using Tare.Oci.Compression;
using Tare.Oci.Images;

namespace Tare.Images.Tests;

/// <summary>A repository in memory, whose blobs can be spoiled.</summary>
internal sealed class FakeRepository(string name = "registry.test/app") : IRemoteRepository
{
    private readonly Dictionary<string, RemoteManifest> _manifests = [];
    private readonly Dictionary<string, byte[]> _blobs = [];

    public string Name => name;

    public object Scope => name;

    /// <summary>Replaces what a blob's stream gives, by blob and number of the request.</summary>
    internal Func<Digest, int, byte[], Stream>? Open { get; set; }

    internal Dictionary<string, int> Requests { get; } = [];

    internal Reference Tag(string tag) => Reference.Parse($"{name}:{tag}");

    /// <summary>Adds an image of some layers.</summary>
    internal (Digest Manifest, Digest Id) Add(string? tag, byte[][] layers, CompressionKind kind = CompressionKind.Gzip, OciPlatform? platform = null, Func<byte[], byte[]>? change = null)
    {
        platform ??= Platforms.Host;
        var config = JsonSerializer.SerializeToUtf8Bytes(new
        {
            architecture = platform.Architecture,
            variant = platform.Variant,
            os = platform.Os,
            created = "2024-02-03T04:05:06Z",
            rootfs = new { type = "layers", diff_ids = layers.Select(layer => Digest.Of(layer).ToString()).ToArray() },
        });
        if (change is not null) config = change(config);
        var manifest = JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            mediaType = MediaTypes.OciManifest,
            config = Blob(MediaTypes.OciConfig, config),
            layers = layers.Select(layer => Blob(MediaTypes.OciLayerGzip, Archive.Compress(kind, layer))).ToArray(),
        });
        return (Put(tag, MediaTypes.OciManifest, manifest), Digest.Of(config));
    }

    internal Digest AddIndex(string tag, params (Digest Manifest, OciPlatform Platform)[] manifests) => Put(tag, MediaTypes.OciIndex, JsonSerializer.SerializeToUtf8Bytes(new
    {
        schemaVersion = 2,
        mediaType = MediaTypes.OciIndex,
        manifests = manifests.Select(entry => new
        {
            mediaType = MediaTypes.OciManifest,
            digest = entry.Manifest.ToString(),
            size = _manifests[entry.Manifest.ToString()].Content.Length,
            platform = new { os = entry.Platform.Os, architecture = entry.Platform.Architecture, variant = entry.Platform.Variant },
        }).ToArray(),
    }));

    internal Digest Put(string? tag, string type, byte[] content)
    {
        var manifest = new RemoteManifest(type, Digest.Of(content), content);
        _manifests[manifest.Digest.ToString()] = manifest;
        if (tag is not null) _manifests[tag] = manifest;
        return manifest.Digest;
    }

    public Task<RemoteManifest> GetManifestAsync(string tagOrDigest, CancellationToken cancellationToken) =>
        _manifests.TryGetValue(tagOrDigest, out var manifest) ? Task.FromResult(manifest) : throw TareException.NotFound($"manifest unknown: {tagOrDigest}");

    public Task<Stream> OpenBlobAsync(OciDescriptor blob, CancellationToken cancellationToken)
    {
        lock (Requests)
        {
            var number = Requests[blob.Digest] = Requests.GetValueOrDefault(blob.Digest) + 1;
            var content = _blobs[blob.Digest];
            return Task.FromResult(Open?.Invoke(Digest.Parse(blob.Digest), number, content) ?? new Trickle(content, 1000));
        }
    }

    internal IEnumerable<KeyValuePair<Digest, byte[]>> Blobs => _blobs.Select(blob => KeyValuePair.Create(Digest.Parse(blob.Key), blob.Value));

    internal void AddBlob(byte[] content) => _blobs[Digest.Of(content).ToString()] = content;

    private object Blob(string type, byte[] content)
    {
        _blobs[Digest.Of(content).ToString()] = content;
        return new { mediaType = type, digest = Digest.Of(content).ToString(), size = content.Length };
    }
}
