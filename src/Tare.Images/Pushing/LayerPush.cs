using Tare.Distribution;
using Tare.Images.Catalogs;
using Tare.Images.Layers;
using Tare.Oci;
using Tare.Oci.Compression;
using Tare.Oci.Images;
using Tare.Store;

namespace Tare.Images.Pushing;

/// <summary>Brings one layer to a repository: what is there is not sent, what another repository of the registry has is mounted.</summary>
internal sealed class LayerPush(Database database, LayerStore layers, IRemoteTarget target, TimeProvider time)
{
    /// <summary>How often a layer is sent in all, when the registry loses it on the way.</summary>
    private const int Attempts = 3;

    private const int MaxLookUps = 4;
    private const int MaxMounts = 3;

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Pushes the layer, which the caller holds.</summary>
    /// <returns>The blob that the repository has for it.</returns>
    internal async Task<LayerBlob> RunAsync(Digest diffId, Action<PushLayerEvent> progress, CancellationToken cancellationToken)
    {
        var known = database.Read(session => BlobTable.Of(session, diffId));
        // What was seen in this repository is most likely still there.
        foreach (var blob in known.OrderByDescending(entry => entry.Repository == target.Name.Name).Select(entry => entry.Blob).Distinct().Take(MaxLookUps))
        {
            if (await target.HeadBlobAsync(blob.Digest, cancellationToken).ConfigureAwait(false) is null)
            {
                database.Write(session => BlobTable.Forget(session, blob.Digest, target.Name.Name));
                continue;
            }

            progress(new PushLayerEvent(diffId, PushStage.AlreadyExists));
            return blob;
        }

        var registry = target.Name.Domain + "/";
        var elsewhere = known.Where(entry => entry.Repository.StartsWith(registry, StringComparison.Ordinal) && entry.Repository != target.Name.Name).Take(MaxMounts);
        foreach (var (blob, repository) in elsewhere)
        {
            var from = repository[registry.Length..];
            if (await TryMountAsync(blob, from, cancellationToken).ConfigureAwait(false))
            {
                progress(new PushLayerEvent(diffId, PushStage.Mounted, From: from));
                return blob;
            }

            database.Write(session => BlobTable.Forget(session, blob.Digest, repository));
        }

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var blob = await SendAsync(diffId, progress, cancellationToken).ConfigureAwait(false);
                progress(new PushLayerEvent(diffId, PushStage.Pushed));
                return blob;
            }
            catch (RegistryException e) when (e.IsUploadLost && attempt < Attempts)
            {
                progress(new PushLayerEvent(diffId, PushStage.Waiting));
            }
        }
    }

    private async Task<bool> TryMountAsync(LayerBlob blob, string from, CancellationToken cancellationToken)
    {
        try
        {
            return await target.TryMountAsync(blob.Digest, from, cancellationToken).ConfigureAwait(false);
        }
        catch (RegistryException)
        {
            // One may not read the other repository, or it is gone: the layer is sent then.
            return false;
        }
    }

    private async Task<LayerBlob> SendAsync(Digest diffId, Action<PushLayerEvent> progress, CancellationToken cancellationToken)
    {
        var archive = layers.OpenArchive(diffId);
        var upload = await target.BeginUploadAsync(cancellationToken).ConfigureAwait(false);
        await using (upload.ConfigureAwait(false))
        {
            using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            using var sink = new UploadSink(upload, cancellation.Token);
            try
            {
                await Task.Factory.StartNew(() => Compress(archive, sink, progress, cancellation.Token), cancellation.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                    .ConfigureAwait(false);
                var size = sink.Count;
                return new LayerBlob(await sink.FinishAsync().ConfigureAwait(false), size, MediaTypes.DockerLayerGzip);
            }
            finally
            {
                await cancellation.CancelAsync().ConfigureAwait(false);
                await sink.StopAsync().ConfigureAwait(false);
            }
        }
    }

    private void Compress(LayerArchive archive, UploadSink sink, Action<PushLayerEvent> progress, CancellationToken cancellationToken)
    {
        using var gzip = new ParallelGzipWriter(sink);
        using var counted = new Counted(gzip, archive, progress, time);
        archive.CopyTo(counted, cancellationToken);
        gzip.Finish();
    }

    /// <summary>Tells how far the archive has been read.</summary>
    private sealed class Counted(Stream target, LayerArchive archive, Action<PushLayerEvent> progress, TimeProvider time) : WriteOnlyStream
    {
        private long _count;
        private long _reported = -1;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            target.Write(buffer);
            _count += buffer.Length;
            if (_reported >= 0 && time.GetElapsedTime(_reported) < ProgressInterval) return;
            _reported = time.GetTimestamp();
            progress(new PushLayerEvent(archive.DiffId, PushStage.Pushing, _count, archive.Length));
        }
    }
}
