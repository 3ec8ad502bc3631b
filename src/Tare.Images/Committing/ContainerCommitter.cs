using Tare.Errors;
using Tare.Images.Catalogs;
using Tare.Images.Layers;
using Tare.Images.Pipes;
using Tare.Images.Roots;
using Tare.Oci;
using Tare.Oci.Compression;

namespace Tare.Images.Committing;

/// <summary>Makes an image of what a container has changed: a new layer, which is extracted as any other, over those of its image.</summary>
/// <param name="layers">Holds the layers.</param>
/// <param name="committer">Brings the image into the catalog.</param>
/// <param name="time">The clock.</param>
internal sealed class ContainerCommitter(LayerStore layers, ImageCommitter committer, TimeProvider time)
{
    /// <summary>The digest of an archive that is nothing but its end marker, 1024 zeros: for Docker no layer.</summary>
    private static readonly Digest EmptyArchive = Digest.Of(new byte[1024]);

    /// <summary>Makes the image; a failure leaves nothing.</summary>
    /// <param name="parent">The image that the container was made from.</param>
    /// <param name="root">The container's files.</param>
    /// <param name="options">The rest.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TareException">NotFound: the parent has just been removed; Internal: the disk is full.</exception>
    internal async Task<Image> CommitAsync(Image parent, WritableRoot root, CommitOptions options, CancellationToken cancellationToken)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var held = new List<long>();
        LayerJob? job = null;
        try
        {
            return await Task.Factory.StartNew(
                () =>
                {
                    foreach (var diffId in parent.DiffIds) held.Add(layers.TryHold(diffId) ?? throw CatalogSnapshot.NotFound(parent.Id.ToString()));
                    job = new LayerJob(layers, new ChunkPool(), CompressionKind.None, "of the commit", cancellation.Token);
                    return Add(parent, Write(job, root, cancellation.Token), options);
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
                TaskScheduler.Default);
        }
        finally
        {
            await cancellation.CancelAsync();
            if (job is not null)
            {
                await job.DiscardAsync();
                job.Dispose();
            }

            layers.Release(held);
        }
    }

    private static NewLayer Write(LayerJob job, WritableRoot root, CancellationToken cancellation)
    {
        try
        {
            using var sink = new LayerSink(job);
            root.WriteLayer(sink, cancellation);
            var digest = sink.Complete();
            return new NewLayer(digest, job.Result.GetAwaiter().GetResult());
        }
        catch (Exception e)
        {
            job.Fail(e);
            throw;
        }
    }

    private Image Add(Image parent, NewLayer layer, CommitOptions options)
    {
        var isEmpty = layer.DiffId == EmptyArchive;
        var configuration = CommitConfiguration.Make(options, parent, isEmpty ? default : layer.DiffId, time.GetUtcNow());
        var id = Digest.Of(configuration);
        var committed = committer.Commit(new ImageChange
        {
            Images =
            [
                new NewImage
                {
                    Id = id,
                    Configuration = configuration,
                    Layers = [.. parent.DiffIds.Select(diffId => new NewLayer(diffId)), .. isEmpty ? [] : new[] { layer }],
                    Parent = parent.Id,
                    ParentIsStored = true,
                },
            ],
            Names = options.Reference is { } name ? [new NewName(name.WithDefaultTag(), id)] : [],
        });
        return committed.Snapshot.Images[id];
    }
}
