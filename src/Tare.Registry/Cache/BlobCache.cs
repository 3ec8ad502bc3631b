using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Images;
using Tare.Registry.Blobs;
using Tare.Registry.Configuration;
using Tare.Registry.Http;
using Tare.Registry.Metadata;
using Tare.Registry.Metrics;
using Tare.Store;

namespace Tare.Registry.Cache;

/// <summary>Blobs of upstreams: fetched once, however many ask, given out while they come, and kept.</summary>
internal sealed class BlobCache(Upstreams upstreams, Database database, BlobFiles files, RegistryMetrics metrics, ServerOptions options) : IAsyncDisposable
{
    private const int PieceLength = 64 * 1024;

    private readonly Dictionary<(string Repository, Digest Digest), BlobFetch> fetches = [];
    private readonly Lock gate = new();
    private readonly CancellationTokenSource stop = new();

    /// <summary>Answers with a blob that is not here.</summary>
    /// <returns>False when it is here by now, or the upstream has none.</returns>
    internal async Task<bool> ServeAsync(Exchange exchange, UpstreamConfig upstream, Digest digest)
    {
        if (Running(exchange.Name, digest) is { } running) return await FollowAsync(exchange, running);
        metrics.CacheMiss();
        var repository = upstreams.Open(upstream, exchange.Name);
        if (await repository.HeadBlobAsync(digest, exchange.Gone) is not { } size) return false;
        if (size < 0) throw TareException.Internal($"the upstream {upstream.Registry} does not say how long the blob {digest} is");
        if (exchange.IsHead)
        {
            Describe(exchange, digest, size, null);
            return true;
        }

        if (Begin(exchange.Name, upstream, digest, size) is not { } fetch) return false;
        return await FollowAsync(exchange, fetch);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        Task[] running;
        lock (gate) running = [.. fetches.Values.Select(fetch => fetch.Work)];
        await Task.WhenAll(running);
        stop.Dispose();
    }

    private BlobFetch? Running(string repository, Digest digest)
    {
        lock (gate) return fetches.TryGetValue((repository, digest), out var running) && running.TryJoin() ? running : null;
    }

    /// <summary>Begins a fetch, or joins one that another request has begun meanwhile; null when that one has ended.</summary>
    private BlobFetch? Begin(string repository, UpstreamConfig upstream, Digest digest, long size)
    {
        lock (gate)
        {
            if (fetches.TryGetValue((repository, digest), out var running)) return running.TryJoin() ? running : null;
            var path = Path.Combine(options.Root, "uploads", "fetch-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
            var fetch = new BlobFetch(path, digest, size);
            fetch.TryJoin();
            fetches.Add((repository, digest), fetch);
            fetch.Work = Task.Run(() => FetchAsync(fetch, repository, upstream));
            return fetch;
        }
    }

    private async Task FetchAsync(BlobFetch fetch, string repository, UpstreamConfig upstream)
    {
        Exception? failure = null;
        try
        {
            var descriptor = new OciDescriptor { Digest = fetch.Digest.ToString(), Size = fetch.Size };
            await using var source = await upstreams.Open(upstream, repository).OpenBlobAsync(descriptor, stop.Token);
            await fetch.FillAsync(source, stop.Token);
            using (await files.LockAsync(fetch.Digest, stop.Token))
            {
                files.Commit(fetch.Path, fetch.Digest);
                database.Write(session =>
                {
                    BlobCatalog.Add(session, fetch.Digest, fetch.Size);
                    BlobCatalog.Attach(session, Repositories.Require(session, repository), fetch.Digest, options.Time.Milliseconds());
                });
            }
        }
        catch (Exception e)
        {
            failure = e;
            File.Delete(fetch.Path);
            if (e is not OperationCanceledException) options.Log(RegistryLogLevel.Warning, $"{repository}: the blob {fetch.Digest} did not come from {upstream.Registry}: {e.Message}");
        }

        // Whoever asks from here on finds the blob, or begins anew.
        lock (gate) fetches.Remove((repository, fetch.Digest));
        fetch.End(failure);
        fetch.Dispose();
    }

    private static async Task<bool> FollowAsync(Exchange exchange, BlobFetch fetch)
    {
        try
        {
            ByteRange? part = null;
            if (exchange.RequestHeaders.Range.ToString() is { Length: > 0 } range && !ByteRange.TryParse(range, fetch.Size, out part))
                throw new RefusalException(StatusCodes.Status416RangeNotSatisfiable, "SIZE_INVALID", "the range lies behind the end of the blob", range);
            Describe(exchange, fetch.Digest, fetch.Size, part);
            if (exchange.IsHead || fetch.Size == 0) return true;
            var (position, last) = part is { } cut ? (cut.First, cut.Last) : (0, fetch.Size - 1);
            await exchange.StartAsync();
            while (position <= last)
            {
                var memory = exchange.Writer.GetMemory(PieceLength);
                if (memory.Length > last - position + 1) memory = memory[..(int)(last - position + 1)];
                var count = await fetch.ReadAsync(memory, position, exchange.Gone);
                exchange.Writer.Advance(count);
                position += count;
                exchange.Count(count);
                if ((await exchange.Writer.FlushAsync(exchange.Gone)).IsCompleted) break;
            }

            return true;
        }
        finally
        {
            fetch.Leave();
        }
    }

    private static void Describe(Exchange exchange, Digest digest, long size, ByteRange? part)
    {
        exchange.Headers["Docker-Content-Digest"] = digest.ToString();
        exchange.Headers.AcceptRanges = "bytes";
        if (part is { } cut) exchange.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {cut.First}-{cut.Last}/{size}");
        exchange.Head(part is null ? StatusCodes.Status200OK : StatusCodes.Status206PartialContent, ContentTypes.Blob, part?.Length ?? size);
    }
}
