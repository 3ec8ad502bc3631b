using Tare.Errors;
using Tare.Oci;
using Tare.Registry.Configuration;
using Tare.Registry.Http;

namespace Tare.Registry.Cache;

/// <summary>Repositories that are kept copies of others: <c>hub/library/busybox</c> of Docker Hub's, or as a mirror all of them.</summary>
internal sealed class PullThrough(Upstreams upstreams, ManifestCache manifests, BlobCache blobs)
{
    /// <summary>The upstream that a repository belongs to; null for one of our own.</summary>
    internal UpstreamConfig? UpstreamOf(string repository) => upstreams.Of(repository);

    /// <exception cref="RefusalException">The repository is a copy: nothing can be pushed to it.</exception>
    internal void MustBeOurs(string repository)
    {
        if (upstreams.Of(repository) is { } upstream)
            throw RefusalException.Unsupported($"{repository} is a copy of a repository of {upstream.Registry}: push there");
    }

    /// <summary>Answers with a blob that is not here; false when it is by now, or nowhere.</summary>
    internal Task<bool> ServeBlobAsync(Exchange exchange, UpstreamConfig upstream, Digest digest) => blobs.ServeAsync(exchange, upstream, digest);

    /// <summary>Makes the copy of a manifest as new as it has to be.</summary>
    internal Task RefreshManifestAsync(string repository, UpstreamConfig upstream, string reference, CancellationToken cancellationToken) =>
        manifests.RefreshAsync(repository, upstream, reference, cancellationToken);

    /// <summary>The upstream's tags behind one, in order; null when it does not answer.</summary>
    internal async Task<IReadOnlyList<string>?> TagsAsync(string repository, string last, int count, CancellationToken cancellationToken)
    {
        if (upstreams.Of(repository) is not { } upstream || upstreams.IsAway(upstream)) return null;
        var tags = new SortedSet<string>(StringComparer.Ordinal);
        try
        {
            await foreach (var tag in upstreams.Open(upstream, repository).ListTagsAsync(cancellationToken))
            {
                if (string.CompareOrdinal(tag, last) <= 0) continue;
                tags.Add(tag);
                if (tags.Count > count) tags.Remove(tags.Max!);
            }

            return [.. tags];
        }
        catch (TareException e)
        {
            if (e.Kind is not (ErrorKind.NotFound or ErrorKind.Unauthorized or ErrorKind.Forbidden)) upstreams.Missed(upstream, e);
            return null;
        }
    }
}
