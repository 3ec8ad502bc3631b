using System.Collections.Concurrent;
using Tare.Distribution;
using Tare.Errors;
using Tare.Registry.Configuration;
using Tare.Registry.Http;
using Tare.Registry.Manifests;
using Tare.Registry.Metadata;
using Tare.Registry.Metrics;
using Tare.Store;

namespace Tare.Registry.Cache;

/// <summary>
/// Manifests of upstreams. One that is asked for by its digest is fetched once. A tag is believed for as long as the configuration says;
/// then the upstream is asked where it points to, and when it does not answer, what is here is served.
/// </summary>
internal sealed class ManifestCache(Upstreams upstreams, Database database, RegistryMetrics metrics, ServerOptions options)
{
    /// <summary>Where there is something to serve instead, an upstream has so long to answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, SemaphoreSlim> turns = new(StringComparer.Ordinal);

    /// <summary>Makes what is here as new as it has to be.</summary>
    /// <exception cref="RefusalException">The upstream has no such manifest.</exception>
    /// <exception cref="TareException">It does not answer, and nothing is here.</exception>
    internal async Task RefreshAsync(string repository, UpstreamConfig upstream, string reference, CancellationToken cancellationToken)
    {
        if (IsFresh(repository, upstream, reference))
        {
            metrics.CacheHit();
            return;
        }

        var turn = turns.GetOrAdd($"{repository}\n{reference}", _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellationToken);
        try
        {
            // Somebody else may just have done it.
            if (IsFresh(repository, upstream, reference)) return;
            await AskAsync(repository, upstream, reference, cancellationToken);
        }
        finally
        {
            turn.Release();
            turns.TryRemove($"{repository}\n{reference}", out _);
        }
    }

    private static bool IsDigest(string reference) => reference.Contains(':', StringComparison.Ordinal);

    private bool IsFresh(string repository, UpstreamConfig upstream, string reference)
    {
        if (IsDigest(reference)) return database.Read(session => ManifestCatalog.FindByDigest(session, repository, reference)) is not null;
        if (database.Read(session => ManifestCatalog.TagUpdated(session, repository, reference)) is not { } updated) return false;
        return upstreams.IsAway(upstream) || options.Time.Milliseconds() - updated < (long)Quantities.Span(upstream.Fresh, "fresh").TotalMilliseconds;
    }

    private async Task AskAsync(string repository, UpstreamConfig upstream, string reference, CancellationToken cancellationToken)
    {
        var here = database.Read(session => ManifestCatalog.Find(session, repository, reference));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (here is not null) limit.CancelAfter(Patience);
        try
        {
            var remote = upstreams.Open(upstream, repository);
            // A question does not count against the limits that registries set for pulls.
            if (here is not null && await remote.HeadManifestAsync(reference, limit.Token) is { } known && known.Digest == here.Digest)
            {
                metrics.CacheHit();
                database.Write(session => ManifestCatalog.SetTag(session, Repositories.Require(session, repository), reference, here.Id, options.Time.Milliseconds()));
                return;
            }

            Keep(repository, reference, await remote.GetManifestAsync(reference, limit.Token));
            metrics.CacheMiss();
        }
        catch (TareException e) when (e.Kind is ErrorKind.NotFound or ErrorKind.Unauthorized or ErrorKind.Forbidden)
        {
            // It says no, which is an answer: what is here is not there any more, or not for us.
            if (here is not null && !IsDigest(reference))
                database.Write(session => ManifestCatalog.RemoveTag(session, Repositories.Require(session, repository), reference, options.Time.Milliseconds()));
            throw RefusalException.ManifestUnknown(reference);
        }
        catch (Exception e) when (here is not null && !cancellationToken.IsCancellationRequested && e is not RefusalException)
        {
            upstreams.Missed(upstream, e);
        }
    }

    /// <summary>Keeps a manifest. What it refers to comes when it is asked for.</summary>
    private void Keep(string repository, string reference, RemoteManifest remote)
    {
        var document = ManifestDocument.Parse(remote.Content, remote.MediaType);
        var now = options.Time.Milliseconds();
        database.Write(session =>
        {
            var id = Repositories.Require(session, repository);
            var manifest = ManifestCatalog.Put(session, id, remote.Digest, document, remote.Content, now);
            if (!IsDigest(reference)) ManifestCatalog.SetTag(session, id, reference, manifest, now);
        });
    }
}
