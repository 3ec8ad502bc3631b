using Tare.Oci;
using Tare.Store;

namespace Tare.Registry.Blobs;

/// <summary>Which blobs there are, and which repositories have them.</summary>
internal static class BlobCatalog
{
    /// <summary>A blob in a repository.</summary>
    /// <param name="Size">Its length in bytes.</param>
    /// <param name="Seen">When somebody was last told of it, or lost it.</param>
    internal readonly record struct Link(long Size, long Seen);

    internal static Link? Find(ReadSession session, string repository, Digest digest) => session.QueryFirst(
        """
        SELECT b.size, l.seen FROM registry_repository AS r
        JOIN registry_link AS l ON l.repository = r.id AND l.digest = ?
        JOIN registry_blob AS b ON b.digest = l.digest
        WHERE r.name = ?
        """,
        row => (Link?)new Link(row.GetInt64(0), row.GetInt64(1)),
        digest.ToString(),
        repository);

    internal static long? SizeOf(ReadSession session, Digest digest) =>
        session.QueryFirst("SELECT size FROM registry_blob WHERE digest = ?", row => (long?)row.GetInt64(0), digest.ToString());

    /// <summary>Names of repositories that have a blob.</summary>
    internal static IReadOnlyList<string> RepositoriesOf(ReadSession session, Digest digest, int most) => session.Query(
        "SELECT r.name FROM registry_link AS l JOIN registry_repository AS r ON r.id = l.repository WHERE l.digest = ? LIMIT ?",
        row => row.GetString(0),
        digest.ToString(),
        most);

    internal static void Add(WriteSession session, Digest digest, long size) =>
        session.Execute("INSERT INTO registry_blob (digest, size) VALUES (?, ?) ON CONFLICT DO NOTHING", digest.ToString(), size);

    /// <summary>Gives a repository a blob that is there, or notes that it has been seen.</summary>
    internal static void Attach(WriteSession session, long repository, Digest digest, long now) => session.Execute(
        "INSERT INTO registry_link (repository, digest, seen) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seen = excluded.seen",
        repository,
        digest.ToString(),
        now);

    /// <summary>Notes that somebody has been told that it is there, who may now count on it for the grace period.</summary>
    /// <returns>Whether it is still there.</returns>
    internal static bool Touch(WriteSession session, string repository, Digest digest, long now) => session.Execute(
        "UPDATE registry_link SET seen = ? WHERE digest = ? AND repository = (SELECT id FROM registry_repository WHERE name = ?)",
        now,
        digest.ToString(),
        repository) > 0;

    internal static bool Detach(WriteSession session, string repository, Digest digest) => session.Execute(
        "DELETE FROM registry_link WHERE digest = ? AND repository = (SELECT id FROM registry_repository WHERE name = ?)",
        digest.ToString(),
        repository) > 0;
}
