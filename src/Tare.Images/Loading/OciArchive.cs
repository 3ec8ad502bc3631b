using Tare.Errors;
using Tare.Images.Catalogs;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Images.Loading;

/// <summary>OCI layouts in an archive (OCI image-spec, image-layout.md).</summary>
internal static class OciArchive
{
    internal const string IndexPath = "index.json";

    /// <summary>Whether a layout holds images of several platforms under one name.</summary>
    internal static bool HasIndex(ArchiveContents contents) =>
        contents.Find(IndexPath) is ArchiveDocument document
        && ArchiveContents.Json(document, ImageJson.Default.OciIndex, IndexPath).Manifests.Any(descriptor => MediaTypes.IsIndex(descriptor.MediaType));

    /// <summary>The images of a layout, in its order.</summary>
    /// <param name="contents">The archive.</param>
    /// <param name="platform">The only platform that is wanted; absent means all that are there.</param>
    /// <exception cref="TareException">It is malformed, names what is not there, or has nothing for the platform.</exception>
    internal static ArchivePlan Plan(ArchiveContents contents, OciPlatform? platform)
    {
        var index = ArchiveContents.Json(contents.Document(IndexPath, "the index"), ImageJson.Default.OciIndex, IndexPath);
        var images = new List<PlannedImage>();
        var indexes = new List<PlannedIndex>();
        foreach (var descriptor in index.Manifests)
        {
            if (Platforms.IsAttestation(descriptor)) continue;
            var tags = Tags(descriptor);
            if (MediaTypes.IsIndex(descriptor.MediaType))
            {
                if (PlanIndex(contents, descriptor, platform, tags) is not { } planned) continue;
                indexes.Add(planned);
                images.AddRange(planned.Images.Where(image => !images.Exists(other => other.Configuration.Digest == image.Configuration.Digest)));
            }
            else if (platform is null || descriptor.Platform is null || Platforms.Matches(platform, descriptor.Platform))
            {
                images.Add(PlanImage(contents, descriptor, tags));
            }
        }

        return images.Count > 0 || index.Manifests.Count == 0
            ? new ArchivePlan(images, indexes)
            : throw TareException.NotFound($"the archive has no image for {PlatformSpecifier.Format(platform ?? Platforms.Host)}");
    }

    private static PlannedIndex? PlanIndex(ArchiveContents contents, OciDescriptor descriptor, OciPlatform? platform, IReadOnlyList<Reference> tags)
    {
        var document = contents.Blob<ArchiveDocument>(descriptor.Digest, descriptor.Size, "the index");
        var listed = ArchiveContents.Json(document, ImageJson.Default.OciIndex, "an index").Manifests;
        // A variant is a preference: arm/v7 runs what was made for arm/v6.
        IEnumerable<OciDescriptor> wanted = platform is null
            ? listed.Where(manifest => !Platforms.IsAttestation(manifest))
            : Platforms.Choose(listed, platform) is { } chosen ? [chosen] : [];
        var images = new List<PlannedImage>();
        foreach (var manifest in wanted)
        {
            if (MediaTypes.IsIndex(manifest.MediaType)) throw TareException.Invalid("the archive has an index inside of another one, which is not supported");
            // Whoever saved it may have had some of the platforms only.
            if (contents.Has(manifest.Digest)) images.Add(PlanImage(contents, manifest, []));
        }

        return images.Count == 0
            ? null
            : new PlannedIndex(new ImageDocument(descriptor.MediaType!, document.Digest, document.Content), [.. listed.Select(manifest => Digest.Parse(manifest.Digest))], images, tags);
    }

    private static PlannedImage PlanImage(ArchiveContents contents, OciDescriptor descriptor, IReadOnlyList<Reference> tags)
    {
        if (descriptor.MediaType is not null && !MediaTypes.IsManifest(descriptor.MediaType))
            throw TareException.Invalid($"the archive has a manifest of the type {descriptor.MediaType}, which is not supported");
        var document = contents.Blob<ArchiveDocument>(descriptor.Digest, descriptor.Size, "the manifest");
        var manifest = ArchiveContents.Json(document, ImageJson.Default.OciManifest, "a manifest");
        return new PlannedImage(
            contents.Blob<ArchiveDocument>(manifest.Config.Digest, manifest.Config.Size, "the configuration"),
            [.. manifest.Layers.Select(layer => contents.Blob<ArchiveLayer>(layer.Digest, layer.Size, "the layer"))],
            tags,
            default)
        {
            Manifest = new ImageDocument(manifest.MediaType ?? descriptor.MediaType ?? MediaTypes.OciManifest, document.Digest, document.Content),
            Blobs = [.. manifest.Layers.Select(layer => new LayerBlob(Digest.Parse(layer.Digest), layer.Size, layer.MediaType ?? MediaTypes.OciLayer))],
        };
    }

    /// <summary>The whole name that an annotation gives; a mere tag names nothing.</summary>
    private static IReadOnlyList<Reference> Tags(OciDescriptor descriptor)
    {
        var annotations = descriptor.Annotations;
        if (annotations is null) return [];
        if (annotations.TryGetValue(Annotations.ImageName, out var name) && Reference.TryParse(name, out var reference)) return [Tagged(reference)];
        return annotations.TryGetValue(Annotations.RefName, out name) && name.AsSpan().ContainsAny('/', ':') && Reference.TryParse(name, out reference)
            ? [Tagged(reference)]
            : [];
    }

    private static Reference Tagged(Reference reference) => reference.WithDigest(default).WithDefaultTag();
}
