using Tare.Engine.Common;
using Tare.Engine.Networks;
using Tare.Engine.Ports;
using Tare.Engine.Volumes;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Containers;

/// <summary>
/// Removes containers. The caller waits until the container is taken out of the database and its name is free; its files go afterwards.
/// What a crash leaves of them is found at the next start, since no container claims it.
/// </summary>
internal sealed class ContainerRemover(
    ContainerRegistry registry,
    ContainerStopper stopper,
    ContainerEvents events,
    IImageSource images,
    ContainerVolumes volumes,
    AwaitedPlaces awaited,
    EnginePaths paths,
    BackgroundWork background)
{
    /// <summary>
    /// Removes a container; <paramref name="name"/> is what the caller called it. With <paramref name="withVolumes"/> its anonymous volumes
    /// go too.
    /// </summary>
    public Task RemoveAsync(Container container, string name, bool force, bool withVolumes) => container.BeginRemoval()
        ? RemoveBegunAsync(container, name, force, withVolumes)
        : throw TareException.Conflict($"removal of container {name} is already in progress");

    /// <summary>Removes a container that has ended and was to be removed then, with its anonymous volumes, unless somebody else is doing it.</summary>
    public void RemoveLater(Container container) => background.Run(
        $"remove container {container.Id}", _ => container.BeginRemoval() ? RemoveBegunAsync(container, container.Name, force: true, withVolumes: true) : Task.CompletedTask);

    private async Task RemoveBegunAsync(Container container, string name, bool force, bool withVolumes)
    {
        try
        {
            if (registry.TryFind(container.Id) is null) return;
            await EndAsync(container, force);
            await TakeOutAsync(container, withVolumes);
        }
        catch (TareException e)
        {
            throw ContainerErrors.Wrap(e, $"cannot remove container \"{name}\"");
        }
        finally
        {
            container.EndRemoval();
        }
    }

    private async Task EndAsync(Container container, bool force)
    {
        var state = container.State;
        if (!state.IsRunning) return;
        if (!force)
        {
            throw TareException.Conflict(state.Phase == Phase.Paused
                ? "container is paused and must be unpaused first"
                : $"container is {state.Status}: stop the container before removing or force remove");
        }
        try
        {
            await stopper.KillAsync(container, Signals.Kill);
        }
        catch (TareException e) when (e.Kind == ErrorKind.Conflict)
        {
            // It has ended in the meantime.
        }
    }

    private async Task TakeOutAsync(Container container, bool withVolumes)
    {
        using (await container.Gate.EnterAsync(CancellationToken.None))
        {
            var last = container.State;
            if (last.HasProcess || last.Launching) throw TareException.Conflict($"container is {last.Status}: stop the container before removing or force remove");
            container.Restarts.CallOff();
            container.State = last.BeginRemoval();
            try
            {
                if (withVolumes) volumes.BeginRemoval(container.Definition);
                registry.Remove(container);
            }
            catch
            {
                container.State = last;
                throw;
            }
            awaited.GiveUp(last.Awaited);
            volumes.Release(container.Id, container.Definition.Mounts, remove: withVolumes);
            container.Attaches.Abandon();
            events.Publish(container, EventAction.Destroy);
            container.Waits.Removed(last);
        }
        _ = background.Run($"remove the files of container {container.Id}", async cancellationToken =>
        {
            await container.Cleanup;
            await container.FileReaders.NoneAsync().WaitAsync(cancellationToken);
            images.RemoveWritable(container.Id);
            // Its last output may still be on its way to somebody.
            await container.LogReaders.NoneAsync().WaitAsync(cancellationToken);
            if (Directory.Exists(paths.Container(container.Id))) Directory.Delete(paths.Container(container.Id), recursive: true);
        });
    }
}
