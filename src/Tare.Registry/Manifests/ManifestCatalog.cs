using Tare.Oci;
using Tare.Store;

namespace Tare.Registry.Manifests;

/// <summary>A manifest in a repository.</summary>
internal sealed record StoredManifest(long Id, string Digest, string MediaType, byte[] Content, long Seen, long Pushed);

/// <summary>What the referrers API tells of a manifest.</summary>
internal sealed record Referrer(string Digest, string MediaType, long Size, string? ArtifactType, string? Annotations);

/// <summary>The rows of manifests and tags.</summary>
internal static class ManifestCatalog
{
    private const string Columns = "m.id, m.digest, m.media_type, m.content, m.seen, m.pushed";

    private static readonly RowReader<StoredManifest?> ReadManifest =
        row => new StoredManifest(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetBytes(3), row.GetInt64(4), row.GetInt64(5));

    internal static StoredManifest? FindByDigest(ReadSession session, string repository, string digest) => session.QueryFirst(
        $"SELECT {Columns} FROM registry_manifest AS m JOIN registry_repository AS r ON r.id = m.repository WHERE r.name = ? AND m.digest = ?",
        ReadManifest,
        repository,
        digest);

    internal static StoredManifest? FindByTag(ReadSession session, string repository, string tag) => session.QueryFirst(
        $"SELECT {Columns} FROM registry_repository AS r JOIN registry_tag AS t ON t.repository = r.id JOIN registry_manifest AS m ON m.id = t.manifest WHERE r.name = ? AND t.name = ?",
        ReadManifest,
        repository,
        tag);

    /// <summary>Finds a manifest by tag or digest.</summary>
    internal static StoredManifest? Find(ReadSession session, string repository, string reference) =>
        reference.Contains(':', StringComparison.Ordinal) ? FindByDigest(session, repository, reference) : FindByTag(session, repository, reference);

    /// <summary>When a tag was last set.</summary>
    internal static long? TagUpdated(ReadSession session, string repository, string tag) => session.QueryFirst(
        "SELECT t.updated FROM registry_tag AS t JOIN registry_repository AS r ON r.id = t.repository WHERE r.name = ? AND t.name = ?",
        row => (long?)row.GetInt64(0),
        repository,
        tag);

    /// <summary>What a document refers to and the repository has not.</summary>
    internal static Digest? FirstMissing(ReadSession session, long repository, ManifestDocument document)
    {
        foreach (var blob in document.Blobs)
        {
            if (session.QueryFirst("SELECT 1 FROM registry_link WHERE repository = ? AND digest = ?", row => row.GetInt64(0), repository, blob.ToString()) == 0) return blob;
        }

        foreach (var child in document.Children)
        {
            if (session.QueryFirst("SELECT 1 FROM registry_manifest WHERE repository = ? AND digest = ?", row => row.GetInt64(0), repository, child.ToString()) == 0) return child;
        }

        return null;
    }

    /// <summary>Adds a manifest, or notes that it was pushed again.</summary>
    /// <returns>Its row.</returns>
    internal static long Put(WriteSession session, long repository, Digest digest, ManifestDocument document, ReadOnlyMemory<byte> content, long now)
    {
        session.Execute(
            """
            INSERT INTO registry_manifest (repository, digest, media_type, artifact_type, subject, annotations, size, pushed, seen, content)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (repository, digest) DO UPDATE SET pushed = excluded.pushed, seen = excluded.seen
            """,
            repository,
            digest.ToString(),
            document.MediaType,
            document.ArtifactType,
            document.Subject.IsEmpty ? SqlValue.Null : document.Subject.ToString(),
            document.Annotations,
            content.Length,
            now,
            now,
            content);
        var id = session.QueryFirst("SELECT id FROM registry_manifest WHERE repository = ? AND digest = ?", row => row.GetInt64(0), repository, digest.ToString());
        foreach (var referred in document.Blobs.Concat(document.Children))
        {
            session.Execute(
                "INSERT INTO registry_reference (manifest, repository, digest) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", id, repository, referred.ToString());
        }

        return id;
    }

    internal static void SetTag(WriteSession session, long repository, string tag, long manifest, long now)
    {
        // What loses its tag may be collected, and has its grace from now on.
        session.Execute(
            "UPDATE registry_manifest SET seen = ? WHERE id = (SELECT manifest FROM registry_tag WHERE repository = ? AND name = ?) AND id <> ?", now, repository, tag, manifest);
        session.Execute(
            "INSERT INTO registry_tag (repository, name, manifest, updated) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET manifest = excluded.manifest, updated = excluded.updated",
            repository,
            tag,
            manifest,
            now);
    }

    internal static bool RemoveTag(WriteSession session, long repository, string tag, long now)
    {
        session.Execute(
            "UPDATE registry_manifest SET seen = ? WHERE id = (SELECT manifest FROM registry_tag WHERE repository = ? AND name = ?)", now, repository, tag);
        return session.Execute("DELETE FROM registry_tag WHERE repository = ? AND name = ?", repository, tag) > 0;
    }

    /// <summary>Removes a manifest with its tags. What it referred to has its grace from now on.</summary>
    internal static void Remove(WriteSession session, long manifest, long now)
    {
        session.Execute(
            """
            UPDATE registry_link SET seen = ?1 WHERE (repository, digest) IN (SELECT repository, digest FROM registry_reference WHERE manifest = ?2)
            """,
            now,
            manifest);
        session.Execute(
            """
            UPDATE registry_manifest SET seen = ?1 WHERE id IN (
                SELECT child.id FROM registry_reference AS r JOIN registry_manifest AS child ON child.repository = r.repository AND child.digest = r.digest WHERE r.manifest = ?2
                UNION ALL
                SELECT about.id FROM registry_manifest AS gone JOIN registry_manifest AS about ON about.repository = gone.repository AND about.subject = gone.digest WHERE gone.id = ?2)
            """,
            now,
            manifest);
        session.Execute("DELETE FROM registry_manifest WHERE id = ?", manifest);
    }

    internal static bool Touch(WriteSession session, long manifest, long now) =>
        session.Execute("UPDATE registry_manifest SET seen = ? WHERE id = ?", now, manifest) > 0;

    internal static IReadOnlyList<string> Tags(ReadSession session, long repository, string last, int count) => session.Query(
        "SELECT name FROM registry_tag WHERE repository = ? AND name > ? ORDER BY name LIMIT ?", row => row.GetString(0), repository, last, count);

    internal static IReadOnlyList<Referrer> Referrers(ReadSession session, string repository, Digest subject, string? artifactType) => session.Query(
        """
        SELECT m.digest, m.media_type, m.size, m.artifact_type, m.annotations FROM registry_manifest AS m
        JOIN registry_repository AS r ON r.id = m.repository
        WHERE r.name = ? AND m.subject = ? AND (?3 IS NULL OR m.artifact_type = ?3) ORDER BY m.id
        """,
        row => new Referrer(row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetStringOrNull(3), row.GetStringOrNull(4)),
        repository,
        subject.ToString(),
        artifactType);
}
