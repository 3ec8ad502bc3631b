using Tare.Engine.Launch;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Containers;

/// <summary>Starts, restarts, pauses and unpauses containers.</summary>
internal sealed class ContainerRunner(ContainerRegistry registry, ContainerLauncher launcher, ContainerStopper stopper, ContainerRemover remover, ContainerEvents events)
{
    /// <summary>Starts a container. Once it has its turn, giving up does not stop the start.</summary>
    public Task StartAsync(Container container, CancellationToken cancellationToken)
    {
        CheckStartable(container.State);
        return StartOnceAsync(container).WaitAsync(cancellationToken);
    }

    /// <summary>Stops a container when it runs, and starts it; <paramref name="name"/> is what the caller called it.</summary>
    public async Task RestartAsync(Container container, string name, int? signal, int? timeoutSeconds)
    {
        try
        {
            container.KeepOnExit = true;
            try
            {
                if (container.State.IsRunning) await stopper.StopAsync(container, signal, timeoutSeconds);
                await StartOnceAsync(container);
            }
            finally
            {
                container.KeepOnExit = false;
            }
            events.Publish(container, EventAction.Restart);
        }
        catch (TareException e)
        {
            throw ContainerErrors.Wrap(e, $"Cannot restart container {name}");
        }
    }

    /// <summary>Freezes a container's processes.</summary>
    public async Task PauseAsync(Container container, CancellationToken cancellationToken)
    {
        using var held = await container.Gate.EnterAsync(cancellationToken);
        var state = container.State;
        if (!state.IsRunning) throw ContainerErrors.NotRunning(container);
        if (state.Phase == Phase.Paused) throw TareException.Conflict($"Container {container.Id} is already paused");
        if (state.Phase == Phase.Restarting) throw ContainerErrors.Restarting(container);
        var live = container.Live ?? throw ContainerErrors.NotRunning(container);
        try
        {
            await live.Cgroup.PauseAsync(cancellationToken);
        }
        catch (TareException e)
        {
            throw ContainerErrors.Wrap(e, $"cannot pause container {container.Id}");
        }
        registry.Save(container, state.Frozen());
        events.Publish(container, EventAction.Pause);
    }

    /// <summary>Thaws a container's processes.</summary>
    public async Task UnpauseAsync(Container container, CancellationToken cancellationToken)
    {
        using var held = await container.Gate.EnterAsync(cancellationToken);
        var state = container.State;
        // Docker answers this with 500; a client that matches on the text finds it all the same.
        if (state.Phase != Phase.Paused) throw TareException.Internal($"Container {container.Id} is not paused");
        var live = container.Live ?? throw ContainerErrors.NotRunning(container);
        try
        {
            live.Cgroup.Unpause();
        }
        catch (TareException e)
        {
            throw ContainerErrors.Wrap(e, $"Cannot unpause container {container.Id}");
        }
        registry.Save(container, state.Thawed());
        events.Publish(container, EventAction.Unpause);
    }

    private static void CheckStartable(LifeState state)
    {
        if (state.Phase == Phase.Paused) throw TareException.Conflict("cannot start a paused container, try unpause instead");
        if (state.IsRunning) throw new TareException(ErrorKind.NotModified, "container is already running");
        if (state.Phase is Phase.Removing or Phase.Dead) throw TareException.Conflict("container is marked for removal and cannot be started");
    }

    private async Task StartOnceAsync(Container container)
    {
        try
        {
            using var held = await container.Gate.EnterAsync(CancellationToken.None);
            // Somebody may have been faster.
            CheckStartable(container.State);
            if (registry.TryFind(container.Id) is null) throw ContainerRegistry.NoSuch(container.Id);
            container.Restarts.Reset();
            await launcher.LaunchAsync(container, byPolicy: false);
        }
        catch (TareException e) when (e.Kind != ErrorKind.NotModified)
        {
            if (container.Definition.HostConfig.AutoRemove && !container.State.IsRunning) remover.RemoveLater(container);
            throw;
        }
    }
}
