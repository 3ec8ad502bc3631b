using Tare.Errors;
using Tare.Images.Catalogs;
using Tare.Images.Layers;
using Tare.Images.Pipes;
using Tare.Oci;

namespace Tare.Images.Loading;

/// <summary>Brings images into the store: all of an archive, or nothing.</summary>
/// <param name="layers">Holds the layers.</param>
/// <param name="committer">Brings them into the catalog.</param>
internal sealed class ImageLoader(LayerStore layers, ImageCommitter committer)
{
    /// <summary>How far reading an archive may be ahead of looking at it: 2 MiB.</summary>
    private const int InputCapacity = 8;

    /// <summary>Loads an image archive.</summary>
    internal async Task<LoadResult> LoadAsync(Stream archive, LoadOptions options, IProgress<LoadEvent>? progress, CancellationToken cancellationToken)
    {
        var pool = new ChunkPool();
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var input = new ChunkPipe(pool, InputCapacity, cancellation.Token);
        using var scanner = new ArchiveScanner(layers, pool, progress, cancellation.Token);
        var reading = input.FillAsync(archive);
        try
        {
            return await RunAsync(() =>
            {
                var plan = Plan(scanner.Scan(input), options);
                foreach (var image in plan.Images) image.Verify();
                return Commit(plan, progress);
            });
        }
        finally
        {
            // On success everything has ended and this does nothing.
            await cancellation.CancelAsync();
            input.Abandon();
            await reading;
            foreach (var job in scanner.Jobs) await job.DiscardAsync();
        }
    }

    /// <summary>Extracts one layer from a stream and makes an image of it.</summary>
    /// <param name="archive">The layer's archive, compressed or not.</param>
    /// <param name="configure">Makes the configuration's bytes from the layer's DiffID.</param>
    /// <param name="name">The image's name, if it gets one.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task<Image> ImportAsync(Stream archive, Func<Digest, byte[]> configure, Reference? name, CancellationToken cancellationToken)
    {
        var pool = new ChunkPool();
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var input = new ChunkPipe(pool, InputCapacity, cancellation.Token);
        var reading = input.FillAsync(archive);
        LayerJob? job = null;
        try
        {
            return await RunAsync(() =>
            {
                var layer = LayerImport.Read(input, layers, pool, cancellation.Token, out job);
                var configuration = configure(layer.DiffId);
                var document = new ArchiveDocument(configuration, Digest.Of(configuration), configuration.Length);
                var image = new PlannedImage(document, [layer], name is null ? [] : [name.WithDefaultTag()], default);
                return Commit(new ArchivePlan([image], []), null).Images[0].Image;
            });
        }
        finally
        {
            await cancellation.CancelAsync();
            input.Abandon();
            await reading;
            if (job is not null) await job.DiscardAsync();
            job?.Dispose();
        }
    }

    private static Task<T> RunAsync<T>(Func<T> body) =>
        Task.Factory.StartNew(body, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);

    private static ArchivePlan Plan(ArchiveContents contents, LoadOptions options)
    {
        // Docker's own manifest knows nothing of platforms, and more of the rest.
        if (OciArchive.HasIndex(contents)) return OciArchive.Plan(contents, options.Platform);
        if (contents.Find(DockerArchive.ManifestPath) is not null) return new ArchivePlan(DockerArchive.Plan(contents, options.Platform), []);
        if (contents.Find(OciArchive.IndexPath) is not null) return OciArchive.Plan(contents, options.Platform);
        throw TareException.Invalid(
            "the archive has neither manifest.json (docker save) nor index.json (OCI layout); to make an image of a root filesystem, use import");
    }

    private LoadResult Commit(ArchivePlan plan, IProgress<LoadEvent>? progress)
    {
        var committed = committer.Commit(new ImageChange
        {
            Images = [.. plan.Images.Select(image => new NewImage
            {
                Id = image.Configuration.Digest,
                Configuration = image.Configuration.Content,
                Layers = [.. image.Layers.Select((layer, i) => new NewLayer(layer.DiffId, layer.Job?.Result.GetAwaiter().GetResult(), image.Blobs.ElementAtOrDefault(i)))],
                Parent = image.Parent,
                Manifest = image.Manifest,
            })],
            Names =
            [
                .. plan.Images.SelectMany(image => image.Tags.Select(tag => new NewName(tag, image.Configuration.Digest))),
                .. plan.Indexes.SelectMany(index => index.Tags.Select(tag => new NewName(tag, index.Preferred.Configuration.Digest, index.Document.Digest))),
            ],
            // One that no name stands for would not be kept.
            Indexes = [.. plan.Indexes.Where(index => index.Tags.Count > 0).Select(index => new NewIndex(index.Document, index.Manifests))],
        });
        Report(plan, committed.Replaced.ToDictionary(), progress);
        return new LoadResult([.. plan.Named.Select(named => new LoadedImage(committed.Snapshot.Images[named.Image.Configuration.Digest], named.Tags))]);
    }

    private static void Report(ArchivePlan plan, Dictionary<Reference, Digest> replaced, IProgress<LoadEvent>? progress)
    {
        if (progress is null) return;
        foreach (var tag in plan.Named.SelectMany(named => named.Tags))
        {
            if (replaced.Remove(tag, out var before))
                progress.Report(new LoadMessage($"The image {tag.FamiliarString} already exists, renaming the old one with ID {before} to empty string\n"));
            progress.Report(new LoadMessage($"Loaded image: {tag.FamiliarString}\n"));
        }

        var images = plan.Images;
        // As Docker: the ids of all, when the last has no name.
        if (images.Count == 0 || images[^1].Tags.Count > 0 || plan.Indexes.Any(index => index.Tags.Count > 0)) return;
        foreach (var image in images) progress.Report(new LoadMessage($"Loaded image ID: {image.Configuration.Digest}\n"));
    }
}
