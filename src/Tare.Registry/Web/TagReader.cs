using System.Globalization;
using System.Text.Json;
using Tare.Oci;
using Tare.Oci.Images;
using Tare.Registry.Blobs;
using Tare.Registry.Manifests;
using Tare.Store;

namespace Tare.Registry.Web;

/// <summary>Reads what the page shows of tags from their manifests and configurations, which are anybody's documents: what cannot be read is not shown.</summary>
internal sealed class TagReader(Database database, BlobFiles files)
{
    /// <summary>Configurations of images have some kilobytes.</summary>
    private const int LongestConfig = 1 << 20;

    /// <summary>An index has a manifest for each platform; pages show so many.</summary>
    private const int MostImages = 64;

    /// <summary>Reads a page of tags, the newest first.</summary>
    internal IReadOnlyList<TagView> Read(string repository, int skip, int count)
    {
        var rows = database.Read(session => session.Query(
            """
            SELECT t.name, m.digest, m.media_type, m.content, t.updated, m.pulled, m.artifact_type FROM registry_repository AS r
            JOIN registry_tag AS t ON t.repository = r.id JOIN registry_manifest AS m ON m.id = t.manifest
            WHERE r.name = ? ORDER BY t.updated DESC, t.name LIMIT ? OFFSET ?
            """,
            row => (
                Name: row.GetString(0), Digest: row.GetString(1), MediaType: row.GetString(2), Content: row.GetBytes(3), Updated: row.GetInt64(4), Pulled: row.GetInt64OrNull(5),
                ArtifactType: row.GetStringOrNull(6)),
            repository,
            count,
            skip));
        return [.. rows.Select(row =>
        {
            var (images, annotations) = Describe(repository, row.MediaType, row.Content);
            return new TagView
            {
                Name = row.Name,
                Digest = row.Digest,
                MediaType = row.MediaType,
                Updated = DateTimeOffset.FromUnixTimeMilliseconds(row.Updated),
                Pulled = row.Pulled is { } pulled ? DateTimeOffset.FromUnixTimeMilliseconds(pulled) : null,
                ArtifactType = row.ArtifactType is MediaTypes.OciConfig or MediaTypes.DockerConfig ? null : row.ArtifactType,
                Images = images,
                Annotations = annotations,
                Size = images.SelectMany(image => image.Parts).DistinctBy(part => part.Digest).Sum(part => Math.Max(0, part.Size)),
            };
        })];
    }

    private (IReadOnlyList<ImageView> Images, IReadOnlyDictionary<string, string> Annotations) Describe(string repository, string mediaType, byte[] content)
    {
        try
        {
            if (!MediaTypes.IsIndex(mediaType))
            {
                var manifest = JsonSerializer.Deserialize(content, ImageJson.Default.OciManifest)!;
                return ([Image(repository, manifest, null)], manifest.Annotations ?? new Dictionary<string, string>());
            }

            var index = JsonSerializer.Deserialize(content, ImageJson.Default.OciIndex)!;
            var images = new List<ImageView>();
            foreach (var child in index.Manifests.Take(MostImages))
            {
                if (database.Read(session => ManifestCatalog.FindByDigest(session, repository, child.Digest)) is not { } found || !MediaTypes.IsManifest(found.MediaType)) continue;
                images.Add(Image(repository, JsonSerializer.Deserialize(found.Content, ImageJson.Default.OciManifest)!, child.Platform));
            }

            return (images, index.Annotations ?? new Dictionary<string, string>());
        }
        catch (JsonException)
        {
            return ([], new Dictionary<string, string>());
        }
    }

    private ImageView Image(string repository, OciManifest manifest, OciPlatform? platform)
    {
        var config = manifest.Config.MediaType is MediaTypes.OciConfig or MediaTypes.DockerConfig ? Config(repository, manifest.Config) : null;
        var text = platform is null ? PlatformText.Of(config?.Os, config?.Architecture, config?.Variant) : PlatformText.Of(platform.Os, platform.Architecture, platform.Variant);
        DateTimeOffset? created = DateTimeOffset.TryParse(config?.Created, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
        return new ImageView(text, created, manifest.Layers, manifest.Config.Size, manifest.Config.Digest);
    }

    private OciImageConfig? Config(string repository, OciDescriptor descriptor)
    {
        if (!Digest.TryParse(descriptor.Digest, out var digest)) return null;
        if (database.Read(session => BlobCatalog.Find(session, repository, digest)) is not { Size: <= LongestConfig and > 0 } link) return null;
        using var file = files.Open(digest);
        if (file is null) return null;
        var content = new byte[link.Size];
        var length = RandomAccess.Read(file, content, 0);
        try
        {
            return JsonSerializer.Deserialize(content.AsSpan(0, length), ImageConfigJson.Default.OciImageConfig);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
