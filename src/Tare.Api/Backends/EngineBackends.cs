using Tare.Engine;
using Tare.Engine.Containers;
using Tare.Engine.Events;
using Tare.Engine.Execs;
using Tare.Engine.Filesystems;
using Tare.Engine.Host;
using Tare.Engine.Images;
using Tare.Engine.Networks;
using Tare.Engine.Registries;
using Tare.Engine.Streams;
using Tare.Engine.Volumes;
using Tare.Wire;

namespace Tare.Api.Backends;

/// <summary>All that the routes need, each module its own part.</summary>
internal sealed record ApiBackends(ISystemBackend System, IContainerBackend Containers, IContainerStreamBackend Streams, IExecBackend Execs, IImageBackend Images, IRegistryBackend Registries, IFilesystemBackend Filesystems, INetworkBackend Networks, IVolumeBackend Volumes);

/// <summary>The engine behind the routes' interfaces; nothing is decided here.</summary>
internal static class EngineBackends
{
    internal static ApiBackends Of(TareEngine engine)
    {
        var containers = new Containers(engine.Containers);
        return new ApiBackends(new Host(engine.System, engine.Usage, engine.Events), containers, containers, new Execs(engine.Execs), new Images(engine.Images), new Registries(engine.Registries, engine.Transfers), new Filesystems(engine.Filesystems), new Networks(engine.Networks), new Volumes(engine.Volumes));
    }

    private sealed class Networks(NetworkService service) : INetworkBackend
    {
        public Task<NetworkCreateResponse> CreateAsync(NetworkCreateRequest request, CancellationToken cancellationToken) => service.CreateAsync(request, cancellationToken);

        public IReadOnlyList<NetworkInspect> List(Filters filters) => service.List(filters);

        public NetworkInspect Inspect(string nameOrId, string scope) => service.Inspect(nameOrId, scope);

        public Task RemoveAsync(string nameOrId, CancellationToken cancellationToken) => service.RemoveAsync(nameOrId, cancellationToken);

        public Task ConnectAsync(string nameOrId, NetworkConnectRequest request, CancellationToken cancellationToken) => service.ConnectAsync(nameOrId, request, cancellationToken);

        public Task DisconnectAsync(string nameOrId, NetworkDisconnectRequest request, CancellationToken cancellationToken) => service.DisconnectAsync(nameOrId, request, cancellationToken);

        public Task<NetworkPruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken) => service.PruneAsync(filters, cancellationToken);
    }

    private sealed class Host(SystemService system, DiskUsageService usage, EventService events) : ISystemBackend
    {
        public SystemVersion Version() => system.Version();

        public Task<SystemInfo> InfoAsync(CancellationToken cancellationToken) => system.InfoAsync(cancellationToken);

        public Task<DiskUsage> DiskUsageAsync(DiskUsageKinds kinds, CancellationToken cancellationToken) => usage.MeasureAsync(kinds, cancellationToken);

        public IAsyncEnumerable<EventMessage> Events(string? since, string? until, Filters filters, CancellationToken cancellationToken)
            => events.Subscribe(since, until, filters, cancellationToken);
    }

    private sealed class Containers(ContainerService service) : IContainerBackend, IContainerStreamBackend
    {
        public Task<ContainerCreateResponse> CreateAsync(string? name, string? platform, ContainerCreateRequest request, CancellationToken cancellationToken)
            => service.CreateAsync(name, platform, request, cancellationToken);

        public Task StartAsync(string container, CancellationToken cancellationToken) => service.StartAsync(container, cancellationToken);

        public Task StopAsync(string container, string? signal, int? timeoutSeconds, CancellationToken cancellationToken)
            => service.StopAsync(container, signal, timeoutSeconds, cancellationToken);

        public Task RestartAsync(string container, string? signal, int? timeoutSeconds, CancellationToken cancellationToken)
            => service.RestartAsync(container, signal, timeoutSeconds, cancellationToken);

        public Task KillAsync(string container, string? signal, CancellationToken cancellationToken) => service.KillAsync(container, signal, cancellationToken);

        public Task PauseAsync(string container, CancellationToken cancellationToken) => service.PauseAsync(container, cancellationToken);

        public Task UnpauseAsync(string container, CancellationToken cancellationToken) => service.UnpauseAsync(container, cancellationToken);

        public Task RenameAsync(string container, string newName, CancellationToken cancellationToken) => service.RenameAsync(container, newName, cancellationToken);

        public Task<ContainerUpdateResponse> UpdateAsync(string container, ContainerUpdateRequest request, CancellationToken cancellationToken)
            => service.UpdateAsync(container, request, cancellationToken);

        public Task ResizeAsync(string container, int rows, int columns, CancellationToken cancellationToken) => service.ResizeAsync(container, rows, columns, cancellationToken);

        public Task RemoveAsync(string container, ContainerRemoveOptions options, CancellationToken cancellationToken) => service.RemoveAsync(container, options, cancellationToken);

        public Task<ContainerPruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken) => service.PruneAsync(filters, cancellationToken);

        public Task<IReadOnlyList<ContainerSummary>> ListAsync(ContainerListOptions options, CancellationToken cancellationToken) => service.ListAsync(options, cancellationToken);

        public Task<ContainerInspectResponse> InspectAsync(string container, bool size, CancellationToken cancellationToken) => service.InspectAsync(container, size, cancellationToken);

        public Task<ContainerTopResponse> TopAsync(string container, string? psArguments, CancellationToken cancellationToken) => service.TopAsync(container, psArguments, cancellationToken);

        public Task<ContainerWaitResponse> Wait(string container, WaitCondition condition, CancellationToken cancellationToken) => service.Wait(container, condition, cancellationToken);

        public Task<IOutputStream> LogsAsync(string container, ContainerLogOptions options, CancellationToken cancellationToken) => service.LogsAsync(container, options, cancellationToken);

        public Task<IProcessStreams> AttachAsync(string container, ContainerAttachOptions options, CancellationToken cancellationToken)
            => service.AttachAsync(container, options, cancellationToken);
    }

    private sealed class Filesystems(FilesystemService service) : IFilesystemBackend
    {
        public Task<IDResponse> CommitAsync(string container, ContainerCommitRequest request, CancellationToken cancellationToken) => service.CommitAsync(container, request, cancellationToken);

        public Task ExportAsync(string container, Stream target, CancellationToken cancellationToken) => service.ExportAsync(container, target, cancellationToken);

        public Task<IReadOnlyList<FilesystemChange>> ChangesAsync(string container, CancellationToken cancellationToken) => service.ChangesAsync(container, cancellationToken);
    }

    private sealed class Volumes(VolumeService service) : IVolumeBackend
    {
        public Task<Volume> CreateAsync(VolumeCreateRequest request, CancellationToken cancellationToken) => service.CreateAsync(request, cancellationToken);

        public Task<VolumeListResponse> ListAsync(Filters filters, CancellationToken cancellationToken) => service.ListAsync(filters, cancellationToken);

        public Task<Volume> InspectAsync(string name, CancellationToken cancellationToken) => service.InspectAsync(name, cancellationToken);

        public Task RemoveAsync(string name, bool force, CancellationToken cancellationToken) => service.RemoveAsync(name, force, cancellationToken);

        public Task<VolumePruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken) => service.PruneAsync(filters, cancellationToken);
    }

    private sealed class Execs(ExecService service) : IExecBackend
    {
        public Task<IDResponse> CreateAsync(string container, ExecCreateRequest request, CancellationToken cancellationToken) => service.CreateAsync(container, request, cancellationToken);

        public Task<IProcessStreams?> StartAsync(string id, ExecStartRequest request, Func<Task> announce, CancellationToken cancellationToken)
            => service.StartAsync(id, request, announce, cancellationToken);

        public ExecInspectResponse Inspect(string id) => service.Inspect(id);

        public Task ResizeAsync(string id, int rows, int columns, CancellationToken cancellationToken) => service.ResizeAsync(id, rows, columns, cancellationToken);
    }

    private sealed class Images(ImageService service) : IImageBackend
    {
        public Task<IReadOnlyList<ImageSummary>> ListAsync(ImageListOptions options, Filters filters, CancellationToken cancellationToken) => service.ListAsync(options, filters, cancellationToken);

        public Task<ImageInspect> InspectAsync(string image, string platform, bool manifests, CancellationToken cancellationToken)
            => service.InspectAsync(image, platform, manifests, cancellationToken);

        public Task<IReadOnlyList<ImageHistoryResponseItem>> HistoryAsync(string image, string platform, CancellationToken cancellationToken)
            => service.HistoryAsync(image, platform, cancellationToken);

        public Task LoadAsync(Stream archive, string platform, bool quiet, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
            => service.LoadAsync(archive, platform, quiet, progress, cancellationToken);

        public Task SaveAsync(IReadOnlyList<string> names, string platform, Stream target, CancellationToken cancellationToken)
            => service.SaveAsync(names, platform, target, cancellationToken);

        public Task ImportFromAsync(string source, string repository, string tag, IReadOnlyList<string> changes, string message, string platform, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
            => service.ImportFromAsync(source, repository, tag, changes, message, platform, progress, cancellationToken);

        public Task ImportAsync(Stream archive, string repository, string tag, IReadOnlyList<string> changes, string message, string platform, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
            => service.ImportAsync(archive, repository, tag, changes, message, platform, progress, cancellationToken);

        public Task TagAsync(string image, string repository, string tag, CancellationToken cancellationToken) => service.TagAsync(image, repository, tag, cancellationToken);

        public Task<IReadOnlyList<ImageDeleteResponseItem>> RemoveAsync(string image, IReadOnlyList<string> platforms, bool force, bool prune, CancellationToken cancellationToken)
            => service.RemoveAsync(image, platforms, force, prune, cancellationToken);

        public Task<ImagePruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken) => service.PruneAsync(filters, cancellationToken);
    }

    private sealed class Registries(RegistryService service, TransferService transfers) : IRegistryBackend
    {
        public Task PullAsync(string repository, string tag, string platform, AuthConfig credentials, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
            => transfers.PullAsync(repository, tag, platform, credentials.ToCredentials(), progress, cancellationToken);

        public Task PushAsync(string repository, string tag, string platform, AuthConfig credentials, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
            => transfers.PushAsync(repository, tag, platform, credentials.ToCredentials(), progress, cancellationToken);

        public Task<AuthResponse> LoginAsync(AuthConfig credentials, CancellationToken cancellationToken) => service.LoginAsync(credentials, cancellationToken);

        public Task<IReadOnlyList<SearchResult>> SearchAsync(string term, int limit, Filters filters, AuthConfig credentials, CancellationToken cancellationToken)
            => service.SearchAsync(term, limit, filters, credentials, cancellationToken);

        public Task<DistributionInspect> InspectAsync(string image, AuthConfig credentials, CancellationToken cancellationToken) => service.InspectAsync(image, credentials, cancellationToken);
    }
}
