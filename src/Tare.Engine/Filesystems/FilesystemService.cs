using Tare.Engine.Common;
using Tare.Engine.Containers;
using Tare.Engine.Ports;
using Tare.Errors;
using Tare.Images.Roots;
using Tare.Wire;

namespace Tare.Engine.Filesystems;

/// <summary>The root filesystems of containers, running or not, for the API. Errors are <see cref="TareException"/> with Docker's texts.</summary>
public sealed class FilesystemService
{
    private readonly ContainerRegistry registry;
    private readonly ContainerCommitter committer;
    private readonly IImageSource images;
    private readonly ContainerEvents events;

    internal FilesystemService(ContainerRegistry registry, ContainerCommitter committer, IImageSource images, ContainerEvents events)
    {
        this.registry = registry;
        this.committer = committer;
        this.images = images;
        this.events = events;
    }

    /// <summary>Makes an image of what a container has changed.</summary>
    public async Task<IDResponse> CommitAsync(string container, ContainerCommitRequest request, CancellationToken cancellationToken)
    {
        var found = registry.Find(container);
        using var reading = Enter(found, "commit");
        return new IDResponse { Id = await committer.CommitAsync(found, request, cancellationToken) };
    }

    /// <summary>
    /// Writes a container's root filesystem to a tar, without what is mounted in it. Nothing is written before the container is found.
    /// </summary>
    /// <param name="container">The container.</param>
    /// <param name="target">Gets pieces of any length, on a thread that may wait.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task ExportAsync(string container, Stream target, CancellationToken cancellationToken)
    {
        var found = registry.Find(container);
        using var reading = Enter(found, "export");
        try
        {
            await BackgroundWork.OnOwnThread(() => FilesOf(found).Export(target, cancellationToken));
        }
        catch (TareException e)
        {
            throw new TareException(ErrorKind.Internal, $"Error exporting container {container}: {e.Message}", e);
        }
        events.Publish(found, EventAction.Export);
    }

    /// <summary>What a container has changed of its image.</summary>
    public async Task<IReadOnlyList<FilesystemChange>> ChangesAsync(string container, CancellationToken cancellationToken)
    {
        var found = registry.Find(container);
        using var reading = Enter(found, "diff");
        var changes = await Task.Run(() => FilesOf(found).Changes(cancellationToken), cancellationToken);
        return [.. changes.Select(change => new FilesystemChange { Kind = (int)change.Kind, Path = change.Path })];
    }

    /// <summary>The container's files stay until what is returned is disposed.</summary>
    private IDisposable Enter(Container container, string operation)
    {
        var reading = container.FileReaders.Enter();
        var state = container.State;
        // A removal that began later than this look waits for us.
        if (state.Phase is not (Phase.Removing or Phase.Dead) && registry.TryFind(container.Id) is not null) return reading;
        reading.Dispose();
        throw TareException.Conflict($"You cannot {operation} container {container.Id} which is {(state.Phase == Phase.Dead ? "Dead" : "being removed")}");
    }

    private WritableRoot FilesOf(Container container) =>
        images.FindWritable(container.Id) ?? throw TareException.Internal($"container {container.Id} has no rootfs");
}
