using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Images.Loading;

/// <summary>OCI layouts in an archive (OCI image-spec, image-layout.md).</summary>
internal static class OciArchive
{
    internal const string IndexPath = "index.json";

    /// <summary>How deep indexes may lie in each other.</summary>
    private const int MaxDepth = 4;

    /// <summary>The images of a layout, in its order: of an index, the one for the platform.</summary>
    /// <exception cref="TareException">It is malformed, names what is not there, or has nothing for the platform.</exception>
    internal static List<PlannedImage> Plan(ArchiveContents contents, OciPlatform? platform)
    {
        var wanted = platform ?? Platforms.Host;
        var index = ArchiveContents.Json(contents.Document(IndexPath, "the index"), ImageJson.Default.OciIndex, IndexPath);
        var images = new List<PlannedImage>();
        foreach (var descriptor in index.Manifests)
        {
            if (Platforms.IsAttestation(descriptor)) continue;
            var tags = Tags(descriptor);
            if (MediaTypes.IsIndex(descriptor.MediaType))
            {
                if (PlanIndex(contents, descriptor, wanted, tags, 0) is { } image) images.Add(image);
            }
            else if (descriptor.Platform is null || Platforms.Matches(wanted, descriptor.Platform))
            {
                images.Add(PlanImage(contents, descriptor, tags));
            }
        }

        return images.Count > 0 || index.Manifests.Count == 0
            ? images
            : throw TareException.NotFound($"the archive has no image for {Platforms.Format(wanted)}");
    }

    private static PlannedImage? PlanIndex(ArchiveContents contents, OciDescriptor descriptor, OciPlatform platform, IReadOnlyList<Reference> tags, int depth)
    {
        if (depth == MaxDepth) throw TareException.Invalid("the archive's indexes lie too deep in each other");
        var index = ArchiveContents.Json(contents.Blob<ArchiveDocument>(descriptor.Digest, descriptor.Size, "the index"), ImageJson.Default.OciIndex, "an index");
        // A variant is a preference: arm/v7 runs what was made for arm/v6.
        var best = Platforms.Choose(index.Manifests, platform);
        if (best is null) return null;
        return MediaTypes.IsIndex(best.MediaType) ? PlanIndex(contents, best, platform, tags, depth + 1) : PlanImage(contents, best, tags);
    }

    private static PlannedImage PlanImage(ArchiveContents contents, OciDescriptor descriptor, IReadOnlyList<Reference> tags)
    {
        if (descriptor.MediaType is not null && !MediaTypes.IsManifest(descriptor.MediaType))
            throw TareException.Invalid($"the archive has a manifest of the type {descriptor.MediaType}, which is not supported");
        var manifest = ArchiveContents.Json(
            contents.Blob<ArchiveDocument>(descriptor.Digest, descriptor.Size, "the manifest"), ImageJson.Default.OciManifest, "a manifest");
        return new PlannedImage(
            contents.Blob<ArchiveDocument>(manifest.Config.Digest, manifest.Config.Size, "the configuration"),
            [.. manifest.Layers.Select(layer => contents.Blob<ArchiveLayer>(layer.Digest, layer.Size, "the layer"))],
            tags,
            default);
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
