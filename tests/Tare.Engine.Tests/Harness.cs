using Tare.Engine.Containers;
using Tare.Linux;
using Tare.Networks;
using Tare.Store;
using Tare.Volumes;
using Tare.Wire;

namespace Tare.Engine.Tests;

/// <summary>An engine over fakes, which can be killed and opened again over the same fakes.</summary>
internal sealed class Harness : IAsyncDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("tare-engine-").FullName;
    private readonly Database database;
    private EngineCore? core;

    public Harness()
    {
        Images = new FakeImages(root);
        database = Database.Open(Path.Combine(root, "tare.db"), VolumeStore.Schema, NetworkStore.Schema);
    }

    public FakeTable Table { get; } = new();

    public FakeKeeper Keeper { get; } = new();

    public FakeSandbox Sandbox { get; } = new();

    public FakePlane Plane { get; } = new();

    public FakeImages Images { get; }

    public Poller Poller { get; } = new();

    public List<string> Log { get; } = [];

    public EngineCore Core => core!;

    public ContainerService Containers => Core.Containers;

    public static async Task<Harness> OpenAsync()
    {
        var harness = new Harness();
        await harness.ReopenAsync();
        return harness;
    }

    /// <summary>Ends the engine as a kill would: nothing of it is tidied up but its threads.</summary>
    public async Task KillEngineAsync()
    {
        if (core is not null) await core.DisposeAsync();
        core = null;
    }

    /// <summary>Opens the engine anew.</summary>
    public async Task ReopenAsync()
    {
        await KillEngineAsync();
        Directory.CreateDirectory(Path.Combine(root, "containers"));
        core = new EngineCore(
            new EngineOptions { DataRoot = root, ExecRoot = root, Log = (_, text) => { lock (Log) Log.Add(text); } },
            Table,
            Images,
            VolumeStore.Open(root, database, TimeProvider.System),
            NetworkStore.Open(database, new NetworkStoreOptions()),
            Keeper,
            Sandbox,
            Plane,
            Poller);
        await core.StartAsync(CancellationToken.None);
    }

    public async Task<string> CreateAsync(string? name = null, Action<ContainerCreateRequest>? change = null)
    {
        var request = new ContainerCreateRequest { Image = "bb", HostConfig = new HostConfig { NetworkMode = "none" } };
        change?.Invoke(request);
        return (await Containers.CreateAsync(name, null, request, CancellationToken.None)).Id;
    }

    public async Task<string> RunAsync(string? name = null, Action<ContainerCreateRequest>? change = null)
    {
        var id = await CreateAsync(name, change);
        await Containers.StartAsync(id, CancellationToken.None);
        return id;
    }

    public Container Get(string id) => Core.Registry.Find(id);

    public string DirectoryOf(string id) => Path.Combine(root, "containers", id);

    /// <summary>The database of volumes, to play what a crash leaves.</summary>
    public Database VolumeRows => database;

    /// <summary>What is below volumes/ on the disk.</summary>
    public IReadOnlyList<string> Volumes => [.. Directory.EnumerateDirectories(Path.Combine(root, "volumes")).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    public IReadOnlyList<string> Directories => [.. Directory.EnumerateDirectories(Path.Combine(root, "containers")).Select(path => Path.GetFileName(path)!)];

    /// <summary>Waits until the work behind the callers' backs is done.</summary>
    public Task IdleAsync() => Core.Background.IdleAsync();

    /// <summary>Waits for the next end of a container and what follows from it.</summary>
    public async Task<ContainerWaitResponse> EndAsync(string id, Func<Task> how)
    {
        var ended = Containers.Wait(id, WaitCondition.NextExit, CancellationToken.None);
        await how();
        var response = await ended.WaitAsync(TimeSpan.FromSeconds(10));
        await IdleAsync();
        return response;
    }

    /// <summary>The events of containers so far.</summary>
    public IReadOnlyList<EventMessage> Events() => [.. AllEvents().Where(message => message.Type == EventType.Container)];

    /// <summary>All events so far.</summary>
    public IReadOnlyList<EventMessage> AllEvents()
    {
        using var subscription = Core.EventLog.Subscribe(DateTimeOffset.UnixEpoch, null, new Events.EventFilter(Filters.None));
        return [.. subscription.Past];
    }

    public async ValueTask DisposeAsync()
    {
        await KillEngineAsync();
        Keeper.Dispose();
        Poller.Dispose();
        database.Dispose();
        Directory.Delete(root, recursive: true);
    }
}
