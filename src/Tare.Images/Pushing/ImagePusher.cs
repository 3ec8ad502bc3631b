using System.Text.Json;
using Tare.Errors;
using Tare.Images.Catalogs;
using Tare.Images.Content;
using Tare.Images.Layers;
using Tare.Oci;
using Tare.Oci.Images;
using Tare.Store;

namespace Tare.Images.Pushing;

/// <summary>Sends images to registries. What came from a registry and goes back to it with the same layers keeps its manifest, and so its digest.</summary>
/// <param name="database">Tells what registries are known to have.</param>
/// <param name="content">Holds the documents.</param>
/// <param name="layers">Holds the layers.</param>
/// <param name="committer">Notes what was pushed.</param>
/// <param name="concurrent">How many layers are sent at once.</param>
/// <param name="time">The clock.</param>
internal sealed class ImagePusher(Database database, ContentStore content, LayerStore layers, ImageCommitter committer, int concurrent, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(concurrent);

    /// <summary>Pushes what one tag stands for.</summary>
    /// <param name="target">Where to.</param>
    /// <param name="reference">The name, with its tag.</param>
    /// <param name="images">Its images, one for each platform.</param>
    /// <param name="index">The index that the name stands for, if it does and several are pushed.</param>
    /// <param name="progress">Is told what happens, by several threads at once.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task PushAsync(
        IRemoteTarget target, Reference reference, IReadOnlyList<Image> images, Digest index, IProgress<PushEvent> progress, CancellationToken cancellationToken)
    {
        var held = new List<long>();
        try
        {
            // The uppermost first, as Docker names them.
            var diffIds = images.SelectMany(image => image.DiffIds.Reverse()).Distinct().ToList();
            foreach (var diffId in diffIds)
            {
                held.Add(layers.TryHold(diffId) ?? throw TareException.NotFound($"No such image: {reference.FamiliarString}"));
                progress.Report(new PushLayerEvent(diffId, PushStage.Preparing));
            }

            var blobs = await PushLayersAsync(target, diffIds, progress, cancellationToken).ConfigureAwait(false);
            var pushed = new List<(Image Image, ImageDocument Manifest)>();
            foreach (var image in images)
            {
                var manifest = await ManifestOfAsync(target, image, [.. image.DiffIds.Select(diffId => blobs[diffId])], cancellationToken).ConfigureAwait(false);
                pushed.Add((image, manifest));
            }

            var document = pushed.Count == 1 ? pushed[0].Manifest : await IndexOfAsync(target, pushed, index, cancellationToken).ConfigureAwait(false);
            await PutAsync(target, reference.Tag!, document, cancellationToken).ConfigureAwait(false);
            committer.Note(new PushedImages
            {
                Name = reference,
                Images = pushed,
                Index = pushed.Count == 1 ? null : new NewIndex(document, Listed(document)),
                Blobs = blobs,
            });
            progress.Report(new PushedTagEvent(reference.Tag!, document.Digest, document.Content.Length));
        }
        finally
        {
            layers.Release(held);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _slots.Dispose();

    private async Task<Dictionary<Digest, LayerBlob>> PushLayersAsync(IRemoteTarget target, IReadOnlyList<Digest> diffIds, IProgress<PushEvent> progress, CancellationToken cancellationToken)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var push = new LayerPush(database, layers, target, time);
        var running = diffIds.Select(RunAsync).ToList();
        await FirstFailure.WhenAllAsync(running, cancellationToken).ConfigureAwait(false);
        var blobs = new Dictionary<Digest, LayerBlob>();
        foreach (var (diffId, task) in diffIds.Zip(running)) blobs[diffId] = await task.ConfigureAwait(false);
        return blobs;

        async Task<LayerBlob> RunAsync(Digest diffId)
        {
            try
            {
                if (!_slots.Wait(0, cancellation.Token))
                {
                    progress.Report(new PushLayerEvent(diffId, PushStage.Waiting));
                    await _slots.WaitAsync(cancellation.Token).ConfigureAwait(false);
                }

                try
                {
                    return await push.RunAsync(diffId, progress.Report, cancellation.Token).ConfigureAwait(false);
                }
                finally
                {
                    _slots.Release();
                }
            }
            catch
            {
                await cancellation.CancelAsync().ConfigureAwait(false);
                throw;
            }
        }
    }

    /// <summary>Puts an image's configuration into the repository, and finds or makes its manifest.</summary>
    private async Task<ImageDocument> ManifestOfAsync(IRemoteTarget target, Image image, IReadOnlyList<LayerBlob> blobs, CancellationToken cancellationToken)
    {
        var configuration = content.Read(image.Id);
        if (await target.HeadBlobAsync(image.Id, cancellationToken).ConfigureAwait(false) is null)
        {
            var upload = await target.BeginUploadAsync(cancellationToken).ConfigureAwait(false);
            await using (upload.ConfigureAwait(false)) await upload.FinishAsync(image.Id, configuration, cancellationToken).ConfigureAwait(false);
        }

        var came = database.Read(session => CatalogReader.ManifestsOf(session, image.Id));
        foreach (var (digest, mediaType) in came)
        {
            if (content.TryRead(digest, out _) is not { } bytes) continue;
            var manifest = JsonSerializer.Deserialize(bytes, ImageJson.Default.OciManifest)!;
            if (manifest.Layers.Select(layer => layer.Digest).SequenceEqual(blobs.Select(blob => blob.Digest.ToString()))) return new ImageDocument(mediaType, digest, bytes);
        }

        return ManifestBuilder.Manifest(image.Id, configuration.Length, blobs, oci: came.Any(manifest => manifest.MediaType == MediaTypes.OciManifest));
    }

    /// <summary>Puts the manifests of several platforms into the repository, and finds or makes the index over them.</summary>
    private async Task<ImageDocument> IndexOfAsync(IRemoteTarget target, List<(Image Image, ImageDocument Manifest)> pushed, Digest index, CancellationToken cancellationToken)
    {
        foreach (var (_, manifest) in pushed) await PutAsync(target, manifest.Digest.ToString(), manifest, cancellationToken).ConfigureAwait(false);
        var type = index.IsEmpty ? null : database.Read(session => session.QueryFirst("SELECT media_type FROM image_index WHERE digest = ?", row => row.GetString(0), index.ToString()));
        if (type is not null && content.TryRead(index, out _) is { } bytes)
        {
            var document = new ImageDocument(type, index, bytes);
            var complete = true;
            foreach (var listed in Listed(document))
            {
                complete &= pushed.Exists(image => image.Manifest.Digest == listed) || await target.HasManifestAsync(listed, cancellationToken).ConfigureAwait(false);
            }

            if (complete) return document;
        }

        return ManifestBuilder.Index([.. pushed.Select(image => (image.Manifest, Platforms.Of(image.Image.Config)))]);
    }

    private static IReadOnlyList<Digest> Listed(ImageDocument index) =>
        [.. JsonSerializer.Deserialize(index.Content, ImageJson.Default.OciIndex)!.Manifests.Select(manifest => Digest.Parse(manifest.Digest))];

    private static Task<Digest> PutAsync(IRemoteTarget target, string tagOrDigest, ImageDocument document, CancellationToken cancellationToken) =>
        target.PutManifestAsync(tagOrDigest, document.MediaType, document.Content, cancellationToken);
}
