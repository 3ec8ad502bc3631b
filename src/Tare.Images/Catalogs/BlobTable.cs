using Tare.Oci;
using Tare.Store;

namespace Tare.Images.Catalogs;

/// <summary>What is known of layers in registries: their compressed blobs, and the repositories that have them.</summary>
internal static class BlobTable
{
    /// <summary>Notes a blob of a layer, and who has it.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="layer">The layer's row.</param>
    /// <param name="blob">The blob.</param>
    /// <param name="repository">The repository's whole name, or empty.</param>
    /// <param name="now">When it was seen there.</param>
    internal static void Add(WriteSession session, long layer, LayerBlob blob, string repository, DateTimeOffset now)
    {
        session.Execute(
            "INSERT INTO image_blob (digest, layer, size, media_type) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET layer = excluded.layer",
            blob.Digest.ToString(),
            layer,
            blob.Size,
            blob.MediaType);
        if (repository.Length == 0) return;
        session.Execute(
            "INSERT INTO image_blob_at (digest, repository, seen) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seen = excluded.seen",
            blob.Digest.ToString(),
            repository,
            now.UtcTicks);
    }

    /// <summary>The repository no longer has a blob.</summary>
    internal static void Forget(WriteSession session, Digest blob, string repository) =>
        session.Execute("DELETE FROM image_blob_at WHERE digest = ? AND repository = ?", blob.ToString(), repository);

    /// <summary>The blobs of a layer with the repositories that are known to have them, the one seen last first; a blob that none has, with an empty name.</summary>
    internal static IReadOnlyList<(LayerBlob Blob, string Repository)> Of(ReadSession session, Digest diffId) => session.Query(
        """
        SELECT b.digest, b.size, b.media_type, a.repository
        FROM image_layer AS l JOIN image_blob AS b ON b.layer = l.id LEFT JOIN image_blob_at AS a ON a.digest = b.digest
        WHERE l.diff_id = ? ORDER BY a.seen DESC
        """,
        row => (new LayerBlob(Digest.Parse(row.GetString(0)), row.GetInt64(1), row.GetString(2)), row.GetStringOrNull(3) ?? ""),
        diffId.ToString());
}
