using Tare.Engine.Common;
using Tare.Engine.Containers;
using Tare.Engine.Events;
using Tare.Errors;
using Tare.Images;
using Tare.Images.Roots;
using Tare.Oci;
using Tare.Wire;

namespace Tare.Engine.Images;

/// <summary>Images, for the API: the store below in the words of the wire.</summary>
public sealed class ImageService
{
    private readonly ImageStore store;
    private readonly ContainerRegistry registry;
    private readonly EventLog events;
    private readonly TimeProvider time;

    internal ImageService(ImageStore store, ContainerRegistry registry, EventLog events, TimeProvider time)
    {
        this.store = store;
        this.registry = registry;
        this.events = events;
        this.time = time;
    }

    /// <summary>The images (filters: <c>dangling</c>, <c>label</c>, <c>before</c>, <c>since</c>, <c>reference</c>, <c>until</c>), newest first.</summary>
    public Task<IReadOnlyList<ImageSummary>> ListAsync(ImageListOptions options, Filters filters, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        filters.Validate("dangling", "label", "before", "since", "reference", "until");
        var images = store.List().Where(ImageFilter.For(filters, store, time));
        var shown = ImageFilter.Names(filters);
        var shared = options.SharedSize ? SharedSizes.Of(store.List()) : null;
        IReadOnlyList<ImageSummary> result =
        [
            .. images
                // A nameless image that others were built from is a step of theirs, and one of another platform belongs to its name.
                .Where(image => options.All || image.IsDangling || image.Tags.Count > 0 || image.Digests.Count > 0)
                .OrderByDescending(image => image.Created ?? DateTimeOffset.MinValue)
                .ThenBy(image => image.Id)
                .Select(image => ImageViews.Summary(image, shown, MadeFrom(image.Id.ToString()).Count()) with
                {
                    SharedSize = shared?.GetValueOrDefault(image.Id.ToString()) ?? -1,
                    Manifests = options.Manifests ? Manifests(image) : null,
                }),
        ];
        return Task.FromResult(result);
    }

    /// <summary>Everything about an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="platform">os/architecture[/variant] that it must have, or empty.</param>
    /// <param name="manifests">Whether the manifests are told that its names stand for.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TareException"><see cref="ErrorKind.NotFound"/>.</exception>
    public Task<ImageInspect> InspectAsync(string image, string platform, bool manifests, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var found = store.Get(image, ImageNames.Platform(platform));
        return Task.FromResult(ImageViews.Inspect(found, store.Layers.Driver) with { Manifests = manifests ? Manifests(found) : null });
    }

    /// <summary>The steps that made an image, the last first.</summary>
    /// <param name="image">The image.</param>
    /// <param name="platform">os/architecture[/variant] that it must have, or empty.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<IReadOnlyList<ImageHistoryResponseItem>> HistoryAsync(string image, string platform, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var found = store.Get(image, ImageNames.Platform(platform));
        return Task.FromResult(ImageViews.History(found, parent => store.Find(parent.ToString())));
    }

    /// <summary>Loads an archive of <c>docker save</c> or an OCI layout, compressed or not; each message is reported as it comes.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="platform">os/architecture[/variant] of the images that are wanted, or empty.</param>
    /// <param name="quiet">Without progress.</param>
    /// <param name="progress">Receives each message.</param>
    /// <param name="cancellationToken">Ends the load.</param>
    public async Task LoadAsync(Stream archive, string platform, bool quiet, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
    {
        var options = new LoadOptions { Platform = ImageNames.Platform(platform) };
        var result = await ProgressStream.RunAsync(
            (messages, ending) => store.LoadAsync(archive, options, new LoadProgress(messages, quiet, time), ending), progress, cancellationToken);
        foreach (var loaded in result.Images) Publish(loaded.Image, EventAction.Load, loaded.Image.Id.ToString());
    }

    /// <summary>Writes images to an archive, which <see cref="LoadAsync(Stream, string, bool, Func{ProgressMessage, ValueTask}, CancellationToken)"/> and Docker read.</summary>
    /// <param name="names">The images; a name without a tag means all its tags.</param>
    /// <param name="platform">os/architecture[/variant] that they must have, or empty.</param>
    /// <param name="target">Gets pieces of any length on a thread that may wait, and none before all images are found.</param>
    /// <param name="cancellationToken">Ends the save.</param>
    /// <exception cref="TareException"><see cref="ErrorKind.NotFound"/>.</exception>
    public async Task SaveAsync(IReadOnlyList<string> names, string platform, Stream target, CancellationToken cancellationToken)
    {
        foreach (var image in await store.SaveAsync(names, ImageNames.Platform(platform), target, cancellationToken)) Publish(image, EventAction.Save, image.Id.ToString());
    }

    /// <summary>Makes an image of a root filesystem's tar.</summary>
    /// <param name="archive">The tar, compressed or not.</param>
    /// <param name="repository">Name of the image, or empty.</param>
    /// <param name="tag">Its tag, or empty.</param>
    /// <param name="changes">Dockerfile instructions such as <c>CMD ["sh"]</c>.</param>
    /// <param name="message">Comment of the image.</param>
    /// <param name="platform">os/architecture, or empty.</param>
    /// <param name="progress">Receives each message; the last is the image's id.</param>
    /// <param name="cancellationToken">Ends the import.</param>
    public async Task ImportAsync(Stream archive, string repository, string tag, IReadOnlyList<string> changes, string message, string platform, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
    {
        var reference = repository.Length > 0 ? ImageNames.Parse(repository, tag) : null;
        var image = await store.ImportAsync(
            archive,
            new ImportOptions { Reference = reference, Message = message, Platform = ImageNames.Platform(platform), Changes = changes },
            cancellationToken);
        Publish(image, EventAction.Import, image.Id.ToString());
        if (reference is not null) Publish(image, EventAction.Tag, reference.FamiliarString);
        await progress(new ProgressMessage { Status = image.Id.ToString() });
    }

    /// <summary>As <see cref="ImportAsync"/>, with an archive that is fetched from an address of the web.</summary>
    public async Task ImportFromAsync(string source, string repository, string tag, IReadOnlyList<string> changes, string message, string platform, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
    {
        using var remote = await RemoteArchive.OpenAsync(source, cancellationToken);
        await progress(new ProgressMessage { Status = $"Downloading from {remote.Address}" });
        await using var archive = new ImportProgress(remote.Content, remote.Length, progress, time);
        await ImportAsync(archive, repository, tag, changes, message, platform, progress, cancellationToken);
    }

    /// <summary>Gives an image one more name.</summary>
    public Task TagAsync(string image, string repository, string tag, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var name = ImageNames.Parse(repository, tag);
        var result = store.Tag(image, name);
        Publish(result.Image, EventAction.Tag, name.WithDefaultTag().FamiliarString);
        return Task.CompletedTask;
    }

    /// <summary>Removes a name, and the image with the last one.</summary>
    /// <param name="image">The image.</param>
    /// <param name="platforms">The only platforms that go, os/architecture[/variant] each; empty for all.</param>
    /// <param name="force">Although it is in use.</param>
    /// <param name="prune">With its nameless parents.</param>
    /// <param name="cancellationToken">Ends it, unless it has begun.</param>
    public Task<IReadOnlyList<ImageDeleteResponseItem>> RemoveAsync(string image, IReadOnlyList<string> platforms, bool force, bool prune, CancellationToken cancellationToken)
    {
        var wanted = platforms.Select(platform => ImageNames.Platform(platform)!).ToList();
        var options = new RemoveOptions(force, prune);
        return Task.Run(() => wanted.Count == 0 ? Remove(image, options) : Tell(store.Remove(image, wanted, options, Users)), cancellationToken);
    }

    /// <summary>Removes images that nobody uses (filters: <c>dangling</c>, <c>until</c>, <c>label</c>, <c>label!</c>).</summary>
    public Task<ImagePruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken)
    {
        filters.Validate("dangling", "until", "label", "label!");
        var danglingOnly = filters.GetBoolean("dangling", otherwise: true);
        var filter = ImageFilter.ForPrune(filters, time);
        return Task.Run(() => Prune(danglingOnly, filter, cancellationToken), cancellationToken);
    }

    /// <summary>How containers get their roots.</summary>
    internal StorageDriver Driver => store.Layers.Driver;

    /// <summary>How many there are.</summary>
    internal int Count => store.List().Count;

    private ImagePruneResponse Prune(bool danglingOnly, Func<Image, bool> filter, CancellationToken cancellationToken)
    {
        var deleted = new List<ImageDeleteResponseItem>();
        long reclaimed = 0;
        foreach (var image in store.List().Where(filter))
        {
            if (cancellationToken.IsCancellationRequested) break;
            if (Users(image.Id).Any() || (danglingOnly && !image.IsDangling)) continue;
            var layers = image.LayerDirectories.Select(directory => (directory, Size: DirectorySize.Of(directory))).ToList();
            foreach (var name in image.Tags.Concat(image.Digests).Select(reference => reference.FamiliarString).DefaultIfEmpty(image.Id.ToString()))
            {
                try
                {
                    deleted.AddRange(Remove(name, new RemoveOptions(Force: false, Prune: true)));
                }
                catch (TareException e) when (e.Kind is ErrorKind.Conflict or ErrorKind.NotFound)
                {
                    // Somebody has begun to use it, or has removed it.
                }
            }
            reclaimed += layers.Where(layer => !Directory.Exists(layer.directory)).Sum(layer => layer.Size);
        }
        events.Publish(EventType.Image, EventAction.Prune, "", new Dictionary<string, string> { ["reclaimed"] = reclaimed.ToString(System.Globalization.CultureInfo.InvariantCulture) });
        return new ImagePruneResponse { ImagesDeleted = deleted.Count > 0 ? deleted : null, SpaceReclaimed = (ulong)reclaimed };
    }

    private IReadOnlyList<ImageDeleteResponseItem> Remove(string image, RemoveOptions options) => Tell(store.Remove(image, options, Users));

    private IReadOnlyList<ImageManifestSummary> Manifests(Image image) =>
        [.. store.ManifestsOf(image).Select(variant => ImageViews.Manifest(variant, variant.Image is { } own ? [.. MadeFrom(own.Id.ToString()).Select(container => container.Id)] : []))];

    private IReadOnlyList<ImageDeleteResponseItem> Tell(IReadOnlyList<ImageRemoval> removals)
    {
        foreach (var removal in removals.Where(removal => !removal.Image.IsEmpty))
        {
            var id = removal.Image.ToString();
            events.Publish(EventType.Image, removal.Untagged is null ? EventAction.Delete : EventAction.Untag, id, new Dictionary<string, string> { ["name"] = id });
        }
        return [.. removals.Select(removal => new ImageDeleteResponseItem { Untagged = removal.Untagged, Deleted = removal.Deleted })];
    }

    /// <summary>Who needs an image: it cannot be removed while one of them runs.</summary>
    private IEnumerable<ImageUser> Users(Digest image)
    {
        var id = image.ToString();
        return registry.All
            .Where(container => container.Definition.ImageId == id || container.Definition.Mounts.Any(mount => mount.Image?.Id == id))
            .Select(container => new ImageUser(container.Id, container.State.IsRunning));
    }

    private IEnumerable<Container> MadeFrom(string image) => registry.All.Where(container => container.Definition.ImageId == image);

    private void Publish(Image image, string action, string name) => ImageEvents.Publish(events, image, action, name);
}

/// <summary>What a list of images has to tell.</summary>
/// <param name="All">Nameless images too that others were built from.</param>
/// <param name="SharedSize">How much of each image others have too.</param>
/// <param name="Manifests">What the names of each image stand for.</param>
public sealed record ImageListOptions(bool All = false, bool SharedSize = false, bool Manifests = false);
