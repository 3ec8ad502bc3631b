using Tare.Images.Content;
using Tare.Oci;
using Tare.Oci.Images;
using Tare.Store;

namespace Tare.Images.Catalogs;

/// <summary>Finds what the names of an image stand for: the manifests of their indexes, here or not, or its own.</summary>
internal sealed class VariantLister(Database database, ContentStore content, CatalogSnapshot snapshot)
{
    /// <summary>The manifests, in the order of their indexes; none for an image that never had one.</summary>
    internal IReadOnlyList<ImageVariant> Of(Image image)
    {
        var indexes = image.Tags.Concat(image.Digests).Select(snapshot.TargetOf).Where(target => !target.IsEmpty).Distinct().ToList();
        return indexes.Count > 0 ? [.. indexes.SelectMany(OfIndex).DistinctBy(variant => variant.Manifest.Digest)] : OfImage(image);
    }

    private IEnumerable<ImageVariant> OfIndex(Digest index)
    {
        // What the disk has lost is not told of; the image itself may be well.
        if (content.TryRead(index, out _) is not { } bytes) yield break;
        var images = snapshot.Indexes.TryGetValue(index, out var entries) ? entries.ToDictionary(entry => entry.Manifest, entry => entry.Image) : [];
        foreach (var manifest in Documents.Parse(bytes, ImageJson.Default.OciIndex, $"the index {index}").Manifests)
        {
            var id = images.GetValueOrDefault(Digest.Parse(manifest.Digest));
            yield return Variant(manifest, id.IsEmpty ? null : snapshot.Images.GetValueOrDefault(id));
        }
    }

    private List<ImageVariant> OfImage(Image image)
    {
        var manifests = database.Read(session => CatalogReader.ManifestsOf(session, image.Id));
        return
        [
            .. manifests
                .Select(manifest => (manifest.Digest, manifest.MediaType, Length: content.TryRead(manifest.Digest, out _)?.Length))
                .Where(manifest => manifest.Length is not null)
                .Select(manifest => Variant(new OciDescriptor { MediaType = manifest.MediaType, Digest = manifest.Digest.ToString(), Size = manifest.Length!.Value }, image)),
        ];
    }

    private ImageVariant Variant(OciDescriptor manifest, Image? image) => new()
    {
        Manifest = manifest,
        Image = image,
        ContentSize = image is null ? 0 : manifest.Size + (content.TryRead(image.Id, out _)?.Length ?? 0),
    };
}
