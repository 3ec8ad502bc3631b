using Tare.Engine;
using Tare.Engine.Containers;
using Tare.Engine.Streams;
using Tare.Wire;

namespace Tare.Api.Backends;

/// <summary>What the container routes need. Docker's texts and the contracts are <see cref="ContainerService"/>'s.</summary>
internal interface IContainerBackend
{
    Task<ContainerCreateResponse> CreateAsync(string? name, string? platform, ContainerCreateRequest request, CancellationToken cancellationToken);

    Task StartAsync(string container, CancellationToken cancellationToken);

    Task StopAsync(string container, string? signal, int? timeoutSeconds, CancellationToken cancellationToken);

    Task RestartAsync(string container, string? signal, int? timeoutSeconds, CancellationToken cancellationToken);

    Task KillAsync(string container, string? signal, CancellationToken cancellationToken);

    Task PauseAsync(string container, CancellationToken cancellationToken);

    Task UnpauseAsync(string container, CancellationToken cancellationToken);

    Task RenameAsync(string container, string newName, CancellationToken cancellationToken);

    Task<ContainerUpdateResponse> UpdateAsync(string container, ContainerUpdateRequest request, CancellationToken cancellationToken);

    Task ResizeAsync(string container, int rows, int columns, CancellationToken cancellationToken);

    Task RemoveAsync(string container, ContainerRemoveOptions options, CancellationToken cancellationToken);

    Task<ContainerPruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken);

    Task<IReadOnlyList<ContainerSummary>> ListAsync(ContainerListOptions options, CancellationToken cancellationToken);

    Task<ContainerInspectResponse> InspectAsync(string container, bool size, CancellationToken cancellationToken);

    Task<ContainerTopResponse> TopAsync(string container, string? psArguments, CancellationToken cancellationToken);
}

/// <summary>What the routes need that stay open: output, input, and the end of a container.</summary>
internal interface IContainerStreamBackend
{
    /// <summary>Throws at once for a container that does not exist; the task ends when the condition holds.</summary>
    Task<ContainerWaitResponse> Wait(string container, WaitCondition condition, CancellationToken cancellationToken);

    Task<IOutputStream> LogsAsync(string container, ContainerLogOptions options, CancellationToken cancellationToken);

    Task<IProcessStreams> AttachAsync(string container, ContainerAttachOptions options, CancellationToken cancellationToken);
}
