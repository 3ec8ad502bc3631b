using Tare.Distribution;
using Tare.Engine.Common;
using Tare.Engine.Containers;
using Tare.Engine.Events;
using Tare.Engine.Execs;
using Tare.Engine.Filesystems;
using Tare.Engine.Host;
using Tare.Engine.Images;
using Tare.Engine.Launch;
using Tare.Engine.Networks.Kernel;
using Tare.Engine.Networks;
using Tare.Engine.Ports;
using Tare.Engine.Registries;
using Tare.Engine.Storage;
using Tare.Engine.Volumes;
using Tare.Images;
using Tare.Images.Roots;
using Tare.Keeper;
using Tare.Linux;
using Tare.Networks;
using Tare.Sandbox;
using Tare.Store;
using Tare.Volumes;

namespace Tare.Engine;

/// <summary>
/// The engine, put together: what the API serves. Opening it loads what was, asks the keeper what has become of it, and adopts what runs.
/// Disposing it leaves every container running.
/// </summary>
public sealed class TareEngine : IAsyncDisposable
{
    private readonly Database database;
    private readonly ImageStore store;
    private readonly SandboxCompiler sandbox = new();
    private readonly EngineCore core;
    private readonly RegistryClient registries;
    private readonly NetworkPlane plane;

    private TareEngine(EngineOptions options, Database database, ImageStore store, VolumeStore volumes, IKeeper keeper)
    {
        this.database = database;
        this.store = store;
        var images = new ImageAdapter(store);
        var id = EngineIdentity.Of(database);
        var names = NetworkNames.Of(options.DataRoot, id, options.Networks.Pools);
        plane = new NetworkPlane(id, names.FilterTable, keeper, Poller, sandbox.TakeNetwork, container => core!.Registry.TryFind(container)?.Name ?? container, options.OpenOtherFirewalls, options.Networks.EnablesForwarding, options.Log);
        var networks = NetworkStore.Open(database, new NetworkStoreOptions
        {
            Pools = names.Pools,
            HasOwnPools = options.Networks.Pools.Count > 0,
            DefaultBridge = options.Networks.DefaultBridge,
            DefaultOptions = options.Networks.DefaultOptions,
            DefaultDevice = names.DefaultDevice,
            HostRoutes = plane.HostRoutes,
            Time = options.Time,
        });
        core = new EngineCore(options, new ContainerTable(database), images, volumes, networks, keeper, new SandboxAdapter(sandbox), plane, Poller);
        Images = new ImageService(store, core.Registry, core.EventLog, options.Time);
        Filesystems = new FilesystemService(
            core.Registry,
            new ContainerCommitter(store, core.Runner, core.ContainerEvents, core.EventLog),
            images,
            core.ContainerEvents);
        registries = new RegistryClient(options.Registries, options.Time);
        Registries = new RegistryService(registries);
        Transfers = new TransferService(store, registries, core.EventLog);
        Usage = new DiskUsageService(store, Images, core.Containers, core.Volumes);
        System = new SystemService(options, id, core.Cgroups, core.Registry, Images, core.EventLog, plane);
    }

    /// <summary>Containers.</summary>
    public ContainerService Containers => core.Containers;

    /// <summary>Further processes in containers.</summary>
    public ExecService Execs => core.Execs;

    /// <summary>Networks.</summary>
    public NetworkService Networks => core.Networks;

    /// <summary>The containers' files.</summary>
    public FilesystemService Filesystems { get; }

    /// <summary>Images.</summary>
    public ImageService Images { get; }

    /// <summary>Volumes.</summary>
    public VolumeService Volumes => core.Volumes;

    /// <summary>Images from and to registries.</summary>
    public TransferService Transfers { get; }

    /// <summary>Registries themselves: login, search.</summary>
    public RegistryService Registries { get; }

    /// <summary>Events.</summary>
    public EventService Events => core.Events;

    /// <summary>Version and information.</summary>
    public SystemService System { get; }

    /// <summary>What all of it takes on the disk.</summary>
    public DiskUsageService Usage { get; }

    /// <summary>The one poller of the process, for those above who wait for descriptors as well.</summary>
    public Poller Poller { get; } = new();

    /// <summary>Opens the engine on its directories. The keeper stays the caller's.</summary>
    /// <exception cref="Errors.TareException">The directories cannot be used, or the database is damaged or newer.</exception>
    public static async Task<TareEngine> OpenAsync(EngineOptions options, IKeeper keeper, CancellationToken cancellationToken)
    {
        var paths = new EnginePaths(options.DataRoot);
        Directory.CreateDirectory(paths.Containers);
        BaseLayer.Make(paths.BaseLayer);
        var driver = StorageSelection.Choose(options);
        var database = Database.Open(paths.Database, ImageStore.Schema, VolumeStore.Schema, NetworkStore.Schema, EngineSchema.Owner);
        var store = ImageStore.Open(
            options.DataRoot,
            database,
            options.Time,
            new TransferLimits(options.MaxConcurrentDownloads, options.MaxConcurrentUploads),
            new StorageOptions(driver, paths.BaseLayer));
        foreach (var loss in store.Losses) options.Log(EngineLogLevel.Warning, loss);
        var engine = new TareEngine(options, database, store, VolumeStore.Open(options.DataRoot, database, options.Time), keeper);
        try
        {
            await engine.core.StartAsync(cancellationToken);
            // Nobody waits for this; the first launch finds done what is done by then.
            _ = engine.core.Background.Run("prepare for launches", _ => Task.Run(engine.sandbox.WarmUp, CancellationToken.None));
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await core.DisposeAsync();
        await plane.DisposeAsync();
        registries.Dispose();
        await store.DisposeAsync();
        sandbox.Dispose();
        Poller.Dispose();
        database.Dispose();
    }
}
