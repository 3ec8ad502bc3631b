using Tare.Errors;
using Tare.Images.Catalogs;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Images.Loading;

/// <summary>An image that an archive describes, before it is in the store.</summary>
/// <param name="Configuration">The exact bytes of its configuration.</param>
/// <param name="Layers">Its layers, the lowest first.</param>
/// <param name="Tags">The names that the archive gives it.</param>
/// <param name="Parent">The image it was built from, if the archive says so.</param>
internal sealed record PlannedImage(ArchiveDocument Configuration, IReadOnlyList<ArchiveLayer> Layers, IReadOnlyList<Reference> Tags, Digest Parent)
{
    /// <summary>Its manifest, if the archive has one of OCI's or Docker's kind.</summary>
    internal ImageDocument? Manifest { get; init; }

    /// <summary>What the layers are in the archive, by that manifest; empty without one.</summary>
    internal IReadOnlyList<LayerBlob> Blobs { get; init; } = [];

    /// <summary>Checks the parts against each other. Waits for the layers' extraction.</summary>
    /// <returns>The DiffIDs.</returns>
    /// <exception cref="TareException">They do not fit.</exception>
    internal IReadOnlyList<Digest> Verify()
    {
        var config = Parse(Configuration);
        var diffIds = config.DiffIds.Select(Digest.Parse).ToList();
        if (Layers.Count != diffIds.Count)
            throw TareException.Invalid($"invalid manifest, layers length mismatch: expected {Layers.Count}, got {diffIds.Count}");
        for (var i = 0; i < diffIds.Count; i++)
        {
            var actual = Layers[i].DiffId;
            if (actual != diffIds[i]) throw TareException.Invalid($"invalid diffID for layer {i}: expected \"{diffIds[i]}\", got \"{actual}\"");
        }

        return diffIds;
    }

    /// <summary>Reads a configuration of an image that can run here.</summary>
    /// <exception cref="TareException">It is malformed, or for another system.</exception>
    internal static OciImageConfig Parse(ArchiveDocument document)
    {
        var config = Catalog.Parse(document.Content, $"the configuration {document.Digest}");
        var os = string.IsNullOrEmpty(config.Os) ? "linux" : config.Os;
        return os == "linux" ? config : throw TareException.Invalid($"cannot load {os} image on linux");
    }
}

/// <summary>An index of an archive: images of several platforms under one name.</summary>
/// <param name="Document">The index.</param>
/// <param name="Manifests">What it lists.</param>
/// <param name="Images">Those of its images that are loaded, in its order; not empty.</param>
/// <param name="Tags">The names that the archive gives it.</param>
internal sealed record PlannedIndex(ImageDocument Document, IReadOnlyList<Digest> Manifests, IReadOnlyList<PlannedImage> Images, IReadOnlyList<Reference> Tags)
{
    /// <summary>The image that the names mean when nobody says a platform.</summary>
    internal PlannedImage Preferred => Images.FirstOrDefault(image => Platforms.Matches(Platforms.Host, PlannedImage.Parse(image.Configuration))) ?? Images[0];
}

/// <summary>What an archive brings.</summary>
/// <param name="Images">All images, those of indexes too.</param>
/// <param name="Indexes">The indexes.</param>
internal sealed record ArchivePlan(IReadOnlyList<PlannedImage> Images, IReadOnlyList<PlannedIndex> Indexes)
{
    /// <summary>The images with the names that they get, those of the indexes among them.</summary>
    internal IEnumerable<(PlannedImage Image, IReadOnlyList<Reference> Tags)> Named => Images.Select(image =>
        (image, (IReadOnlyList<Reference>)[.. image.Tags, .. Indexes.Where(index => index.Preferred == image).SelectMany(index => index.Tags)]));
}
