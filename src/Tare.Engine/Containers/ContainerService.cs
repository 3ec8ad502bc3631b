using System.Globalization;
using Tare.Engine.Common;
using Tare.Engine.Create;
using Tare.Engine.Networks;
using Tare.Engine.Streams;
using Tare.Engine.Views;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Containers;

/// <summary>
/// Containers, for the API. A container is named by its name, its id, or a prefix of the id that no other has; errors are
/// <see cref="TareException"/> with Docker's texts. Each method finds the container and hands over to whoever does the job.
/// </summary>
public sealed class ContainerService
{
    private readonly ContainerRegistry registry;
    private readonly ContainerCreator creator;
    private readonly ContainerRunner runner;
    private readonly ContainerStopper stopper;
    private readonly ContainerRemover remover;
    private readonly ContainerPruner pruner;
    private readonly ContainerUpdater updater;
    private readonly ContainerProcesses processes;
    private readonly ContainerOutput output;
    private readonly InspectView inspect;
    private readonly ListView list;
    private readonly ContainerEvents events;
    private readonly ContainerNetworks networks;

    internal ContainerService(ContainerParts parts)
    {
        registry = parts.Registry;
        creator = parts.Creator;
        runner = parts.Runner;
        stopper = parts.Stopper;
        remover = parts.Remover;
        pruner = parts.Pruner;
        updater = parts.Updater;
        processes = parts.Processes;
        output = parts.Output;
        inspect = parts.Inspect;
        list = parts.List;
        events = parts.Events;
        networks = parts.Networks;
    }

    /// <summary>Creates a container. <paramref name="name"/> null: the engine finds one.</summary>
    public Task<ContainerCreateResponse> CreateAsync(string? name, string? platform, ContainerCreateRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return creator.CreateAsync(name, platform, request);
    }

    /// <summary>Starts a container; the task ends when its program is executed. Giving up does not stop the start.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.NotModified"/> when it runs already.</exception>
    public Task StartAsync(string container, CancellationToken cancellationToken) => runner.StartAsync(registry.Find(container), cancellationToken);

    /// <summary>Asks a container to end, and kills it after the time. Null: the container's own signal and time; a negative time: never kill.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.NotModified"/> when it does not run.</exception>
    public async Task StopAsync(string container, string? signal, int? timeoutSeconds, CancellationToken cancellationToken)
    {
        var found = registry.Find(container);
        if (!found.State.IsRunning) throw new TareException(ErrorKind.NotModified, "container is already stopped");
        var number = string.IsNullOrEmpty(signal) ? (int?)null : Signals.Parse(signal);
        // Giving up does not call the stop off.
        await stopper.StopAsync(found, number, timeoutSeconds).WaitAsync(cancellationToken);
    }

    /// <summary>Stops a container when it runs, and starts it.</summary>
    public Task RestartAsync(string container, string? signal, int? timeoutSeconds, CancellationToken cancellationToken) =>
        runner.RestartAsync(registry.Find(container), container, string.IsNullOrEmpty(signal) ? null : Signals.Parse(signal), timeoutSeconds).WaitAsync(cancellationToken);

    /// <summary>Sends a signal, a name or a number; null is SIGKILL, after which the container's end is waited for.</summary>
    public async Task KillAsync(string container, string? signal, CancellationToken cancellationToken)
    {
        try
        {
            var number = string.IsNullOrEmpty(signal) ? Signals.Kill : Signals.Parse(signal);
            if (!Signals.Exists(number)) throw TareException.Invalid($"the linux daemon does not support signal {number}");
            await stopper.KillAsync(registry.Find(container), number).WaitAsync(cancellationToken);
        }
        catch (TareException e)
        {
            throw ContainerErrors.Wrap(e, $"cannot kill container: {container}");
        }
    }

    /// <summary>Freezes a container's processes.</summary>
    public Task PauseAsync(string container, CancellationToken cancellationToken) => runner.PauseAsync(registry.Find(container), cancellationToken);

    /// <summary>Thaws a container's processes.</summary>
    public Task UnpauseAsync(string container, CancellationToken cancellationToken) => runner.UnpauseAsync(registry.Find(container), cancellationToken);

    /// <summary>Gives a container another name.</summary>
    public async Task RenameAsync(string container, string newName, CancellationToken cancellationToken)
    {
        if (container.Length == 0 || newName.Length == 0) throw TareException.Invalid("Neither old nor new names may be empty");
        var found = registry.Find(container);
        using var held = await found.Gate.EnterAsync(cancellationToken);
        var old = found.Name;
        if (newName == old || newName == "/" + old) throw TareException.Invalid("Renaming a container with the same name as its current name");
        try
        {
            registry.Rename(found, ContainerName.Parse(newName.StartsWith('/') ? newName : "/" + newName));
        }
        catch (TareException e) when (e.Kind is ErrorKind.InvalidArgument or ErrorKind.Conflict)
        {
            throw ContainerErrors.Wrap(e, "Error when allocating new name");
        }
        networks.Renamed(found);
        events.Publish(found, EventAction.Rename, ("oldName", "/" + old));
    }

    /// <summary>Changes limits and the restart policy.</summary>
    public Task<ContainerUpdateResponse> UpdateAsync(string container, ContainerUpdateRequest request, CancellationToken cancellationToken) =>
        updater.UpdateAsync(registry.Find(container), request, cancellationToken);

    /// <summary>Changes the size of a container's terminal.</summary>
    public async Task ResizeAsync(string container, int rows, int columns, CancellationToken cancellationToken)
    {
        var found = registry.Find(container);
        using var held = await found.Gate.EnterAsync(cancellationToken);
        ContainerProcesses.Resize(found, rows, columns);
        events.Publish(found, EventAction.Resize, ("height", rows.ToString(CultureInfo.InvariantCulture)), ("width", columns.ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>
    /// Waits for a container. The container is looked up and the wait begins before this method returns: an unknown one throws at once,
    /// so that a caller can send its response's head and then await the task.
    /// </summary>
    public Task<ContainerWaitResponse> Wait(string container, WaitCondition condition, CancellationToken cancellationToken)
    {
        var found = registry.Find(container);
        return found.Waits.Add(condition, () => found.State, cancellationToken);
    }

    /// <summary>Removes a container.</summary>
    public Task RemoveAsync(string container, ContainerRemoveOptions options, CancellationToken cancellationToken)
    {
        var found = registry.Find(container);
        if (options.Link) throw TareException.Invalid("Conflict, cannot remove the default link name of the container");
        return remover.RemoveAsync(found, container, options.Force, options.Volumes).WaitAsync(cancellationToken);
    }

    /// <summary>Removes all containers that do not run (filters: <c>until</c>, <c>label</c>, <c>label!</c>).</summary>
    public Task<ContainerPruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken) => pruner.PruneAsync(filters, cancellationToken);

    /// <summary>The containers, newest first.</summary>
    public Task<IReadOnlyList<ContainerSummary>> ListAsync(ContainerListOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // Sizes are measured file by file.
        return options.Size ? Task.Run(() => list.Show(options), cancellationToken) : Task.FromResult(list.Show(options));
    }

    /// <summary>Everything about a container.</summary>
    public Task<ContainerInspectResponse> InspectAsync(string container, bool size, CancellationToken cancellationToken)
    {
        var found = registry.Find(container);
        return size ? Task.Run(() => inspect.Show(found, size), cancellationToken) : Task.FromResult(inspect.Show(found, size));
    }

    /// <summary>A container's processes, in the columns of ps; null options are <c>-ef</c>.</summary>
    public async Task<ContainerTopResponse> TopAsync(string container, string? psArguments, CancellationToken cancellationToken)
    {
        var format = Top.PsFormat.Parse(psArguments);
        var found = registry.Find(container);
        ContainerTopResponse result;
        using (await found.Gate.EnterAsync(cancellationToken)) result = processes.Top(found, format);
        events.Publish(found, EventAction.Top);
        return result;
    }

    /// <summary>A container's output so far, by lines; with Follow until its end.</summary>
    public Task<IOutputStream> LogsAsync(string container, ContainerLogOptions options, CancellationToken cancellationToken)
    {
        if (!options.Stdout && !options.Stderr) throw TareException.Invalid("You must choose at least one stream");
        return output.LogsAsync(registry.Find(container), options, cancellationToken);
    }

    /// <summary>Joins a container's streams; the container need not run yet.</summary>
    public Task<IProcessStreams> AttachAsync(string container, ContainerAttachOptions options, CancellationToken cancellationToken) =>
        output.AttachAsync(registry.Find(container), container, options, cancellationToken);
}
