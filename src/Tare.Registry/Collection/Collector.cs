using Tare.Oci;
using Tare.Registry.Blobs;
using Tare.Registry.Manifests;
using Tare.Registry.Metadata;
using Tare.Registry.Metrics;
using Tare.Registry.Uploads;
using Tare.Store;

namespace Tare.Registry.Collection;

/// <summary>
/// Removes what nothing refers to, while the registry is in use. One run at a time.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item>Uploads that have rested too long go.</item>
/// <item>Where it is asked for, manifests go that no tag, no index and no subject that is there leads to, and that were not seen in the
/// grace period. What they referred to begins a grace period of its own.</item>
/// <item>Links of blobs to repositories go that no manifest of the repository refers to, and that were not seen in the grace period.</item>
/// <item>Blobs without a link go: first the row, under the blob's lock, and then the file. Who has just received the same blob holds or
/// waits for that lock, and adds row and file again.</item>
/// <item>Repositories with nothing in them go.</item>
/// </list>
/// Each step is a transaction of a few rows: a push that comes between two of them is complete before or after. A manifest's push looks for
/// its blobs in the transaction that adds it; a blob that a client was told of is seen, and stays for the grace period.
/// </remarks>
internal sealed class Collector(Database database, BlobFiles files, UploadStore uploads, RegistryMetrics metrics, ServerOptions options) : IDisposable
{
    /// <summary>Rows of one transaction: others wait for less than some milliseconds.</summary>
    private const int Batch = 200;

    private readonly SemaphoreSlim turn = new(1);

    public void Dispose() => turn.Dispose();

    /// <summary>Runs once.</summary>
    internal async Task<CollectionResult> RunAsync(CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            var now = options.Time.Milliseconds();
            var before = now - (long)options.CollectionGrace.TotalMilliseconds;
            var expired = await uploads.ExpireAsync(now - (long)options.UploadExpiry.TotalMilliseconds);
            var manifests = options.CollectUntagged ? CollectManifests(before, now, cancellationToken) : 0;
            CollectLinks(before, cancellationToken);
            var (blobs, bytes) = await CollectBlobsAsync(cancellationToken);
            CollectRepositories();
            metrics.Collected(manifests, blobs, bytes);
            return new CollectionResult(expired, manifests, blobs, bytes);
        }
        finally
        {
            turn.Release();
        }
    }

    private int CollectManifests(long before, long now, CancellationToken cancellationToken)
    {
        // An index keeps its manifests, and a manifest what is said about it; what is said about one that is not there is kept by nobody.
        const string unreferenced = """
            SELECT m.id FROM registry_manifest AS m
            WHERE m.seen <= ?
              AND NOT EXISTS (SELECT 1 FROM registry_tag WHERE manifest = m.id)
              AND NOT EXISTS (SELECT 1 FROM registry_reference WHERE repository = m.repository AND digest = m.digest)
              AND (m.subject IS NULL OR NOT EXISTS (SELECT 1 FROM registry_manifest WHERE repository = m.repository AND digest = m.subject))
            LIMIT ?
            """;
        var count = 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var removed = database.Write(session =>
            {
                var found = session.Query(unreferenced, row => row.GetInt64(0), before, Batch);
                foreach (var manifest in found) ManifestCatalog.Remove(session, manifest, now);
                return found.Count;
            });
            count += removed;
            if (removed < Batch) return count;
        }
    }

    private void CollectLinks(long before, CancellationToken cancellationToken)
    {
        const string unreferenced = """
            DELETE FROM registry_link WHERE (repository, digest) IN (
                SELECT l.repository, l.digest FROM registry_link AS l
                WHERE l.seen <= ? AND NOT EXISTS (SELECT 1 FROM registry_reference AS r WHERE r.repository = l.repository AND r.digest = l.digest)
                LIMIT ?)
            """;
        int removed;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            removed = database.Write(session => session.Execute(unreferenced, before, Batch));
        }
        while (removed == Batch);
    }

    private async Task<(int Count, long Bytes)> CollectBlobsAsync(CancellationToken cancellationToken)
    {
        var unlinked = database.Read(session => session.Query(
            "SELECT digest, size FROM registry_blob AS b WHERE NOT EXISTS (SELECT 1 FROM registry_link WHERE digest = b.digest)",
            row => (Digest: Digest.Parse(row.GetString(0)), Size: row.GetInt64(1))));
        var (count, bytes) = (0, 0L);
        foreach (var (digest, size) in unlinked)
        {
            using (await files.LockAsync(digest, cancellationToken))
            {
                var gone = database.Write(session => session.Execute(
                    "DELETE FROM registry_blob WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM registry_link WHERE digest = ?1)", digest.ToString()) > 0);
                if (!gone) continue;
                files.Remove(digest);
            }

            count++;
            bytes += size;
        }

        return (count, bytes);
    }

    private void CollectRepositories() => database.Write(session => session.Execute(
        """
        DELETE FROM registry_repository AS r
        WHERE NOT EXISTS (SELECT 1 FROM registry_manifest WHERE repository = r.id)
          AND NOT EXISTS (SELECT 1 FROM registry_link WHERE repository = r.id)
          AND NOT EXISTS (SELECT 1 FROM registry_tag WHERE repository = r.id)
        """));
}

/// <summary>What a run of the garbage collection removed.</summary>
/// <param name="Uploads">Uploads that were given up.</param>
/// <param name="Manifests">Manifests.</param>
/// <param name="Blobs">Blobs.</param>
/// <param name="Bytes">Bytes of those blobs.</param>
public sealed record CollectionResult(int Uploads, int Manifests, int Blobs, long Bytes)
{
    /// <summary>For people.</summary>
    public override string ToString() => $"removed {Uploads} uploads, {Manifests} manifests and {Blobs} blobs ({Bytes} bytes)";
}
