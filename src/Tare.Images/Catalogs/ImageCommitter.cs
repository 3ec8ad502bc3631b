using Tare.Images.Content;
using Tare.Images.Layers;
using Tare.Oci;
using Tare.Store;

namespace Tare.Images.Catalogs;

/// <summary>Brings images into the catalog, whatever they come from: all of a change, or nothing.</summary>
/// <param name="database">Holds the rows.</param>
/// <param name="content">Holds the documents.</param>
/// <param name="catalog">Is told of changes.</param>
/// <param name="changing">Held by whoever changes rows and documents together.</param>
/// <param name="time">The clock.</param>
internal sealed class ImageCommitter(Database database, ContentStore content, Catalog catalog, Lock changing, TimeProvider time)
{
    /// <summary>Carries out a change.</summary>
    /// <returns>The images afterwards, and who had the names before.</returns>
    /// <exception cref="Errors.TareException">The disk is full.</exception>
    internal CommittedImages Commit(ImageChange change)
    {
        lock (changing)
        {
            var replaced = new Dictionary<Reference, Digest>();
            var before = catalog.Current;
            var published = Write(Documents(change), session => Commit(session, change, before, replaced));
            foreach (var draft in published) draft.Published = true;
            catalog.Invalidate();
            return new CommittedImages(catalog.Current, replaced);
        }
    }

    /// <summary>Notes what a push has brought to a repository. An image that was removed meanwhile stays removed.</summary>
    internal void Note(PushedImages pushed)
    {
        lock (changing)
        {
            var images = pushed.Images.Where(image => catalog.Current.Images.ContainsKey(image.Image.Id)).ToList();
            if (images.Count == 0) return;
            var documents = images.Select(image => image.Manifest).Concat(pushed.Index is { } made ? [made.Document] : []);
            Write(
                documents.Select(document => (document.Digest, document.Content)),
                session =>
                {
                    Note(session, pushed, images);
                    return 0;
                });
            catalog.Invalidate();
        }
    }

    private static IEnumerable<(Digest Digest, byte[] Content)> Documents(ImageChange change)
    {
        foreach (var image in change.Images)
        {
            yield return (image.Id, image.Configuration);
            if (image.Manifest is { } manifest) yield return (manifest.Digest, manifest.Content);
        }

        foreach (var index in change.Indexes) yield return (index.Document.Digest, index.Document.Content);
    }

    /// <summary>Writes documents and then the rows that refer to them; when that fails, those go again that were not there before.</summary>
    private T Write<T>(IEnumerable<(Digest Digest, byte[] Content)> documents, Func<WriteSession, T> rows)
    {
        var written = new List<Digest>();
        try
        {
            foreach (var (digest, bytes) in documents)
            {
                if (content.Write(digest, bytes)) written.Add(digest);
            }

            return database.Write(rows, Durability.Full);
        }
        catch
        {
            foreach (var digest in written) content.Remove(digest);
            throw;
        }
    }

    private void Note(WriteSession session, PushedImages pushed, IReadOnlyList<(Image Image, ImageDocument Manifest)> images)
    {
        var now = time.GetUtcNow();
        foreach (var (diffId, blob) in pushed.Blobs)
        {
            if (LayerStore.FindReady(session, diffId) is { } layer) BlobTable.Add(session, layer, blob, pushed.Name.Name, now);
        }

        foreach (var (image, manifest) in images) CatalogWriter.AddManifest(session, manifest, image.Id);
        if (pushed.Index is { } index) CatalogWriter.AddIndex(session, index);
        var target = pushed.Index?.Document.Digest ?? default;
        var name = pushed.Name.WithoutTagAndDigest().WithDigest(target.IsEmpty ? images[0].Manifest.Digest : target);
        CatalogWriter.SetName(session, name, images[0].Image.Id, target, tagged: null);
    }

    private List<LayerDraft> Commit(WriteSession session, ImageChange change, CatalogSnapshot before, Dictionary<Reference, Digest> replaced)
    {
        var published = new List<LayerDraft>();
        var now = time.GetUtcNow();
        foreach (var image in change.Images)
        {
            var ids = image.Layers.Select(layer => Publish(session, layer, published)).ToList();
            CatalogWriter.AddImage(session, image.Id, ids);
            foreach (var (layer, id) in image.Layers.Zip(ids))
            {
                if (layer.Blob is { } blob) BlobTable.Add(session, id, blob, change.Repository, now);
            }

            if (image.Manifest is { } manifest) CatalogWriter.AddManifest(session, manifest, image.Id);
        }

        // The images of an archive may be listed before what they were built from.
        foreach (var image in change.Images)
        {
            if (image.Parent != image.Id && (image.ParentIsStored || change.Images.Any(other => other.Id == image.Parent))) CatalogWriter.SetParent(session, image.Id, image.Parent);
        }

        foreach (var index in change.Indexes) CatalogWriter.AddIndex(session, index);
        foreach (var name in change.Names)
        {
            var owner = CatalogWriter.SetName(session, name.Reference, Preferred(name, before), name.Target, now);
            // Of the same index another platform's image has the name, and is not lost.
            if (!owner.IsEmpty && (name.Target.IsEmpty || before.TargetOf(name.Reference) != name.Target)) replaced[name.Reference] = owner;
        }

        return published;
    }

    /// <summary>The image that a name means when nobody says a platform: of those of the same index the nearest to this machine.</summary>
    private static Digest Preferred(NewName name, CatalogSnapshot before)
    {
        if (name.Target.IsEmpty || before.TargetOf(name.Reference) != name.Target || before.ByName(name.Reference) is not { } present) return name.Image;
        return before.Images.TryGetValue(present, out var image) && Platforms.Matches(Platforms.Host, image.Config) ? present : name.Image;
    }

    private static long Publish(WriteSession session, NewLayer layer, List<LayerDraft> published)
    {
        // A layer without a draft is held since it was found.
        if (layer.Draft is not { } draft)
            return LayerStore.FindReady(session, layer.DiffId) ?? throw new InvalidOperationException($"the layer {layer.DiffId} is gone though it is held");
        var id = LayerStore.Publish(session, draft);
        if (id == draft.Id) published.Add(draft);
        return id;
    }
}

/// <summary>What a change has led to.</summary>
/// <param name="Snapshot">The images afterwards.</param>
/// <param name="Replaced">The images that lost a name.</param>
internal sealed record CommittedImages(CatalogSnapshot Snapshot, IReadOnlyDictionary<Reference, Digest> Replaced);
