using Microsoft.AspNetCore.Http;
using Tare.Oci;
using Tare.Registry.Blobs;
using Tare.Registry.Cache;
using Tare.Registry.Http;
using Tare.Registry.Metadata;
using Tare.Registry.Metrics;
using Tare.Registry.Quotas;
using Tare.Store;

namespace Tare.Registry.Manifests;

/// <summary><c>/v2/NAME/manifests/REFERENCE</c></summary>
internal sealed class ManifestEndpoint(
    Database database, PullTimes pulls, Leases leases, QuotaCheck quotas, PullThrough cache, RegistryMetrics metrics, TimeProvider time)
{
    /// <summary>Tags that one push by digest may set.</summary>
    private const int MostTags = 100;

    internal Task ServeAsync(Exchange exchange)
    {
        var reference = exchange.Route.Reference;
        if (IsDigest(reference)) _ = ExchangeChecks.ReadDigest(reference);
        else if (!RepositoryName.IsTag(reference)) throw exchange.Method == "PUT" ? RefusalException.ManifestInvalid("the tag is malformed") : RefusalException.ManifestUnknown(reference);
        return exchange.Method switch
        {
            "GET" or "HEAD" => ReadAsync(exchange),
            "PUT" => PutAsync(exchange),
            "DELETE" => DeleteAsync(exchange),
            _ => throw exchange.NotAllowed("GET, HEAD, PUT, DELETE"),
        };
    }

    private async Task ReadAsync(Exchange exchange)
    {
        var reference = exchange.Route.Reference;
        if (cache.UpstreamOf(exchange.Name) is { } upstream) await cache.RefreshManifestAsync(exchange.Name, upstream, reference, exchange.Gone);
        var found = database.Read(session => ManifestCatalog.Find(session, exchange.Name, reference)) ?? throw RefusalException.ManifestUnknown(reference);
        var now = time.Milliseconds();
        if (exchange.IsHead)
        {
            if (leases.MustRenew(found.Seen, now) && !database.Write(session => ManifestCatalog.Touch(session, found.Id, now))) throw RefusalException.ManifestUnknown(reference);
        }
        else
        {
            pulls.Note(found.Id, now);
        }

        exchange.Headers["Docker-Content-Digest"] = found.Digest;
        exchange.Headers.ETag = $"\"{found.Digest}\"";
        await exchange.SendAsync(StatusCodes.Status200OK, found.MediaType, found.Content);
    }

    private async Task PutAsync(Exchange exchange)
    {
        cache.MustBeOurs(exchange.Name);
        var content = await exchange.ReadBodyAsync(ManifestDocument.LongestDocument, "the manifest");
        var reference = exchange.Route.Reference;
        var digest = DigestOf(exchange, content, out var tags);
        var document = ManifestDocument.Parse(content, exchange.RequestHeaders.ContentType);
        quotas.Check(exchange.Name, content.Length);
        var now = time.Milliseconds();
        database.Write(
            session =>
            {
                var repository = Repositories.Require(session, exchange.Name);
                if (ManifestCatalog.FirstMissing(session, repository, document) is { } missing) throw RefusalException.ManifestBlobUnknown(missing.ToString());
                var manifest = ManifestCatalog.Put(session, repository, digest, document, content, now);
                foreach (var tag in tags) ManifestCatalog.SetTag(session, repository, tag, manifest, now);
            },
            Durability.Full);
        metrics.ManifestPushed();
        if (!document.Subject.IsEmpty) exchange.Headers["OCI-Subject"] = document.Subject.ToString();
        if (IsDigest(reference) && tags.Count > 0) exchange.Headers["OCI-Tag"] = tags.ToArray();
        exchange.Headers.Location = $"/v2/{exchange.Name}/manifests/{reference}";
        exchange.Headers["Docker-Content-Digest"] = digest.ToString();
        exchange.Empty(StatusCodes.Status201Created);
    }

    /// <summary>
    /// The digest that the manifest is pushed by or, by a tag, has. A tag may come with a digest of another algorithm in the query, and a
    /// digest with tags.
    /// </summary>
    private static Digest DigestOf(Exchange exchange, ReadOnlyMemory<byte> content, out IReadOnlyList<string> tags)
    {
        var reference = exchange.Route.Reference;
        tags = IsDigest(reference) ? [.. exchange.Query.All("tag").Distinct().Take(MostTags)] : [reference];
        foreach (var tag in tags)
        {
            if (!RepositoryName.IsTag(tag)) throw RefusalException.ManifestInvalid("the tag is malformed");
        }

        var text = IsDigest(reference) ? reference : exchange.Query["digest"];
        if (text is null) return Digest.Of(content.Span);
        var expected = ExchangeChecks.ReadDigest(text);
        using var builder = new DigestBuilder(expected);
        builder.Append(content.Span);
        var actual = builder.Finish();
        return actual == expected ? actual : throw RefusalException.DigestInvalid($"provided digest did not match uploaded content: that has the digest {actual}", text);
    }

    private static bool IsDigest(string reference) => reference.Contains(':', StringComparison.Ordinal);

    private Task DeleteAsync(Exchange exchange)
    {
        var reference = exchange.Route.Reference;
        var now = time.Milliseconds();
        var done = database.Write(
            session =>
            {
                if (Repositories.Find(session, exchange.Name) is not { } repository) return false;
                if (!IsDigest(reference)) return ManifestCatalog.RemoveTag(session, repository, reference, now);
                if (ManifestCatalog.FindByDigest(session, exchange.Name, reference) is not { } manifest) return false;
                ManifestCatalog.Remove(session, manifest.Id, now);
                return true;
            },
            Durability.Full);
        if (!done) throw RefusalException.ManifestUnknown(reference);
        exchange.Empty(StatusCodes.Status202Accepted);
        return Task.CompletedTask;
    }
}
