using Tare.Images.Content;
using Tare.Images.Layers;
using Tare.Oci;
using Tare.Store;

namespace Tare.Images.Catalogs;

/// <summary>Puts the store in order when it is opened.</summary>
internal static class Recovery
{
    /// <summary>
    /// Drops images with a layer that was extracted during another boot and never seen on the disk: the machine went down
    /// within seconds of a load, and files may be empty; and images whose configuration is not there. Then sweeps what no row
    /// accounts for. Copies of layers that containers have go as their layers do.
    /// </summary>
    /// <returns>A sentence for each image and container that is lost.</returns>
    internal static IReadOnlyList<string> Run(Database database, ContentStore content, LayerStore layers)
    {
        const string suspects = """
            SELECT DISTINCT h.image FROM image_has_layer AS h JOIN image_layer AS l ON l.id = h.layer
            WHERE l.boot IS NOT NULL AND l.boot <> ?
            """;
        var documents = content.List();
        var copies = layers.DropUnsettledCopies();
        var (lost, bare, wanted) = database.Write(
            session =>
            {
                var images = session.Query(suspects, row => row.GetString(0), LayerStore.BootId);
                foreach (var image in images) session.Execute("DELETE FROM image WHERE id = ?", image);
                var rest = session.Query("SELECT id FROM image", row => Digest.Parse(row.GetString(0)));
                var bare = rest.Where(image => !documents.Contains(image)).ToList();
                foreach (var image in bare) session.Execute("DELETE FROM image WHERE id = ?", image.ToString());
                layers.DoomUnused(session);
                CatalogWriter.RemoveUnnamedIndexes(session);
                var wanted = rest.ToHashSet();
                // A manifest that is gone is only missed where an image goes back as it came; the image is whole without it.
                Keep("image_manifest");
                Keep("image_index");
                return (images, bare, wanted);

                void Keep(string table)
                {
                    foreach (var digest in session.Query($"SELECT digest FROM {table}", row => Digest.Parse(row.GetString(0))))
                    {
                        if (documents.Contains(digest)) wanted.Add(digest);
                        else session.Execute($"DELETE FROM {table} WHERE digest = ?", digest.ToString());
                    }
                }
            },
            Durability.Full);
        layers.Sweep();
        content.Sweep(wanted);
        return
        [
            .. lost.Select(image => $"the image {image} was dropped: the machine went down before its layers were on the disk; load it again"),
            .. bare.Select(image => $"the image {image} was dropped: its configuration is missing from the content store; load it again"),
            .. copies.Select(container => $"the files of the container {container} were dropped: the machine went down before the copy of its image was on the disk; remove it and make it again"),
        ];
    }
}
