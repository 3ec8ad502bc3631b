using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Tare.Oci;
using Tare.Registry.Cache;
using Tare.Registry.Hosting;
using Tare.Registry.Http;
using Tare.Registry.Metadata;
using Tare.Store;

namespace Tare.Registry.Blobs;

/// <summary><c>/v2/NAME/blobs/DIGEST</c></summary>
internal sealed class BlobEndpoint(Database database, BlobFiles files, Leases leases, PullThrough cache, TimeProvider time)
{
    /// <summary>Content never changes under its name.</summary>
    private static readonly StringValues Immutable = "max-age=31536000, immutable";

    private static readonly StringValues Bytes = "bytes";

    internal Task ServeAsync(Exchange exchange)
    {
        var digest = ExchangeChecks.ReadDigest(exchange.Route.Reference);
        if (exchange.Method == HttpMethods.Get || exchange.Method == HttpMethods.Head) return ReadAsync(exchange, digest);
        if (exchange.Method == HttpMethods.Delete) return DeleteAsync(exchange, digest);
        throw exchange.NotAllowed("GET, HEAD, DELETE");
    }

    private async Task ReadAsync(Exchange exchange, Digest digest)
    {
        var found = Find(exchange, digest);
        if (found is null && cache.UpstreamOf(exchange.Name) is { } upstream)
        {
            if (await cache.ServeBlobAsync(exchange, upstream, digest)) return;
            // Another request may have fetched it meanwhile.
            found = Find(exchange, digest);
        }

        var link = found ?? throw RefusalException.BlobUnknown(exchange.Route.Reference);
        using var file = exchange.IsHead ? null : files.Open(digest) ?? throw RefusalException.BlobUnknown(exchange.Route.Reference);
        var headers = exchange.Headers;
        headers.AcceptRanges = Bytes;
        headers.CacheControl = Immutable;
        headers["Docker-Content-Digest"] = exchange.Route.Reference;
        headers.ETag = $"\"{exchange.Route.Reference}\"";
        if (exchange.RequestHeaders.IfNoneMatch.ToString() is { Length: > 0 } match && (match == headers.ETag || match.Contains(headers.ETag.ToString(), StringComparison.Ordinal)))
        {
            exchange.Head(StatusCodes.Status304NotModified, StringValues.Empty, 0);
            headers.ContentLength = null;
            return;
        }

        var whole = new ByteRange(0, link.Size - 1);
        ByteRange? part = null;
        if (exchange.RequestHeaders.Range.ToString() is { Length: > 0 } range && !ByteRange.TryParse(range, link.Size, out part))
        {
            headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{link.Size}");
            throw new RefusalException(StatusCodes.Status416RangeNotSatisfiable, "SIZE_INVALID", "the range lies behind the end of the blob", range);
        }

        if (part is { } cut) headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {cut.First}-{cut.Last}/{link.Size}");
        var sent = part ?? whole;
        exchange.Head(part is null ? StatusCodes.Status200OK : StatusCodes.Status206PartialContent, ContentTypes.Blob, sent.Length);
        if (file is not null) await FileBody.SendAsync(exchange, file, sent.First, sent.Length);
    }

    /// <summary>Finds a blob; what was found may be counted on for a while.</summary>
    private BlobCatalog.Link? Find(Exchange exchange, Digest digest)
    {
        var link = database.Read(session => BlobCatalog.Find(session, exchange.Name, digest));
        if (link is null || !exchange.IsHead) return link;
        var now = time.Milliseconds();
        if (!leases.MustRenew(link.Value.Seen, now)) return link;
        return database.Write(session => BlobCatalog.Touch(session, exchange.Name, digest, now)) ? link : null;
    }

    private Task DeleteAsync(Exchange exchange, Digest digest)
    {
        if (!database.Write(session => BlobCatalog.Detach(session, exchange.Name, digest), Durability.Full)) throw RefusalException.BlobUnknown(exchange.Route.Reference);
        exchange.Empty(StatusCodes.Status202Accepted);
        return Task.CompletedTask;
    }
}
