using Tare.Errors;
using Tare.Images.Catalogs;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Images.Saving;

/// <summary>Finds what a user wants to be saved, by Docker's rules.</summary>
/// <remarks>
/// <list type="number">
/// <item>An id, or a beginning of one, is an image without a name.</item>
/// <item>A name with a tag is that image by that name; with a digest, that image without a name.</item>
/// <item>A name alone is all images of the repository, by all its tags.</item>
/// </list>
/// </remarks>
internal static class SaveRequest
{
    /// <summary>The images by their ids, each with the names that it gets in the archive.</summary>
    /// <exception cref="TareException">NotFound: there is no such image.</exception>
    internal static SortedDictionary<Digest, SortedSet<Reference>> Find(CatalogSnapshot catalog, IReadOnlyList<string> names)
    {
        var found = new SortedDictionary<Digest, SortedSet<Reference>>();
        foreach (var name in names)
        {
            var (reference, _) = Reference.ParseAny(name);
            if (reference is { Tag: null } && reference.Digest.IsEmpty)
            {
                var ofRepository = catalog.Images.Values.SelectMany(image => image.Tags.Where(tag => tag.Name == reference.Name).Select(tag => (image.Id, Tag: tag))).ToList();
                foreach (var (id, tag) in ofRepository) Add(found, id, tag);
                if (ofRepository.Count > 0) continue;
            }

            var image = catalog.Find(name) ?? throw NotFound(name, reference);
            var isName = reference is { Tag: not null } && reference.Digest.IsEmpty && image.Tags.Contains(reference);
            Add(found, image.Id, isName ? reference : null);
        }

        return found;
    }

    /// <summary>Checks that an image is for a platform.</summary>
    /// <exception cref="TareException">NotFound: it is for another one.</exception>
    internal static void Check(Image image, OciPlatform? platform)
    {
        if (image.Damage is not null) throw TareException.Internal(image.Damage);
        if (platform is not null && !Platforms.Matches(platform, image.Config))
            throw TareException.NotFound($"no suitable export target found for platform {Platforms.Format(platform)}");
    }

    /// <summary>Docker's words, which are others here than for one image.</summary>
    private static TareException NotFound(string name, Reference? reference) =>
        TareException.NotFound(reference is null or { IsNameOnly: true } || reference.FamiliarName == "sha256" ? $"No such image: {name}" : "reference does not exist");

    private static void Add(SortedDictionary<Digest, SortedSet<Reference>> found, Digest id, Reference? tag)
    {
        if (!found.TryGetValue(id, out var tags)) found.Add(id, tags = new SortedSet<Reference>(Comparer<Reference>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()))));
        if (tag is not null) tags.Add(tag);
    }
}
