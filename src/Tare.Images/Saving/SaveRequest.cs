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
/// <item>A name that stands for several platforms is the images of all of them that are here, unless one is asked for.</item>
/// </list>
/// </remarks>
internal static class SaveRequest
{
    /// <summary>The images by their ids, each with the names that it gets in the archive.</summary>
    /// <exception cref="TareException">NotFound: there is no such image.</exception>
    internal static SortedDictionary<Digest, SortedSet<Reference>> Find(CatalogSnapshot catalog, IReadOnlyList<string> names, OciPlatform? platform)
    {
        var found = new SortedDictionary<Digest, SortedSet<Reference>>();
        foreach (var name in names)
        {
            var (reference, _) = Reference.ParseAny(name);
            if (reference is { Tag: null } && reference.Digest.IsEmpty)
            {
                var ofRepository = catalog.Images.Values.SelectMany(image => image.Tags.Where(tag => tag.Name == reference.Name).Select(tag => (image.Id, Tag: tag))).ToList();
                foreach (var (id, tag) in ofRepository) Add(found, Variants(catalog, id, tag, platform), tag);
                if (ofRepository.Count > 0) continue;
            }

            var image = catalog.Find(name) ?? throw NotFound(name, reference);
            var isName = reference is { Tag: not null } && reference.Digest.IsEmpty && image.Tags.Contains(reference);
            Add(found, Variants(catalog, image.Id, reference, platform), isName ? reference : null);
        }

        return found;
    }

    /// <summary>The images that a name means: the one by itself first, or the one of the platform alone.</summary>
    private static IReadOnlyList<Digest> Variants(CatalogSnapshot catalog, Digest image, Reference? name, OciPlatform? platform)
    {
        IReadOnlyList<Digest> all = name is null ? [image] : [image, .. catalog.ImagesOf(catalog.TargetOf(name)).Where(other => other != image)];
        if (all.Select(id => catalog.Images[id].Damage).FirstOrDefault(damage => damage is not null) is { } damage) throw TareException.Internal(damage);
        if (platform is null) return all;
        var chosen = all.FirstOrDefault(id => Platforms.Matches(platform, catalog.Images[id].Config));
        return chosen.IsEmpty ? throw TareException.NotFound($"no suitable export target found for platform {PlatformSpecifier.Format(platform)}") : [chosen];
    }

    /// <summary>Docker's words, which are others here than for one image.</summary>
    private static TareException NotFound(string name, Reference? reference) =>
        TareException.NotFound(reference is null or { IsNameOnly: true } || reference.FamiliarName == "sha256" ? $"No such image: {name}" : "reference does not exist");

    private static void Add(SortedDictionary<Digest, SortedSet<Reference>> found, IReadOnlyList<Digest> images, Reference? tag)
    {
        foreach (var id in images)
        {
            if (!found.TryGetValue(id, out var tags)) found.Add(id, tags = new SortedSet<Reference>(Comparer<Reference>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()))));
            if (tag is not null && id == images[0]) tags.Add(tag);
        }
    }
}
