using Tare.Errors;
using Tare.Images.Content;
using Tare.Images.Layers;
using Tare.Oci;
using Tare.Oci.Images;
using Tare.Store;

namespace Tare.Images.Catalogs;

/// <summary>Removes names and images by Docker's rules. For one thread.</summary>
/// <remarks>
/// <list type="number">
/// <item>By name: the name goes, and with the last tag of a repository its digests; what is left of the image's names saves it.</item>
/// <item>By id: all names go, if they are of one repository or the removal is forced.</item>
/// <item>The image goes, unless it is in use; then, when pruning, the nameless images it was built from.</item>
/// </list>
/// </remarks>
internal sealed class ImageRemover(Database database, ContentStore content, LayerStore layers, Catalog catalog, ImageUsers users)
{
    private const int ShortIdLength = 12;

    private readonly List<ImageRemoval> _removals = [];
    private readonly List<long> _doomed = [];

    [Flags]
    private enum Conflict
    {
        DependentChild = 1,
        RunningContainer = 2,
        ActiveReference = 4,
        StoppedContainer = 8,
        Hard = DependentChild | RunningContainer,
        Soft = ActiveReference | StoppedContainer,
    }

    private sealed record Refusal(bool Hard, bool Used, string Message);

    /// <summary>Layers that no row refers to any more: their directories are to be removed, whether or not the removal has failed.</summary>
    internal IReadOnlyList<long> Doomed => _doomed;

    /// <summary>Carries out a removal.</summary>
    /// <exception cref="TareException">NotFound or Conflict. What was removed before stays removed.</exception>
    internal IReadOnlyList<ImageRemoval> Remove(string nameOrId, RemoveOptions options)
    {
        var image = catalog.Current.Find(nameOrId) ?? throw CatalogSnapshot.NotFound(nameOrId);
        if (IsIdPrefix(image.Id, nameOrId))
        {
            if (IsSingleRepository(image))
            {
                var refused = Check(image, Conflict.Hard | (options.Force ? 0 : Conflict.Soft & ~Conflict.ActiveReference));
                if (refused is not null) throw Refuse(image, refused);
                RemoveNames(image, Names(image));
            }

            RemoveImage(image.Id, options.Force, options.Prune, quiet: false);
        }
        else if (RemoveName(image, nameOrId, options.Force))
        {
            RemoveImage(image.Id, options.Force, options.Prune, quiet: true);
        }

        return _removals;
    }

    /// <summary>Removes images that their names mean on one platform. The names stay, and mean the others.</summary>
    /// <param name="images">What goes.</param>
    /// <param name="rest">What the names mean afterwards, the first by itself.</param>
    /// <param name="options">How far to go.</param>
    /// <exception cref="TareException">Conflict. What was removed before stays removed.</exception>
    internal IReadOnlyList<ImageRemoval> RemoveVariants(IReadOnlyList<Image> images, IReadOnlyList<Image> rest, RemoveOptions options)
    {
        foreach (var image in images)
        {
            var before = catalog.Current;
            // Names that stand for this image alone.
            var single = Names(image).Where(name => !before.ImagesOf(before.TargetOf(name)).Contains(rest[0].Id)).ToList();
            if (single.Count > 0 && !options.Force) throw Refuse(image, new Refusal(Hard: false, Used: false, "image is referenced in multiple repositories"));
            if (Check(image, Conflict.Hard | (options.Force ? 0 : Conflict.StoppedContainer)) is { } refused) throw Refuse(image, refused);
            database.Write(
                session =>
                {
                    foreach (var name in Names(image).Except(single)) CatalogWriter.SetName(session, name, rest[0].Id, before.TargetOf(name), tagged: null);
                },
                Durability.Full);
            catalog.Invalidate();
            RemoveImage(image.Id, options.Force, options.Prune, quiet: false);
        }

        return _removals;
    }

    private static IEnumerable<Reference> Names(Image image) => image.Tags.Concat(image.Digests).OrderBy(name => name.ToString(), StringComparer.Ordinal);

    private static string Short(string id) => id.Length > ShortIdLength ? id[..ShortIdLength] : id;

    private static bool IsIdPrefix(Digest id, string text) =>
        id.ToString().StartsWith(text, StringComparison.Ordinal) || id.Hex.StartsWith(text, StringComparison.Ordinal);

    /// <summary>Whether the image has one name, or one tag and the digests of the same repository.</summary>
    private static bool IsSingleRepository(Image image)
    {
        if (image.Tags.Count + image.Digests.Count <= 1) return image.Tags.Count + image.Digests.Count == 1;
        if (image.Tags.Count > 1) return false;
        var repositories = image.Digests.Select(digest => digest.Name).Distinct().ToList();
        return repositories.Count == 1 && (image.Tags.Count == 0 || repositories[0] == image.Tags[0].Name);
    }

    /// <summary>Removes a name.</summary>
    /// <returns>Whether it was the last one.</returns>
    private bool RemoveName(Image image, string text, bool force)
    {
        if (!force && IsSingleRepository(image) && users(image.Id).FirstOrDefault() is { } user)
        {
            throw TareException.Conflict(
                $"conflict: unable to remove repository reference \"{text}\" (must force) - container {Short(user.Id)} is using its referenced image {image.Id.Short}");
        }

        var reference = Reference.Parse(text).WithDefaultTag();
        if (!reference.Digest.IsEmpty) reference = reference.WithoutTagAndDigest().WithDigest(reference.Digest);
        var gone = new List<Reference> { reference };
        // Digests of a repository do not outlive its last tag.
        if (reference.Digest.IsEmpty && !image.Tags.Any(tag => tag.Name == reference.Name && tag != reference))
            gone.AddRange(image.Digests.Where(digest => digest.Name == reference.Name));
        RemoveNames(image, gone);
        return Names(image).All(gone.Contains) && !catalog.Current.IsReachable(image.Id);
    }

    private void RemoveNames(Image image, IEnumerable<Reference> names)
    {
        var list = names.ToList();
        if (list.Count == 0) return;
        var before = catalog.Current;
        var documents = database.Write(
            session =>
            {
                foreach (var name in list) CatalogWriter.RemoveName(session, name);
                return CatalogWriter.RemoveUnnamedIndexes(session);
            },
            Durability.Full);
        catalog.Invalidate();
        foreach (var document in documents) content.Remove(document);
        foreach (var name in list) _removals.Add(new ImageRemoval(name.FamiliarString, null, image.Id));
        // What the names stood for on other platforms goes with them.
        foreach (var other in documents.SelectMany(before.ImagesOf).Distinct().Where(other => other != image.Id).ToList())
        {
            if (catalog.Current.Images.ContainsKey(other) && !catalog.Current.IsReachable(other)) RemoveImage(other, force: false, prune: true, quiet: true);
        }
    }

    private void RemoveImage(Digest id, bool force, bool prune, bool quiet)
    {
        var image = catalog.Current.Images[id];
        if (Check(image, Conflict.Hard | (force ? 0 : Conflict.Soft)) is { } refused)
        {
            if (quiet && (!image.IsDangling || refused.Used)) return;
            throw Refuse(image, refused);
        }

        RemoveNames(image, Names(image));
        var chains = FreedChains(image);
        var (doomed, documents) = database.Write(session => CatalogWriter.RemoveImage(session, layers, id), Durability.Full);
        _doomed.AddRange(doomed);
        // Before the documents go: who reads the catalog meanwhile holds this up.
        catalog.Invalidate();
        foreach (var document in documents) content.Remove(document);
        _removals.Add(new ImageRemoval(null, id.ToString(), id));
        foreach (var chain in chains) _removals.Add(new ImageRemoval(null, chain.ToString(), default));
        if (prune && !image.Parent.IsEmpty) RemoveImage(image.Parent, force: false, prune: true, quiet: true);
    }

    /// <summary>The chain ids that no other image and no container has, the uppermost first.</summary>
    private List<Digest> FreedChains(Image image)
    {
        var others = catalog.Current.Images.Values.Where(other => other.Id != image.Id).Select(other => other.DiffIds)
            .Concat(database.Read(LayerStore.WritableChains))
            .ToList();
        var kept = 0;
        foreach (var other in others)
        {
            var common = 0;
            while (common < image.DiffIds.Count && common < other.Count && image.DiffIds[common] == other[common]) common++;
            kept = Math.Max(kept, common);
        }

        var chains = ChainIds.Of(image.DiffIds);
        return [.. chains.Skip(kept).Reverse()];
    }

    private Refusal? Check(Image image, Conflict mask)
    {
        if (mask.HasFlag(Conflict.DependentChild) && catalog.Current.Images.Values.Any(child => child.Parent == image.Id))
            return new Refusal(Hard: true, Used: false, "image has dependent child images");
        var inUse = users(image.Id).ToList();
        if (mask.HasFlag(Conflict.RunningContainer) && inUse.Find(user => user.Running) is { } running)
            return new Refusal(Hard: true, Used: true, $"image is being used by running container {Short(running.Id)}");
        if (mask.HasFlag(Conflict.ActiveReference) && image.Tags.Count + image.Digests.Count > 0)
            return new Refusal(Hard: false, Used: false, "image is referenced in multiple repositories");
        if (mask.HasFlag(Conflict.StoppedContainer) && inUse.Find(user => !user.Running) is { } stopped)
            return new Refusal(Hard: false, Used: true, $"image is being used by stopped container {Short(stopped.Id)}");
        return null;
    }

    private static TareException Refuse(Image image, Refusal refusal) => TareException.Conflict(
        $"conflict: unable to delete {image.Id.Short} ({(refusal.Hard ? "cannot be forced" : "must be forced")}) - {refusal.Message}");
}
