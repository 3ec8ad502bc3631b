using Tare.Oci;

namespace Tare.Images.Saving;

/// <summary>An image on its way into an archive.</summary>
/// <param name="Image">The image.</param>
/// <param name="Configuration">The exact bytes of its configuration.</param>
/// <param name="Layers">Its layers, the lowest first: digests and lengths of their archives.</param>
/// <param name="Tags">The names that it has in the archive, sorted.</param>
/// <param name="Parent">The image that it was built from, when that is in the archive too.</param>
internal sealed record SavedImage(Image Image, byte[] Configuration, IReadOnlyList<(Digest DiffId, long Length)> Layers, IReadOnlyList<Reference> Tags, Digest Parent)
{
    /// <summary>Names of it that stand for several images that are saved, one for each platform, this one among them.</summary>
    public IReadOnlyList<(Reference Tag, IReadOnlyList<Digest> Images)> Variants { get; init; } = [];
}
