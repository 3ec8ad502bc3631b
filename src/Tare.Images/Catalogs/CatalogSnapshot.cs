using Tare.Errors;
using Tare.Oci;

namespace Tare.Images.Catalogs;

/// <summary>The images at one moment.</summary>
/// <param name="Images">All images by id.</param>
/// <param name="Names">By canonical name with tag or digest: the image, and the index that the name stands for.</param>
/// <param name="Indexes">What the indexes list, in their order.</param>
internal sealed record CatalogSnapshot(
    IReadOnlyDictionary<Digest, Image> Images,
    IReadOnlyDictionary<string, (Digest Image, Digest Target)> Names,
    IReadOnlyDictionary<Digest, IReadOnlyList<IndexEntry>> Indexes)
{
    private const int Sha256PrefixLength = 7;

    /// <summary>Finds an image by whatever a user calls it, in Docker's order: id, name, prefix of an id.</summary>
    /// <exception cref="TareException">InvalidArgument: it cannot be the name of an image.</exception>
    internal Image? Find(string nameOrId)
    {
        var (reference, id) = Reference.ParseAny(nameOrId);
        if (reference is null) return Images.GetValueOrDefault(id);
        if (Names.TryGetValue(Key(reference), out var named) && Images.TryGetValue(named.Image, out var image)) return image;
        return FindByPrefix(nameOrId);
    }

    /// <summary>The image with a name, if there is one.</summary>
    internal Digest? ByName(Reference reference) => Names.TryGetValue(Key(reference), out var named) ? named.Image : null;

    /// <summary>The index that a name stands for; empty when it stands for one image.</summary>
    internal Digest TargetOf(Reference reference) => Names.TryGetValue(Key(reference), out var named) ? named.Target : default;

    /// <summary>The images of an index that are here, in its order.</summary>
    internal IEnumerable<Digest> ImagesOf(Digest index) =>
        Indexes.TryGetValue(index, out var entries) ? entries.Select(entry => entry.Image).Where(image => !image.IsEmpty).Distinct() : [];

    /// <summary>Whether a name means the image, alone or as that of a platform.</summary>
    internal bool IsReachable(Digest image) =>
        (Images.TryGetValue(image, out var known) && known.Tags.Count + known.Digests.Count > 0) || Indexes.Values.Any(entries => entries.Any(entry => entry.Image == image));

    /// <summary>The error for an image that is not there.</summary>
    internal static TareException NotFound(string nameOrId)
    {
        var (reference, id) = Reference.ParseAny(nameOrId);
        return TareException.NotFound($"No such image: {reference?.WithDefaultTag().FamiliarString ?? id.ToString()}");
    }

    // With a digest the tag says nothing: the content is fixed.
    private static string Key(Reference reference) =>
        (reference.Digest.IsEmpty ? reference.WithDefaultTag() : reference.WithoutTagAndDigest().WithDigest(reference.Digest)).ToString();

    private Image? FindByPrefix(string prefix)
    {
        var digits = prefix.StartsWith("sha256:", StringComparison.Ordinal) ? prefix[Sha256PrefixLength..] : prefix;
        if (digits.Length == 0) return null;
        Image? found = null;
        foreach (var image in Images.Values)
        {
            if (!image.Id.Hex.StartsWith(digits, StringComparison.Ordinal)) continue;
            // Ambiguous is as good as unknown.
            if (found is not null) return null;
            found = image;
        }

        return found;
    }
}

/// <summary>A manifest of an index.</summary>
/// <param name="Manifest">Its digest.</param>
/// <param name="Image">The image, or empty when it is not here.</param>
internal readonly record struct IndexEntry(Digest Manifest, Digest Image);
