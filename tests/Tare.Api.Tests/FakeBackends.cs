using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Tare.Api.Backends;
using Tare.Engine;
using Tare.Engine.Containers;
using Tare.Engine.Filesystems;
using Tare.Engine.Host;
using Tare.Engine.Images;
using Tare.Engine.Streams;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Tests;

/// <summary>An engine that remembers what it was asked and answers what a test has put in.</summary>
internal sealed class FakeBackends : ISystemBackend, IContainerBackend, IContainerStreamBackend, IExecBackend, IImageBackend, IRegistryBackend, IFilesystemBackend
{
    internal List<string> Calls { get; } = [];

    internal Exception? Failure { get; set; }

    internal ContainerCreateRequest? Created { get; private set; }

    internal ContainerUpdateRequest? Updated { get; private set; }

    internal ContainerListOptions? Listed { get; private set; }

    internal ContainerLogOptions? Logged { get; private set; }

    internal ContainerAttachOptions? Attached { get; private set; }

    internal ExecCreateRequest? ExecCreated { get; private set; }

    internal ExecStartRequest? ExecStarted { get; private set; }

    internal ContainerInspectResponse Container { get; set; } = new() { Id = new string('a', 64), Name = "/c", Config = new ContainerConfig() };

    internal ExecInspectResponse Exec { get; set; } = new() { ID = "e", OpenStdin = true };

    internal Func<IProcessStreams> Streams { get; set; } = () => new EchoStreams();

    internal Func<IOutputStream> Logs { get; set; } = () => new FixedOutput(terminal: false, (1, "out\n"), (2, "err\n"));

    internal TaskCompletionSource<ContainerWaitResponse> Waiting { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Channel<EventMessage> Happening { get; } = Channel.CreateUnbounded<EventMessage>();

    internal TaskCompletionSource EventsCancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal TaskCompletionSource WaitCancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal IReadOnlyList<ProgressMessage> Progress { get; set; } = [new() { Stream = "Loaded\n" }];

    internal Task TransferGoesOn { get; set; } = Task.CompletedTask;

    internal TaskCompletionSource TransferCancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal long Received { get; private set; }

    internal ContainerCommitRequest? Committed { get; private set; }

    /// <summary>How many thousand bytes an archive has.</summary>
    internal int Written { get; set; } = 3;

    internal Exception? FailureInTheMiddle { get; set; }

    internal FakeNetworks Networks => field ??= new FakeNetworks(this);

    internal ApiBackends All => new(this, this, this, this, this, this, this, Networks, new FakeVolumes(this));

    public SystemVersion Version() => new() { Version = "9.9", ApiVersion = ApiVersions.Maximum, Os = "linux" };

    public Task<SystemInfo> InfoAsync(CancellationToken cancellationToken)
        => Done("info", new SystemInfo { ID = "i", RuncCommit = new Commit { ID = "r" }, FirewallBackend = new FirewallInfo { Driver = "nftables" } });

    public Task<DiskUsage> DiskUsageAsync(DiskUsageKinds kinds, CancellationToken cancellationToken) => Done($"df {kinds}", new DiskUsage
    {
        LayersSize = 1000,
        Images = kinds.HasFlag(DiskUsageKinds.Images)
            ? [new ImageSummary { Id = "used", Containers = 1, Size = 300, SharedSize = 100 }, new ImageSummary { Id = "unused", Containers = 0, Size = 500, SharedSize = 100 }]
            : null,
        Containers = kinds.HasFlag(DiskUsageKinds.Containers)
            ? [new ContainerSummary { Id = "r", State = "running", SizeRw = 10 }, new ContainerSummary { Id = "e", State = "exited", SizeRw = 7 }]
            : null,
        Volumes = kinds.HasFlag(DiskUsageKinds.Volumes) ? [] : null,
        BuildCache = kinds.HasFlag(DiskUsageKinds.BuildCache) ? [] : null,
    });

    public async IAsyncEnumerable<EventMessage> Events(string? since, string? until, Filters filters, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Note($"events {since} {until}");
        try
        {
            await foreach (var message in Happening.Reader.ReadAllAsync(cancellationToken))
                yield return message;
        }
        finally
        {
            if (cancellationToken.IsCancellationRequested)
                EventsCancelled.TrySetResult();
        }
    }

    public Task<ContainerCreateResponse> CreateAsync(string? name, string? platform, ContainerCreateRequest request, CancellationToken cancellationToken)
    {
        Created = request;
        return Done($"create {name} {platform}", new ContainerCreateResponse { Id = "new", Warnings = ["engine"] });
    }

    public Task StartAsync(string container, CancellationToken cancellationToken) => Done($"start {container}", 0);

    public Task StopAsync(string container, string? signal, int? timeoutSeconds, CancellationToken cancellationToken) => Done($"stop {container} {signal} {timeoutSeconds}", 0);

    public Task RestartAsync(string container, string? signal, int? timeoutSeconds, CancellationToken cancellationToken) => Done($"restart {container} {signal} {timeoutSeconds}", 0);

    public Task KillAsync(string container, string? signal, CancellationToken cancellationToken) => Done($"kill {container} {signal}", 0);

    public Task PauseAsync(string container, CancellationToken cancellationToken) => Done($"pause {container}", 0);

    public Task UnpauseAsync(string container, CancellationToken cancellationToken) => Done($"unpause {container}", 0);

    public Task RenameAsync(string container, string newName, CancellationToken cancellationToken) => Done($"rename {container} {newName}", 0);

    public Task<ContainerUpdateResponse> UpdateAsync(string container, ContainerUpdateRequest request, CancellationToken cancellationToken)
    {
        Updated = request;
        return Done($"update {container}", new ContainerUpdateResponse());
    }

    public Task ResizeAsync(string container, int rows, int columns, CancellationToken cancellationToken) => Done($"resize {container} {rows}x{columns}", 0);

    public Task RemoveAsync(string container, ContainerRemoveOptions options, CancellationToken cancellationToken)
        => Done($"remove {container} force={options.Force} v={options.Volumes} link={options.Link}", 0);

    public Task<ContainerPruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken) => Done("prune", new ContainerPruneResponse());

    public Task<IReadOnlyList<ContainerSummary>> ListAsync(ContainerListOptions options, CancellationToken cancellationToken)
    {
        Listed = options;
        return Done<IReadOnlyList<ContainerSummary>>("list", [new ContainerSummary { Id = "c", Health = new HealthSummary { Status = "none" } }]);
    }

    public Task<ContainerInspectResponse> InspectAsync(string container, bool size, CancellationToken cancellationToken) => Done($"inspect {container} {size}", Container);

    public Task<ContainerTopResponse> TopAsync(string container, string? psArguments, CancellationToken cancellationToken) => Done($"top {container} {psArguments}", new ContainerTopResponse());

    public Task<ContainerWaitResponse> Wait(string container, WaitCondition condition, CancellationToken cancellationToken)
    {
        Note($"wait {container} {condition}");
        cancellationToken.Register(() =>
        {
            WaitCancelled.TrySetResult();
            Waiting.TrySetCanceled(cancellationToken);
        });
        return Waiting.Task;
    }

    public Task<IOutputStream> LogsAsync(string container, ContainerLogOptions options, CancellationToken cancellationToken)
    {
        Logged = options;
        return Done($"logs {container}", Logs());
    }

    public Task<IProcessStreams> AttachAsync(string container, ContainerAttachOptions options, CancellationToken cancellationToken)
    {
        Attached = options;
        return Done($"attach {container}", Streams());
    }

    public Task<IDResponse> CreateAsync(string container, ExecCreateRequest request, CancellationToken cancellationToken)
    {
        ExecCreated = request;
        return Done($"exec {container}", new IDResponse { Id = "e" });
    }

    public async Task<IProcessStreams?> StartAsync(string id, ExecStartRequest request, Func<Task> announce, CancellationToken cancellationToken)
    {
        ExecStarted = request;
        await Done($"exec start {id}", 0);
        if (!request.Detach) await announce();
        return request.Detach ? null : Streams();
    }

    public ExecInspectResponse Inspect(string id) => id == "nope" ? throw TareException.NotFound("No such exec instance: nope") : Exec;

    Task IExecBackend.ResizeAsync(string id, int rows, int columns, CancellationToken cancellationToken) => Done($"exec resize {id} {rows}x{columns}", 0);

    public Task<IReadOnlyList<ImageSummary>> ListAsync(ImageListOptions options, Filters filters, CancellationToken cancellationToken)
        => Done<IReadOnlyList<ImageSummary>>($"images {options.All}{(options.SharedSize ? " shared" : "")}{(options.Manifests ? " manifests" : "")} {string.Join(',', filters.Get("reference"))}", [new ImageSummary { Id = "i", Size = 7 }]);

    public Task<ImageInspect> InspectAsync(string image, string platform, bool manifests, CancellationToken cancellationToken) => Done($"image {image} {platform}{(manifests ? " manifests" : "")}", new ImageInspect { Id = "i", Size = 7, Config = new ImageConfig { Cmd = ["sh"] } });

    public Task<IReadOnlyList<ImageHistoryResponseItem>> HistoryAsync(string image, string platform, CancellationToken cancellationToken)
        => Done<IReadOnlyList<ImageHistoryResponseItem>>($"history {image} {platform}", []);

    public async Task LoadAsync(Stream archive, string platform, bool quiet, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
    {
        await ReceiveAsync(archive, progress, cancellationToken);
        await Done($"load quiet={quiet} {platform}", 0);
    }

    public async Task ImportAsync(Stream archive, string repository, string tag, IReadOnlyList<string> changes, string message, string platform, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
    {
        await Done($"import {repository}:{tag} [{string.Join('|', changes)}] {message} {platform}", 0);
        await ReceiveAsync(archive, progress, cancellationToken);
    }

    public Task ImportFromAsync(string source, string repository, string tag, IReadOnlyList<string> changes, string message, string platform, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
        => Done($"import from {source} {repository}:{tag} [{string.Join('|', changes)}] {message} {platform}", 0);

    public async Task SaveAsync(IReadOnlyList<string> names, string platform, Stream target, CancellationToken cancellationToken)
    {
        await Done($"save {string.Join(' ', names)} {platform}", 0);
        await WriteAsync(target);
    }

    public Task<IDResponse> CommitAsync(string container, ContainerCommitRequest request, CancellationToken cancellationToken)
    {
        Committed = request;
        return Done($"commit {container}", new IDResponse { Id = "sha256:new" });
    }

    public async Task ExportAsync(string container, Stream target, CancellationToken cancellationToken)
    {
        await Done($"export {container}", 0);
        await WriteAsync(target);
    }

    public Task<IReadOnlyList<FilesystemChange>> ChangesAsync(string container, CancellationToken cancellationToken)
        => Done<IReadOnlyList<FilesystemChange>>($"changes {container}", [new FilesystemChange { Kind = 2, Path = "/gone" }]);

    public Task TagAsync(string image, string repository, string tag, CancellationToken cancellationToken) => Done($"tag {image} {repository}:{tag}", 0);

    public Task<IReadOnlyList<ImageDeleteResponseItem>> RemoveAsync(string image, IReadOnlyList<string> platforms, bool force, bool prune, CancellationToken cancellationToken)
        => Done<IReadOnlyList<ImageDeleteResponseItem>>($"rmi {image} {string.Concat(platforms.Select(platform => platform + " "))}force={force} prune={prune}", [new ImageDeleteResponseItem { Untagged = image }]);

    Task<ImagePruneResponse> IImageBackend.PruneAsync(Filters filters, CancellationToken cancellationToken) => Done("image prune", new ImagePruneResponse());

    /// <summary>Writes on a thread of its own, as archives are; then fails, when a test wants that.</summary>
    private Task WriteAsync(Stream target) => Task.Run(() =>
    {
        for (var i = 0; i < Written; i++)
            target.Write(new byte[1000]);
        if (FailureInTheMiddle is { } failure)
            throw failure;
    });

    public async Task PullAsync(string repository, string tag, string platform, AuthConfig credentials, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
    {
        Note($"pull {repository} [{tag}] {platform} {Describe(credentials)}");
        await TransferAsync(progress, cancellationToken);
    }

    public async Task PushAsync(string repository, string tag, string platform, AuthConfig credentials, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
    {
        Note($"push {repository} [{tag}] {platform} {Describe(credentials)}");
        await TransferAsync(progress, cancellationToken);
    }

    public Task<AuthResponse> LoginAsync(AuthConfig credentials, CancellationToken cancellationToken)
        => Done($"login {credentials.ServerAddress} {Describe(credentials)}", new AuthResponse { Status = "Login Succeeded" });

    public Task<IReadOnlyList<SearchResult>> SearchAsync(string term, int limit, Filters filters, AuthConfig credentials, CancellationToken cancellationToken)
        => Done<IReadOnlyList<SearchResult>>($"search {term} {limit} {string.Join(',', filters.Get("stars"))} {Describe(credentials)}", [new SearchResult { Name = "x/y", StarCount = 3 }]);

    Task<DistributionInspect> IRegistryBackend.InspectAsync(string image, AuthConfig credentials, CancellationToken cancellationToken)
        => Done($"distribution {image} {Describe(credentials)}", new DistributionInspect { Descriptor = new OCIDescriptor { MediaType = "m", Digest = "sha256:0", Size = 5 } });

    /// <summary>What a transfer says before <see cref="Failure"/> or its end; then it waits for <see cref="TransferGoesOn"/>.</summary>
    private async Task TransferAsync(Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
    {
        // Unregistered by nobody: the wait below is cancelled first.
        cancellationToken.Register(() => TransferCancelled.TrySetResult());
        foreach (var message in Progress)
            await progress(message);
        await TransferGoesOn.WaitAsync(cancellationToken);
        if (Failure is not null)
            throw Failure;
    }

    private static string Describe(AuthConfig c) => $"{c.Username}:{c.Password}:{c.IdentityToken}:{c.RegistryToken}";

    private async Task ReceiveAsync(Stream archive, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        while (await archive.ReadAsync(buffer, cancellationToken) is > 0 and var count)
            Received += count;
        foreach (var message in Progress)
            await progress(message);
    }

    private Task<T> Done<T>(string call, T answer)
    {
        Note(call);
        return Failure is null ? Task.FromResult(answer) : Task.FromException<T>(Failure);
    }

    private void Note(string call)
    {
        lock (Calls)
            Calls.Add(call.TrimEnd());
    }
}
