using System.Collections.Concurrent;
using Tare.Registry.Http;

namespace Tare.Registry.Metrics;

/// <summary>Counts of what was done since the start. Thread-safe.</summary>
internal sealed class RegistryMetrics
{
    /// <summary>Upper bounds of the durations that are counted, in seconds.</summary>
    internal static readonly double[] Bounds = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10];

    private readonly ConcurrentDictionary<(RouteKind Endpoint, string Method, int Status), Counter> requests = new();
    private readonly ConcurrentDictionary<RouteKind, Histogram> durations = new();
    private long received;
    private long sent;
    private long blobsPushed;
    private long blobBytesPushed;
    private long manifestsPushed;
    private long collections;
    private long collectedBlobs;
    private long collectedBytes;
    private long collectedManifests;
    private long cacheHits;
    private long cacheMisses;

    internal IEnumerable<(RouteKind Endpoint, string Method, int Status, long Count)> Requests => requests.Select(pair => (pair.Key.Endpoint, pair.Key.Method, pair.Key.Status, pair.Value.Value));

    internal IEnumerable<(RouteKind Endpoint, long[] Buckets, double Seconds)> Durations => durations.Select(pair => (pair.Key, pair.Value.Buckets, pair.Value.Seconds));

    /// <summary>Plain counters: name, help and value.</summary>
    internal IEnumerable<(string Name, string Help, long Value)> Counters =>
    [
        ("received_bytes_total", "Bytes of bodies that were received.", Interlocked.Read(ref received)),
        ("sent_bytes_total", "Bytes of bodies that were sent.", Interlocked.Read(ref sent)),
        ("blobs_pushed_total", "Blobs that were pushed.", Interlocked.Read(ref blobsPushed)),
        ("blob_bytes_pushed_total", "Bytes of blobs that were pushed.", Interlocked.Read(ref blobBytesPushed)),
        ("manifests_pushed_total", "Manifests that were pushed.", Interlocked.Read(ref manifestsPushed)),
        ("collections_total", "Runs of the garbage collection.", Interlocked.Read(ref collections)),
        ("collected_blobs_total", "Blobs that were collected.", Interlocked.Read(ref collectedBlobs)),
        ("collected_bytes_total", "Bytes of blobs that were collected.", Interlocked.Read(ref collectedBytes)),
        ("collected_manifests_total", "Manifests that were collected.", Interlocked.Read(ref collectedManifests)),
        ("cache_hits_total", "Content of upstreams that was here.", Interlocked.Read(ref cacheHits)),
        ("cache_misses_total", "Content of upstreams that was fetched.", Interlocked.Read(ref cacheMisses)),
    ];

    internal void Count(Exchange exchange, TimeSpan elapsed)
    {
        // A method is the client's word: any other would be a row of its own, for ever.
        var method = exchange.Method is "GET" or "HEAD" or "PUT" or "POST" or "PATCH" or "DELETE" ? exchange.Method : "other";
        var endpoint = exchange.Route.Endpoint;
        requests.GetOrAdd((endpoint, method, exchange.Status), static _ => new Counter()).Add();
        durations.GetOrAdd(endpoint, static _ => new Histogram()).Add(elapsed);
        Interlocked.Add(ref received, exchange.Received);
        Interlocked.Add(ref sent, exchange.Sent);
    }

    internal void BlobPushed(long size)
    {
        Interlocked.Increment(ref blobsPushed);
        Interlocked.Add(ref blobBytesPushed, size);
    }

    internal void ManifestPushed() => Interlocked.Increment(ref manifestsPushed);

    internal void Collected(int manifests, int blobs, long bytes)
    {
        Interlocked.Increment(ref collections);
        Interlocked.Add(ref collectedManifests, manifests);
        Interlocked.Add(ref collectedBlobs, blobs);
        Interlocked.Add(ref collectedBytes, bytes);
    }

    internal void CacheHit() => Interlocked.Increment(ref cacheHits);

    internal void CacheMiss() => Interlocked.Increment(ref cacheMisses);

    private sealed class Counter
    {
        private long value;

        internal long Value => Interlocked.Read(ref value);

        internal void Add() => Interlocked.Increment(ref value);
    }

    private sealed class Histogram
    {
        private readonly long[] buckets = new long[Bounds.Length + 1];
        private long ticks;

        /// <summary>How many fell into each bucket, the last without a bound.</summary>
        internal long[] Buckets => [.. buckets.Select((_, index) => Interlocked.Read(ref buckets[index]))];

        internal double Seconds => TimeSpan.FromTicks(Interlocked.Read(ref ticks)).TotalSeconds;

        internal void Add(TimeSpan elapsed)
        {
            var seconds = elapsed.TotalSeconds;
            var index = 0;
            while (index < Bounds.Length && seconds > Bounds[index]) index++;
            Interlocked.Increment(ref buckets[index]);
            Interlocked.Add(ref ticks, elapsed.Ticks);
        }
    }
}
