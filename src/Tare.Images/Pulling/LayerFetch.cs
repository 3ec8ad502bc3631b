using Tare.Errors;
using Tare.Images.Layers;
using Tare.Images.Pipes;
using Tare.Oci;
using Tare.Oci.Compression;
using Tare.Oci.Images;

namespace Tare.Images.Pulling;

/// <summary>Fetches one layer: extracts it while it comes, and verifies the digests of what came and of what it held.</summary>
internal sealed class LayerFetch(LayerStore store, IRemoteRepository repository, OciDescriptor blob, Digest diffId, TimeProvider time)
{
    /// <summary>How often what came damaged is fetched in all: what a line or a proxy has spoiled is right the next time.</summary>
    internal const int Attempts = 2;

    /// <summary>A layer may decompress to so much, whatever it is.</summary>
    private const long FreeExpansion = 1L << 30;

    /// <summary>And beyond that to so many times its size: real layers come to 10, a disk of zeros to 1,000.</summary>
    private const long MaxExpansion = 200;

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(100);

    private readonly Digest _digest = Digest.Parse(blob.Digest);

    /// <summary>Fetches the layer.</summary>
    /// <param name="progress">Is told of stages.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The row that has the layer, held.</returns>
    /// <exception cref="TareException">It cannot be fetched, or is not what it was to be, or the disk is full.</exception>
    internal async Task<long> RunAsync(Action<PullLayerEvent> progress, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return store.PublishHeld(await FetchAsync(progress, cancellationToken).ConfigureAwait(false));
            }
            catch (DamagedLayerException) when (attempt < Attempts)
            {
                progress(new PullLayerEvent(_digest, PullStage.Waiting));
            }
        }
    }

    private async Task<LayerDraft> FetchAsync(Action<PullLayerEvent> progress, CancellationToken cancellationToken)
    {
        var pool = new ChunkPool();
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        LayerJob? job = null;
        try
        {
            using var digest = new DigestBuilder(_digest);
            await using (var stream = await repository.OpenBlobAsync(blob, cancellationToken).ConfigureAwait(false))
            {
                var head = new byte[Compressions.MagicLength];
                var length = await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
                var limit = blob.Size > long.MaxValue / MaxExpansion ? long.MaxValue : Math.Max(FreeExpansion, blob.Size * MaxExpansion);
                job = new LayerJob(store, pool, Compressions.Detect(head.AsSpan(0, length)), _digest.Short, cancellation.Token, limit);
                digest.Append(head.AsSpan(0, length));
                job.Write(head.AsSpan(0, length));
                await CopyAsync(stream, job, digest, progress, cancellationToken).ConfigureAwait(false);
                // What cannot be read may only have come damaged: then its digest is wrong too, and it is worth another try.
                if (job.IsAbandoned && await IsMalformedAsync(job).ConfigureAwait(false)) await ReadOnAsync(stream, digest, cancellationToken).ConfigureAwait(false);
            }

            if (job.IsHopeless)
            {
                job.GiveUp();
            }
            else
            {
                progress(new PullLayerEvent(_digest, PullStage.VerifyingChecksum));
                var came = digest.Length;
                var actual = digest.Finish();
                if (actual != _digest) throw new DamagedLayerException($"the layer {_digest} came with the digest {actual} ({came} bytes): it was damaged on its way, or the registry has another");
                progress(new PullLayerEvent(_digest, PullStage.DownloadComplete));
                progress(new PullLayerEvent(_digest, PullStage.Extracting, blob.Size, blob.Size));
                job.Complete(actual);
            }

            var draft = await job.Result.ConfigureAwait(false);
            if (draft.DiffId == diffId) return draft;
            throw TareException.Invalid($"the layer {_digest} holds an archive with the digest {draft.DiffId} where the image's configuration says {diffId}; the image is damaged or was changed");
        }
        catch (Exception e)
        {
            if (job is not null)
            {
                job.Fail(e);
                await cancellation.CancelAsync().ConfigureAwait(false);
                await job.DiscardAsync().ConfigureAwait(false);
            }

            throw;
        }
        finally
        {
            job?.Dispose();
        }
    }

    private async Task CopyAsync(Stream stream, LayerJob job, DigestBuilder digest, Action<PullLayerEvent> progress, CancellationToken cancellationToken)
    {
        var reported = time.GetTimestamp();
        progress(new PullLayerEvent(_digest, PullStage.Downloading, digest.Length, blob.Size));
        while (!job.IsAbandoned && !job.IsHopeless)
        {
            var room = await job.RoomAsync().ConfigureAwait(false);
            var count = await stream.ReadAsync(room, cancellationToken).ConfigureAwait(false);
            if (count == 0) return;
            digest.Append(room.Span[..count]);
            job.Wrote(count);
            if (time.GetElapsedTime(reported) < ProgressInterval) continue;
            reported = time.GetTimestamp();
            progress(new PullLayerEvent(_digest, PullStage.Downloading, digest.Length, blob.Size));
        }
    }

    /// <summary>Whether a job that takes no more has failed for what it was given, and not for the disk.</summary>
    private static async Task<bool> IsMalformedAsync(LayerJob job)
    {
        await ((Task)job.Result).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return job.Result.IsFaulted && !job.IsHopeless;
    }

    private static async Task ReadOnAsync(Stream stream, DigestBuilder digest, CancellationToken cancellationToken)
    {
        var buffer = new byte[ChunkPool.ChunkLength];
        for (var count = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false); count > 0; count = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false))
            digest.Append(buffer.AsSpan(0, count));
    }

    /// <summary>A layer came with another digest.</summary>
    private sealed class DamagedLayerException(string message) : TareException(ErrorKind.InvalidArgument, message);
}
