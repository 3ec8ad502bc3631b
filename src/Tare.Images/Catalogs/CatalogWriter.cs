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

    /// <summary>Gives an image a name; another that had it loses it.</summary>
    /// <returns>The image that had the name before, if it was another.</returns>
    internal static Digest SetName(WriteSession session, Reference reference, Digest id, DateTimeOffset now)
    {
        var digest = reference.Digest.ToString();
        var before = session.QueryFirst(
            "SELECT image FROM image_name WHERE name = ? AND tag = ? AND digest = ?",
            row => row.GetString(0),
            reference.Name,
            reference.Tag ?? "",
            digest);
        session.Execute(
            "INSERT INTO image_name (name, tag, digest, image) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET image = excluded.image",
            reference.Name,
            reference.Tag ?? "",
            digest,
            id.ToString());
        session.Execute("UPDATE image SET tagged = ? WHERE id = ?", now.UtcTicks, id.ToString());
        return before is null || before == id.ToString() ? default : Digest.Parse(before);
    }

    internal static void RemoveName(WriteSession session, Reference reference) => session.Execute(
        "DELETE FROM image_name WHERE name = ? AND tag = ? AND digest = ?",
        reference.Name,
        reference.Tag ?? "",
        reference.Digest.ToString());

    /// <summary>Removes an image and its names.</summary>
    /// <returns>Layers whose directories must go after the commit.</returns>
    internal static IReadOnlyList<long> RemoveImage(WriteSession session, LayerStore layers, Digest id)
    {
        session.Execute("DELETE FROM image WHERE id = ?", id.ToString());
        return layers.DoomUnused(session);
    }
}
