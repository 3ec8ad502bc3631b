using Tare.Errors;
using Tare.Images.Catalogs;
using Tare.Images.Layers;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Images.Pulling;

/// <summary>Brings images from registries into the store: all of an image, or nothing.</summary>
internal sealed class ImagePuller(LayerStore layers, LayerFetches fetches, Catalog catalog, ImageCommitter committer)
{
    /// <summary>Pulls an image.</summary>
    /// <param name="repository">Where from.</param>
    /// <param name="reference">The name, with a tag or a digest.</param>
    /// <param name="platform">For what; the host's when absent.</param>
    /// <param name="progress">Is told what happens, by several threads at once.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task<PullResult> PullAsync(IRemoteRepository repository, Reference reference, OciPlatform? platform, IProgress<PullEvent> progress, CancellationToken cancellationToken)
    {
        var remote = await RemoteImage.ResolveAsync(
            repository, reference.TagOrDigest!, platform ?? Platforms.Host, cancellationToken).ConfigureAwait(false);
        progress.Report(new PullResolvedEvent(remote.Target));
        var id = Digest.Parse(remote.Manifest.Config.Digest);
        var names = Names(reference, remote, id);
        var before = catalog.Current;
        var known = before.Images.TryGetValue(id, out var present) && present.Damage is null;
        if (known && names.All(name => before.ByName(name.Reference) == id && before.TargetOf(name.Reference) == name.Target))
            return new PullResult(present!, remote.Target, IsNew: false);

        var configuration = await RemoteConfiguration.ReadAsync(remote.Manifest.Config, token => repository.OpenBlobAsync(remote.Manifest.Config, token), cancellationToken).ConfigureAwait(false);
        var diffIds = Verify(configuration, id, remote.Manifest);
        var held = new List<long>();
        var committed = false;
        try
        {
            await FetchAsync(repository, remote.Manifest.Layers, diffIds, known, held, progress, cancellationToken).ConfigureAwait(false);
            var change = new ImageChange
            {
                Images =
                [
                    new NewImage
                    {
                        Id = id,
                        Configuration = configuration,
                        Layers = [.. diffIds.Zip(remote.Manifest.Layers, (diffId, blob) => new NewLayer(diffId, null, BlobOf(blob)))],
                        Manifest = remote.Document,
                    },
                ],
                Names = names,
                Indexes = remote.Index is { } index ? [new NewIndex(index, remote.IndexManifests)] : [],
                Repository = repository.Name,
            };
            var result = committer.Commit(change);
            committed = true;
            return new PullResult(result.Snapshot.Images[id], remote.Target, IsNew: true);
        }
        finally
        {
            layers.Release(held, unused: !committed);
        }
    }

    private static List<NewName> Names(Reference reference, RemoteImage remote, Digest id)
    {
        var target = remote.Index?.Digest ?? default;
        var names = new List<NewName> { new(reference.WithoutTagAndDigest().WithDigest(remote.Target), id, target) };
        if (reference.Digest.IsEmpty) names.Add(new NewName(reference, id, target));
        return names;
    }

    private static LayerBlob BlobOf(OciDescriptor blob) => new(Digest.Parse(blob.Digest), blob.Size, blob.MediaType ?? MediaTypes.OciLayerGzip);

    private static List<Digest> Verify(byte[] configuration, Digest id, OciManifest manifest)
    {
        var config = Catalog.Parse(configuration, $"the configuration {id}");
        if (!string.IsNullOrEmpty(config.Os) && config.Os != "linux")
            throw TareException.Invalid($"image operating system \"{config.Os}\" cannot be used on this platform: operating system is not supported");
        var diffIds = config.DiffIds.Select(Digest.Parse).ToList();
        return diffIds.Count == manifest.Layers.Count
            ? diffIds
            : throw TareException.Invalid($"the image is damaged: its manifest has {manifest.Layers.Count} layers, and its configuration {diffIds.Count}");
    }

    /// <summary>Gets all layers, those that are missing from the registry; what is held is in the list whatever happens.</summary>
    private async Task FetchAsync(
        IRemoteRepository repository, IReadOnlyList<OciDescriptor> blobs, List<Digest> diffIds, bool known, List<long> held, IProgress<PullEvent> progress, CancellationToken cancellationToken)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var missing = new List<(OciDescriptor Blob, Digest DiffId)>();
        foreach (var (blob, diffId) in blobs.Zip(diffIds))
        {
            if (layers.TryHold(diffId) is { } layer)
            {
                held.Add(layer);
                if (!known) progress.Report(new PullLayerEvent(Digest.Parse(blob.Digest), PullStage.AlreadyExists));
            }
            else
            {
                progress.Report(new PullLayerEvent(Digest.Parse(blob.Digest), PullStage.PullingLayer));
                // An image may have the same layer twice.
                if (!missing.Exists(other => other.DiffId == diffId)) missing.Add((blob, diffId));
            }
        }

        var running = missing.Select(layer => FetchAsync(layer.Blob, layer.DiffId)).ToList();
        await FirstFailure.WhenAllAsync(running, cancellationToken).ConfigureAwait(false);

        async Task FetchAsync(OciDescriptor blob, Digest diffId)
        {
            try
            {
                var layer = await fetches.RunAsync(repository, blob, diffId, progress.Report, cancellation.Token).ConfigureAwait(false);
                lock (held) held.Add(layer);
                progress.Report(new PullLayerEvent(Digest.Parse(blob.Digest), PullStage.PullComplete));
            }
            catch
            {
                await cancellation.CancelAsync().ConfigureAwait(false);
                throw;
            }
        }
    }
}

/// <summary>An image was pulled.</summary>
/// <param name="Image">The image.</param>
/// <param name="Digest">The digest of what its name stands for in the registry.</param>
/// <param name="IsNew">Whether anything has changed.</param>
public sealed record PullResult(Image Image, Digest Digest, bool IsNew);
