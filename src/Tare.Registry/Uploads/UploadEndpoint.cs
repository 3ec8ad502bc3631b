using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tare.Oci;
using Tare.Registry.Access;
using Tare.Registry.Blobs;
using Tare.Registry.Cache;
using Tare.Registry.Http;
using Tare.Registry.Metadata;
using Tare.Registry.Quotas;
using Tare.Store;

namespace Tare.Registry.Uploads;

/// <summary><c>/v2/NAME/blobs/uploads/</c> and what it leads to: uploads whole, in two steps or in chunks, and mounts.</summary>
internal sealed class UploadEndpoint(UploadStore uploads, Database database, Gatekeeper gatekeeper, QuotaCheck quotas, PullThrough cache, TimeProvider time)
{
    /// <summary>In how many repositories a blob is looked for that a mount names without saying where it is.</summary>
    private const int MostCandidates = 100;

    internal Task ServeAsync(Exchange exchange)
    {
        exchange.AllowLargeBody();
        if (exchange.Route.Endpoint == RouteKind.Uploads)
            return exchange.Method == HttpMethods.Post ? BeginAsync(exchange) : throw exchange.NotAllowed("POST");
        return exchange.Method switch
        {
            "GET" or "HEAD" => StatusAsync(exchange),
            "PATCH" => ChunkAsync(exchange),
            "PUT" => CompleteAsync(exchange),
            "DELETE" => CancelAsync(exchange),
            _ => throw exchange.NotAllowed("GET, PATCH, PUT, DELETE"),
        };
    }

    private async Task BeginAsync(Exchange exchange)
    {
        cache.MustBeOurs(exchange.Name);
        if (exchange.Query["mount"] is { Length: > 0 } mount)
        {
            var mounted = ExchangeChecks.ReadDigest(mount);
            if (TryMount(exchange, mounted))
            {
                Created(exchange, mounted);
                return;
            }
        }

        if (exchange.Query["digest"] is { Length: > 0 } text)
        {
            await WholeAsync(exchange, ExchangeChecks.ReadDigest(text));
            return;
        }

        quotas.Check(exchange.Name, 0);
        var session = uploads.Begin(exchange.Name);
        Progress(exchange, session, StatusCodes.Status202Accepted);
    }

    /// <summary>The blob came with the request that begins its upload. Nothing of it stays when it fails.</summary>
    private async Task WholeAsync(Exchange exchange, Digest digest)
    {
        quotas.Check(exchange.Name, exchange.RequestHeaders.ContentLength ?? 0);
        var begun = uploads.Begin(exchange.Name);
        var session = await uploads.HoldAsync(begun.Id, exchange.Name);
        try
        {
            exchange.Received = await uploads.ReceiveAsync(session, exchange.Body, exchange.Gone);
            await uploads.CompleteAsync(session, digest, CancellationToken.None);
        }
        finally
        {
            if (!session.Ended) uploads.End(session);
            UploadStore.Release(session);
        }

        Created(exchange, digest);
    }

    private async Task ChunkAsync(Exchange exchange)
    {
        var session = await uploads.HoldAsync(exchange.Route.Reference, exchange.Name);
        try
        {
            CheckRange(exchange, session);
            exchange.Received = await uploads.ReceiveAsync(session, exchange.Body, exchange.Gone);
            uploads.Touch(session);
            Progress(exchange, session, StatusCodes.Status202Accepted);
        }
        finally
        {
            UploadStore.Release(session);
        }
    }

    private async Task CompleteAsync(Exchange exchange)
    {
        var digest = ExchangeChecks.ReadDigest(exchange.Query["digest"]);
        var session = await uploads.HoldAsync(exchange.Route.Reference, exchange.Name);
        try
        {
            CheckRange(exchange, session);
            exchange.Received = await uploads.ReceiveAsync(session, exchange.Body, exchange.Gone);
            await uploads.CompleteAsync(session, digest, CancellationToken.None);
        }
        finally
        {
            UploadStore.Release(session);
        }

        Created(exchange, digest);
    }

    private Task StatusAsync(Exchange exchange)
    {
        var length = uploads.LengthOf(exchange.Route.Reference, exchange.Name);
        Progress(exchange, exchange.Route.Reference, length, StatusCodes.Status204NoContent);
        return Task.CompletedTask;
    }

    private async Task CancelAsync(Exchange exchange)
    {
        var session = await uploads.HoldAsync(exchange.Route.Reference, exchange.Name);
        try
        {
            uploads.End(session);
        }
        finally
        {
            UploadStore.Release(session);
        }

        exchange.Empty(StatusCodes.Status204NoContent);
    }

    /// <summary>A chunk has to begin where the one before ended.</summary>
    private static void CheckRange(Exchange exchange, UploadSession session)
    {
        if (exchange.RequestHeaders.ContentRange.ToString() is not { Length: > 0 } header) return;
        if (!ByteRange.TryParseChunk(header, out var range)) throw RefusalException.RangeInvalid($"the Content-Range \"{header}\" is none");
        if (range.First != session.Length)
        {
            Progress(exchange, session, StatusCodes.Status416RangeNotSatisfiable);
            throw RefusalException.RangeInvalid(string.Create(CultureInfo.InvariantCulture, $"the chunk begins at {range.First}, and the upload is at {session.Length}"));
        }

        if (exchange.RequestHeaders.ContentLength is { } length && length != range.Length)
            throw RefusalException.SizeInvalid(StatusCodes.Status400BadRequest, string.Create(CultureInfo.InvariantCulture, $"the chunk has {length} bytes, and its range {range.Length}"));
    }

    /// <summary>Gives a repository a blob that another one has, if the caller may pull from there.</summary>
    private bool TryMount(Exchange exchange, Digest digest)
    {
        var from = exchange.Query["from"];
        var candidates = from is { Length: > 0 }
            ? [from]
            : database.Read(session => BlobCatalog.RepositoriesOf(session, digest, MostCandidates));
        foreach (var candidate in candidates)
        {
            if (!MayMount(exchange.Caller, candidate)) continue;
            if (database.Read(session => BlobCatalog.Find(session, candidate, digest)) is not { } there) continue;
            quotas.CheckMount(exchange.Name, digest, there.Size);
            var mounted = database.Write(session =>
            {
                // Again, in the transaction: it may just have been collected.
                if (BlobCatalog.Find(session, candidate, digest) is null) return false;
                BlobCatalog.Attach(session, Repositories.Require(session, exchange.Name), digest, time.Milliseconds());
                return true;
            });
            if (mounted) return true;
        }

        return false;
    }

    /// <summary>By the token, which names both repositories when the client means to mount; or else by the name.</summary>
    private bool MayMount(Caller caller, string from) => gatekeeper.May(caller, from, RepositoryAction.Read) || gatekeeper.MaySee(caller, from);

    private static void Created(Exchange exchange, Digest digest)
    {
        exchange.Headers.Location = $"/v2/{exchange.Name}/blobs/{digest}";
        exchange.Headers["Docker-Content-Digest"] = digest.ToString();
        exchange.Empty(StatusCodes.Status201Created);
    }

    private static void Progress(Exchange exchange, UploadSession session, int status) => Progress(exchange, session.Id, session.Length, status);

    private static void Progress(Exchange exchange, string id, long length, int status)
    {
        exchange.Headers.Location = $"/v2/{exchange.Name}/blobs/uploads/{id}";
        exchange.Headers["Docker-Upload-UUID"] = id;
        // Nothing yet is 0-0 too: the form has no other word for it.
        exchange.Headers.Range = string.Create(CultureInfo.InvariantCulture, $"0-{Math.Max(0, length - 1)}");
        exchange.Empty(status);
    }
}
