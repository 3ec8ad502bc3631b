using Tare.Engine.Streams;
using Tare.Wire;

namespace Tare.Engine.Containers;

/// <summary>
/// Containers, for the API. A container is named by its name, its id, or a prefix of the id that no other has; errors are
/// <see cref="Errors.TareException"/> with Docker's texts.
/// </summary>
public sealed class ContainerService
{
    /// <summary>Creates a container. <paramref name="name"/> null: the engine finds one.</summary>
    public Task<ContainerCreateResponse> CreateAsync(string? name, string? platform, ContainerCreateRequest request, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Starts a container; the task ends when its program is executed.</summary>
    /// <exception cref="Errors.TareException"><see cref="Errors.ErrorKind.NotModified"/> when it runs already.</exception>
    public Task StartAsync(string container, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Asks a container to end, and kills it after the time. Null: the container's own signal and time; a negative time: never kill.</summary>
    public Task StopAsync(string container, string? signal, int? timeoutSeconds, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Stops a container when it runs, and starts it.</summary>
    public Task RestartAsync(string container, string? signal, int? timeoutSeconds, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Sends a signal, a name or a number; null is SIGKILL, after which the container's end is waited for.</summary>
    public Task KillAsync(string container, string? signal, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Freezes a container's processes.</summary>
    public Task PauseAsync(string container, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Thaws a container's processes.</summary>
    public Task UnpauseAsync(string container, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Gives a container another name.</summary>
    public Task RenameAsync(string container, string newName, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Changes limits and the restart policy.</summary>
    public Task<ContainerUpdateResponse> UpdateAsync(string container, ContainerUpdateRequest request, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Changes the size of a container's terminal.</summary>
    public Task ResizeAsync(string container, int rows, int columns, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>
    /// Waits for a container. The container is looked up and the wait begins before this method returns: an unknown one throws at once,
    /// so that a caller can send its response's head and then await the task.
    /// </summary>
    public Task<ContainerWaitResponse> Wait(string container, WaitCondition condition, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Removes a container.</summary>
    public Task RemoveAsync(string container, ContainerRemoveOptions options, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Removes all containers that do not run (filters: <c>until</c>, <c>label</c>, <c>label!</c>).</summary>
    public Task<ContainerPruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>The containers, newest first.</summary>
    public Task<IReadOnlyList<ContainerSummary>> ListAsync(ContainerListOptions options, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Everything about a container.</summary>
    public Task<ContainerInspectResponse> InspectAsync(string container, bool size, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>A container's processes, in the columns of ps; null options are <c>-ef</c>.</summary>
    public Task<ContainerTopResponse> TopAsync(string container, string? psArguments, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>A container's output so far, by lines; with Follow until its end.</summary>
    public Task<IOutputStream> LogsAsync(string container, ContainerLogOptions options, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Joins a container's streams; the container need not run yet.</summary>
    public Task<IProcessStreams> AttachAsync(string container, ContainerAttachOptions options, CancellationToken cancellationToken) => throw new NotImplementedException();
}
