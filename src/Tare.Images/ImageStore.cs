using Tare.Distribution;
using Tare.Errors;
using Tare.Images.Catalogs;
using Tare.Images.Committing;
using Tare.Images.Content;
using Tare.Images.Importing;
using Tare.Images.Layers;
using Tare.Images.Loading;
using Tare.Images.Pulling;
using Tare.Images.Pushing;
using Tare.Images.Roots;
using Tare.Images.Saving;
using Tare.Images.Usage;
using Tare.Oci;
using Tare.Oci.Images;
using Tare.Store;

namespace Tare.Images;

/// <summary>
/// The images of an engine: loads and imports them, finds them by whatever a user calls them, names and removes them.
/// Thread-safe. The texts of its errors are Docker's where Docker has one.
/// </summary>
public sealed class ImageStore : IAsyncDisposable
{
    private readonly Database _database;
    private readonly ContentStore _content;
    private readonly Catalog _catalog;
    private readonly ImageLoader _loader;
    private readonly ContainerCommitter _containers;
    private readonly ImageSaver _saver;
    private readonly LayerFetches _fetches;
    private readonly ImagePuller _puller;
    private readonly ImagePusher _pusher;
    private readonly TimeProvider _time;
    private readonly StoreUsage _usage;

    // Loads, tags and removals change rows and documents together: one after the other, or one takes away what another has just found.
    private readonly Lock _changing = new();
    private readonly Lock _settling = new();
    private Task _settled = Task.CompletedTask;

    private ImageStore(string dataRoot, Database database, TimeProvider time, TransferLimits limits, StorageOptions storage)
    {
        _database = database;
        _time = time;
        _content = new ContentStore(dataRoot);
        _usage = new StoreUsage(dataRoot, database);
        Layers = new LayerStore(dataRoot, database, storage);
        _catalog = new Catalog(database, _content, Layers);
        var committer = new ImageCommitter(database, _content, _catalog, _changing, time);
        _loader = new ImageLoader(Layers, committer);
        _fetches = new LayerFetches(Layers, limits.Downloads, time);
        _puller = new ImagePuller(Layers, _fetches, _catalog, committer);
        _pusher = new ImagePusher(database, _content, Layers, committer, limits.Uploads, time);
        _containers = new ContainerCommitter(Layers, committer, time);
        _saver = new ImageSaver(_catalog, _content, Layers);
    }

    /// <summary>The tables of this floor, for <see cref="Database.Open"/>.</summary>
    public static SchemaOwner Schema => CatalogSchema.Owner;

    /// <summary>The layers under the images, and the writable directories of containers.</summary>
    public LayerStore Layers { get; }

    /// <summary>What opening had to give up, one sentence each: images whose layers a power cut has taken, or whose configuration is gone.</summary>
    public IReadOnlyList<string> Losses { get; private set; } = [];

    /// <summary>Opens the store and sweeps what a crash may have left: files that no row accounts for, rows that never became ready.</summary>
    /// <param name="dataRoot">The data root; <c>content</c>, <c>layers</c> and <c>containers</c> are below it.</param>
    /// <param name="database">The engine's database, opened with <see cref="Schema"/>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="limits">How many layers are fetched and sent at once; Docker's numbers when absent.</param>
    /// <param name="storage">How containers get their roots; by overlay when absent.</param>
    public static ImageStore Open(string dataRoot, Database database, TimeProvider time, TransferLimits? limits = null, StorageOptions? storage = null)
    {
        var store = new ImageStore(Path.GetFullPath(dataRoot), database, time, limits ?? new TransferLimits(), storage ?? new StorageOptions());
        store.Losses = Recovery.Run(database, store._content, store.Layers);
        return store;
    }

    /// <summary>
    /// Loads all images of an archive: what <c>docker save</c> writes (old and new), or an OCI layout; plain, gzip or zstd.
    /// The stream is read once, from where it is to its end. On failure nothing is left behind.
    /// </summary>
    /// <exception cref="TareException">The archive is malformed, truncated or tampered with, or the disk is full.</exception>
    public async Task<LoadResult> LoadAsync(Stream archive, LoadOptions options, IProgress<LoadEvent>? progress, CancellationToken cancellationToken)
    {
        var result = await _loader.LoadAsync(archive, options, progress, cancellationToken);
        Settle();
        return result;
    }

    /// <summary>Brings an image from a registry into the store. On failure nothing is left behind.</summary>
    /// <param name="repository">Where from.</param>
    /// <param name="credentials">Who asks.</param>
    /// <param name="reference">The name, with a tag or a digest.</param>
    /// <param name="platform">For what; the host's when absent.</param>
    /// <param name="progress">Is told what happens, by several threads at once.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TareException">What the registry says; or the image is malformed, damaged or for nothing here; or the disk is full.</exception>
    public Task<PullResult> PullAsync(
        RepositoryClient repository, Credentials credentials, Reference reference, OciPlatform? platform, IProgress<PullEvent> progress, CancellationToken cancellationToken) =>
        PullAsync(new RegistrySource(repository, credentials), reference, platform, progress, cancellationToken);

    /// <summary>Sends an image to a registry: with several platforms under its name all of them, with an index over them.</summary>
    /// <param name="repository">Where to.</param>
    /// <param name="reference">The name, with a tag.</param>
    /// <param name="platform">The only platform to send; all when absent.</param>
    /// <param name="progress">Is told what happens, by several threads at once.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TareException">NotFound: there is no such image, or none of the platform; else what the registry says.</exception>
    public Task PushAsync(RepositoryClient repository, Reference reference, OciPlatform? platform, IProgress<PushEvent> progress, CancellationToken cancellationToken) =>
        PushAsync(new RegistryTarget(repository), reference, platform, progress, cancellationToken);

    /// <summary>The images that a name means, one for each platform that is here; the one that it means by itself first.</summary>
    /// <exception cref="TareException">NotFound, InvalidArgument, Internal: as <see cref="Get(string)"/>.</exception>
    public IReadOnlyList<Image> Variants(string nameOrId)
    {
        var image = Get(nameOrId);
        var snapshot = _catalog.Current;
        var target = TargetOf(snapshot, nameOrId, image);
        return [image, .. snapshot.ImagesOf(target).Where(other => other != image.Id).Select(other => snapshot.Images[other])];
    }

    /// <summary>What the names of an image stand for, which may be more than is here.</summary>
    public IReadOnlyList<ImageVariant> ManifestsOf(Image image) => new VariantLister(_database, _content, _catalog.Current).Of(image);

    internal Task PushAsync(IRemoteTarget repository, Reference reference, OciPlatform? platform, IProgress<PushEvent> progress, CancellationToken cancellationToken)
    {
        var name = reference.WithDefaultTag();
        var images = Variants(name.ToString());
        var target = TargetOf(_catalog.Current, name.ToString(), images[0]);
        if (platform is not null) images = [Get(name.ToString(), platform)];
        return _pusher.PushAsync(repository, name, images, target, progress, cancellationToken);
    }

    internal async Task<PullResult> PullAsync(IRemoteRepository repository, Reference reference, OciPlatform? platform, IProgress<PullEvent> progress, CancellationToken cancellationToken)
    {
        var result = await _puller.PullAsync(repository, reference.WithDefaultTag(), platform, progress, cancellationToken).ConfigureAwait(false);
        if (result.IsNew) Settle();
        return result;
    }

    /// <summary>Makes an image of one layer from a root filesystem's tar (plain, gzip or zstd).</summary>
    /// <exception cref="TareException">The archive is malformed or truncated, or a change is no instruction, or the disk is full.</exception>
    public async Task<Image> ImportAsync(Stream archive, ImportOptions options, CancellationToken cancellationToken)
    {
        if (options.Platform is { Os: not "linux" } other) throw TareException.Invalid($"operating system is not supported: {other.Os}");
        var container = ChangeInstructions.Apply(new OciContainerConfig(), options.Changes);
        var now = _time.GetUtcNow();
        var image = await _loader.ImportAsync(
            archive, diffId => ImportConfiguration.Make(options, container, diffId, now), options.Reference, cancellationToken);
        Settle();
        return image;
    }

    /// <summary>Makes the root of a container; see <see cref="LayerStore.CreateWritable"/>.</summary>
    public WritableRoot CreateWritable(string containerId, Image image, params IReadOnlyList<Image> mounted)
    {
        var root = Layers.CreateWritable(containerId, image, mounted);
        if (root.Driver == StorageDriver.Vfs) Settle();
        return root;
    }

    /// <summary>Makes an image of what a container has changed, over the image that it was made from.</summary>
    /// <exception cref="TareException">NotFound: the container or its image is not there; Internal: the disk is full.</exception>
    public async Task<Image> CommitAsync(CommitOptions options, CancellationToken cancellationToken)
    {
        var parent = Get(options.Parent.ToString());
        var writable = Layers.FindWritable(options.ContainerId) ?? throw TareException.NotFound($"the container {options.ContainerId} has no writable layer");
        var image = await _containers.CommitAsync(parent, writable, options, cancellationToken);
        Settle();
        return image;
    }

    /// <summary>Writes images to an archive as <c>docker save</c> does, which is an OCI layout too. The same images make the same bytes.</summary>
    /// <param name="names">The images, each as for <see cref="Get(string)"/>; a name without a tag means all its tags.</param>
    /// <param name="platform">The platform that they must have; absent for any.</param>
    /// <param name="target">Gets pieces of any length, and none before all images are found and held.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The images that are in the archive.</returns>
    /// <exception cref="TareException">NotFound: no such image, or none for the platform; Internal: a layer is damaged.</exception>
    public Task<IReadOnlyList<Image>> SaveAsync(IReadOnlyList<string> names, OciPlatform? platform, Stream target, CancellationToken cancellationToken) => Task.Factory.StartNew(
        () => _saver.Save(names, platform, target, cancellationToken),
        CancellationToken.None,
        TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
        TaskScheduler.Default);

    /// <summary>What images take on the disk: all layers and documents, in whole blocks. Walks all files.</summary>
    /// <returns>Bytes.</returns>
    public Task<long> MeasureAsync(CancellationToken cancellationToken) => Task.Run(() => _usage.Measure(cancellationToken), cancellationToken);

    /// <summary>All images, in no particular order.</summary>
    public IReadOnlyList<Image> List() => [.. _catalog.Current.Images.Values];

    /// <summary>Finds an image by name, name@digest, id or a prefix of an id.</summary>
    /// <exception cref="TareException">NotFound: <c>No such image: x:latest</c>; InvalidArgument: the name is malformed; Internal: its configuration is damaged.</exception>
    public Image Get(string nameOrId)
    {
        var image = Find(nameOrId) ?? throw CatalogSnapshot.NotFound(nameOrId);
        return image.Damage is null ? image : throw TareException.Internal(image.Damage);
    }

    /// <summary>Finds the image of a platform among those that a name means.</summary>
    /// <param name="nameOrId">As for <see cref="Get(string)"/>.</param>
    /// <param name="platform">The platform; absent means the one that the name means by itself.</param>
    /// <exception cref="TareException">As for <see cref="Get(string)"/>; and NotFound: it is for other platforms.</exception>
    public Image Get(string nameOrId, OciPlatform? platform)
    {
        if (platform is null) return Get(nameOrId);
        var variants = Variants(nameOrId);
        return variants.FirstOrDefault(image => Platforms.Matches(platform, image.Config)) ?? throw TareException.NotFound(
            $"image with reference {nameOrId} was found but its platform ({PlatformSpecifier.Format(Platforms.Of(variants[0].Config))}) does not match the specified platform ({PlatformSpecifier.Format(platform)})");
    }

    /// <summary>As <see cref="Get(string)"/>, but <see langword="null"/> when there is none, and an image with <see cref="Image.Damage"/> too.</summary>
    public Image? Find(string nameOrId) => _catalog.Current.Find(nameOrId);

    /// <summary>The exact bytes of an image's configuration, whose digest is the id.</summary>
    public byte[] ReadConfiguration(Digest id) => _content.Read(id);

    /// <summary>Puts a tag on an image; another image that had it loses it.</summary>
    /// <param name="nameOrId">The image, as for <see cref="Get(string)"/>.</param>
    /// <param name="tag">The new name; without a tag it gets <c>latest</c>.</param>
    /// <exception cref="TareException">NotFound: no such image; InvalidArgument: the tag has a digest.</exception>
    public TagResult Tag(string nameOrId, Reference tag)
    {
        if (!tag.Digest.IsEmpty) throw TareException.Invalid("refusing to create a tag with a digest reference");
        lock (_changing)
        {
            var id = Get(nameOrId).Id;
            // The new name stands for all platforms that the old one does.
            var target = TargetOf(_catalog.Current, nameOrId, _catalog.Current.Images[id]);
            var previous = _database.Write(session => CatalogWriter.SetName(session, tag.WithDefaultTag(), id, target, _time.GetUtcNow()), Durability.Full);
            _catalog.Invalidate();
            return new TagResult(_catalog.Current.Images[id], previous);
        }
    }

    /// <summary>Removes a name, and the image with its last name, as <c>docker rmi</c> does.</summary>
    /// <param name="nameOrId">The image, as for <see cref="Get(string)"/>.</param>
    /// <param name="options">How far to go.</param>
    /// <param name="users">Which containers use an image.</param>
    /// <exception cref="TareException">NotFound: no such image; Conflict: it is in use.</exception>
    public IReadOnlyList<ImageRemoval> Remove(string nameOrId, RemoveOptions options, ImageUsers users) => Remove(users, remover => remover.Remove(nameOrId, options));

    /// <summary>Removes the images of some platforms from what a name stands for; the name goes with the last one that is here.</summary>
    /// <param name="nameOrId">As for <see cref="Get(string)"/>.</param>
    /// <param name="platforms">The platforms.</param>
    /// <param name="options">How far to go.</param>
    /// <param name="users">Which containers use an image.</param>
    /// <exception cref="TareException">NotFound: no such image, or none of a platform; Conflict: it is in use, or has another name alone.</exception>
    public IReadOnlyList<ImageRemoval> Remove(string nameOrId, IReadOnlyList<OciPlatform> platforms, RemoveOptions options, ImageUsers users) => Remove(users, remover =>
    {
        var chosen = platforms.Select(platform => Get(nameOrId, platform)).Distinct().ToList();
        var rest = Variants(nameOrId).Except(chosen).ToList();
        return rest.Count == 0 ? remover.Remove(nameOrId, options) : remover.RemoveVariants(chosen, rest, options);
    });

    private IReadOnlyList<ImageRemoval> Remove(ImageUsers users, Func<ImageRemover, IReadOnlyList<ImageRemoval>> remove)
    {
        var remover = new ImageRemover(_database, _content, Layers, _catalog, users);
        try
        {
            lock (_changing) return remove(remover);
        }
        finally
        {
            // Nothing refers to the directories any more, and there may be many files in them: nobody waits for those.
            Layers.RemoveDoomed(remover.Doomed);
        }
    }

    /// <summary>Waits until what was loaded is on the disk.</summary>
    public async ValueTask DisposeAsync()
    {
        await _settled.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _fetches.Dispose();
        _pusher.Dispose();
        _content.Dispose();
        Layers.Dispose();
    }

    /// <summary>The index that a name of the image stands for; empty for one of its ids.</summary>
    private static Digest TargetOf(CatalogSnapshot snapshot, string nameOrId, Image image) =>
        Reference.ParseAny(nameOrId).Reference is { } name && snapshot.ByName(name) == image.Id ? snapshot.TargetOf(name) : default;

    // Nobody waits for the disk: a layer that has not reached it when the power fails is found and dropped at the next start.
    private void Settle()
    {
        lock (_settling)
        {
            _settled = _settled.ContinueWith(
                _ => Layers.Settle(), CancellationToken.None, TaskContinuationOptions.LongRunning, TaskScheduler.Default);
        }
    }
}
