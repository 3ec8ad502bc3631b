using Tare.Engine.Containers;
using Tare.Engine.Events;
using Tare.Engine.Images;
using Tare.Errors;
using Tare.Images;
using Tare.Images.Importing;
using Tare.Oci;
using Tare.Wire;

namespace Tare.Engine.Filesystems;

/// <summary>Makes images of containers.</summary>
internal sealed class ContainerCommitter(ImageStore store, ContainerRunner runner, ContainerEvents events, EventLog log)
{
    /// <summary>Makes an image of what a container has changed, with its configuration.</summary>
    /// <returns>The image's id.</returns>
    public async Task<string> CommitAsync(Container container, ContainerCommitRequest request, CancellationToken cancellationToken)
    {
        var reference = request.Repository.Length > 0 ? ImageNames.Parse(request.Repository, request.Tag).WithDefaultTag() : null;
        var own = container.Definition.Config;
        var changed = ChangeInstructions.Apply(ImageConfigs.Of(request.Config ?? own), request.Changes);
        var options = new CommitOptions
        {
            ContainerId = container.Id,
            Parent = Digest.Parse(container.Definition.ImageId),
            Config = ImageConfigs.Merge(changed, own),
            CreatedBy = string.Join(' ', own.Cmd ?? []),
            Author = request.Author,
            Message = request.Comment,
            Reference = reference,
        };
        var paused = request.Pause && await TryPauseAsync(container, cancellationToken);
        try
        {
            var image = await store.CommitAsync(options, cancellationToken);
            Publish(container, image, request.Comment, reference?.FamiliarString ?? "");
            return image.Id.ToString();
        }
        finally
        {
            if (paused) await TryUnpauseAsync(container);
        }
    }

    /// <summary>Freezes a container that runs; what does not run, or is frozen already, is left alone.</summary>
    private async Task<bool> TryPauseAsync(Container container, CancellationToken cancellationToken)
    {
        try
        {
            await runner.PauseAsync(container, cancellationToken);
            return true;
        }
        catch (TareException e) when (e.Kind == ErrorKind.Conflict)
        {
            return false;
        }
    }

    private async Task TryUnpauseAsync(Container container)
    {
        try
        {
            await runner.UnpauseAsync(container, CancellationToken.None);
        }
        catch (TareException)
        {
            // Somebody has thawed it, or it has been killed meanwhile.
        }
    }

    private void Publish(Container container, Image image, string comment, string reference)
    {
        ImageEvents.Publish(log, image, EventAction.Create, image.Id.ToString());
        if (reference.Length > 0) ImageEvents.Publish(log, image, EventAction.Tag, reference);
        events.Publish(container, EventAction.Commit, ("comment", comment), ("imageID", image.Id.ToString()), ("imageRef", reference));
    }
}
