using Tare.Images.Layers;
using Tare.Oci;
using Tare.Store;

namespace Tare.Images.Catalogs;

/// <summary>Changes of the catalog's rows, inside a transaction of the caller's.</summary>
internal static class CatalogWriter
{
    /// <summary>Adds an image over layers that are there. One that is there already stays as it is.</summary>
    internal static void AddImage(WriteSession session, Digest id, IReadOnlyList<long> layers)
    {
        if (session.Execute("INSERT INTO image (id) VALUES (?) ON CONFLICT DO NOTHING", id.ToString()) == 0) return;
        for (var i = 0; i < layers.Count; i++)
            session.Execute("INSERT INTO image_has_layer (image, position, layer) VALUES (?, ?, ?)", id.ToString(), i, layers[i]);
    }

    /// <summary>Notes what an image was built from.</summary>
    internal static void SetParent(WriteSession session, Digest id, Digest parent) =>
        session.Execute("UPDATE image SET parent = ? WHERE id = ?", parent.ToString(), id.ToString());

    /// <summary>Notes the manifest that an image came with.</summary>
    internal static void AddManifest(WriteSession session, ImageDocument manifest, Digest image) => session.Execute(
        "INSERT INTO image_manifest (digest, media_type, image) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        manifest.Digest.ToString(),
        manifest.MediaType,
        image.ToString());

    /// <summary>Notes an index and what it lists.</summary>
    internal static void AddIndex(WriteSession session, NewIndex index)
    {
        var digest = index.Document.Digest.ToString();
        if (session.Execute("INSERT INTO image_index (digest, media_type) VALUES (?, ?) ON CONFLICT DO NOTHING", digest, index.Document.MediaType) == 0) return;
        for (var i = 0; i < index.Manifests.Count; i++)
            session.Execute("INSERT INTO image_index_has_manifest (image_index, position, manifest) VALUES (?, ?, ?)", digest, i, index.Manifests[i].ToString());
    }

    /// <summary>Gives an image a name; another that had it loses it.</summary>
    /// <returns>The image that had the name before, if it was another.</returns>
    internal static Digest SetName(WriteSession session, Reference reference, Digest id, Digest target, DateTimeOffset? tagged)
    {
        var digest = reference.Digest.ToString();
        var before = session.QueryFirst(
            "SELECT image FROM image_name WHERE name = ? AND tag = ? AND digest = ?",
            row => row.GetString(0),
            reference.Name,
            reference.Tag ?? "",
            digest);
        session.Execute(
            "INSERT INTO image_name (name, tag, digest, image, target) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET image = excluded.image, target = excluded.target",
            reference.Name,
            reference.Tag ?? "",
            digest,
            id.ToString(),
            target.ToString());
        if (tagged is { } time) session.Execute("UPDATE image SET tagged = ? WHERE id = ?", time.UtcTicks, id.ToString());
        return before is null || before == id.ToString() ? default : Digest.Parse(before);
    }

    internal static void RemoveName(WriteSession session, Reference reference) => session.Execute(
        "DELETE FROM image_name WHERE name = ? AND tag = ? AND digest = ?",
        reference.Name,
        reference.Tag ?? "",
        reference.Digest.ToString());

    /// <summary>Removes an image, its names and its manifests.</summary>
    /// <returns>Layers whose directories must go after the commit, and documents that nothing refers to any more.</returns>
    internal static (IReadOnlyList<long> Layers, IReadOnlyList<Digest> Documents) RemoveImage(WriteSession session, LayerStore layers, Digest id)
    {
        var documents = CatalogReader.ManifestsOf(session, id).Select(manifest => manifest.Digest).ToList();
        session.Execute("DELETE FROM image WHERE id = ?", id.ToString());
        return (layers.DoomUnused(session), [id, .. documents, .. RemoveUnnamedIndexes(session)]);
    }

    /// <summary>Removes the indexes that no name stands for.</summary>
    /// <returns>Their digests.</returns>
    internal static IReadOnlyList<Digest> RemoveUnnamedIndexes(WriteSession session)
    {
        var unnamed = session.Query(
            "SELECT digest FROM image_index WHERE digest NOT IN (SELECT target FROM image_name)", row => Digest.Parse(row.GetString(0)));
        foreach (var digest in unnamed) session.Execute("DELETE FROM image_index WHERE digest = ?", digest.ToString());
        return [.. unnamed];
    }
}
