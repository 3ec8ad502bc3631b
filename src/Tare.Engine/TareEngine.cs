using Tare.Engine.Common;
using Tare.Engine.Containers;
using Tare.Engine.Create;
using Tare.Engine.Events;
using Tare.Engine.Execs;
using Tare.Engine.Host;
using Tare.Engine.Images;
using Tare.Engine.Launch;
using Tare.Engine.Ports;
using Tare.Engine.Storage;
using Tare.Engine.Views;
using Tare.Images;
using Tare.Keeper;
using Tare.Linux;
using Tare.Sandbox;
using Tare.Store;

namespace Tare.Engine;

/// <summary>
/// The engine, put together: what the API serves. Opening it loads what was, asks the keeper what has become of it, and adopts what runs.
/// Disposing it leaves every container running.
/// </summary>
public sealed class TareEngine : IAsyncDisposable
{
    private readonly Database database;
    private readonly ImageStore store;
    private readonly Poller poller;
    private readonly EventLog eventLog;
    private readonly BackgroundWork background;
    private readonly CancellationTokenSource stopping = new();
    private Task exitLoop = Task.CompletedTask;

    private TareEngine(EngineOptions options, Database database, ImageStore store, Poller poller, IKeeper keeper, ISandbox sandbox)
    {
        this.database = database;
        this.store = store;
        this.poller = poller;
        background = new BackgroundWork(options.Log);
        eventLog = new EventLog(options.Time);

        var paths = new EnginePaths(options.DataRoot);
        var cgroups = CgroupFacts.Probe();
        var imageSource = new ImageAdapter(store);
        var registry = new ContainerRegistry(new ContainerTable(database));
        var events = new ContainerEvents(eventLog);
        var resources = new ResourceValidator(cgroups, MachineFacts.Processors);
        var planner = new LaunchPlanner(registry, imageSource, paths, options.CgroupParent);
        var stopper = new ContainerStopper(registry, events, options);
        var remover = new ContainerRemover(registry, stopper, events, imageSource, paths, background);
        var launcher = new ContainerLauncher(registry, planner, sandbox, keeper, poller, events, paths, options);
        var runner = new ContainerRunner(registry, launcher, stopper, remover, events);
        var execs = new ExecTable(events, options.Time);

        Exits = new ExitHandler(registry, launcher, remover, execs, keeper, events, background, options);
        Reconciler = new Reconciler(registry, keeper, poller, sandbox, planner, imageSource, Exits, remover, runner, paths, background, options);
        Containers = new ContainerService(new ContainerParts
        {
            Registry = registry,
            Creator = new ContainerCreator(registry, new ConfigValidator(resources), imageSource, events, paths, cgroups, options.Time),
            Runner = runner,
            Stopper = stopper,
            Remover = remover,
            Pruner = new ContainerPruner(registry, remover, imageSource, events, options),
            Updater = new ContainerUpdater(registry, resources, events),
            Processes = new ContainerProcesses(options.Time),
            Output = new ContainerOutput(keeper, poller, events, paths, options.Time),
            Inspect = new InspectView(paths, imageSource),
            List = new ListView(registry, imageSource, options.Time),
            Events = events,
        });
        Execs = new ExecService(registry, execs, new ExecRunner(execs, planner, sandbox, keeper, poller, events), events);
        Images = new ImageService(store, registry, eventLog, options.Time);
        Events = new EventService(eventLog, options.Time);
        System = new SystemService(options, EngineIdentity.Of(database), cgroups, registry, Images, eventLog);
    }

    /// <summary>Containers.</summary>
    public ContainerService Containers { get; }

    /// <summary>Further processes in containers.</summary>
    public ExecService Execs { get; }

    /// <summary>Images.</summary>
    public ImageService Images { get; }

    /// <summary>Events.</summary>
    public EventService Events { get; }

    /// <summary>Version and information.</summary>
    public SystemService System { get; }

    /// <summary>The one poller of the process, for those above who wait for descriptors as well.</summary>
    public Poller Poller => poller;

    private ExitHandler Exits { get; }

    private Reconciler Reconciler { get; }

    /// <summary>Opens the engine on its directories. The keeper stays the caller's.</summary>
    /// <exception cref="Errors.TareException">The directories cannot be used, or the database is damaged or newer.</exception>
    public static Task<TareEngine> OpenAsync(EngineOptions options, IKeeper keeper, CancellationToken cancellationToken) =>
        OpenAsync(options, keeper, new SandboxAdapter(new SandboxCompiler()), cancellationToken);

    /// <summary>For tests, with a sandbox that fails where they want.</summary>
    internal static async Task<TareEngine> OpenAsync(EngineOptions options, IKeeper keeper, ISandbox sandbox, CancellationToken cancellationToken)
    {
        var paths = new EnginePaths(options.DataRoot);
        Directory.CreateDirectory(paths.Containers);
        var database = Database.Open(paths.Database, ImageStore.Schema, EngineSchema.Owner);
        var store = ImageStore.Open(options.DataRoot, database, options.Time);
        var engine = new TareEngine(options, database, store, new Poller(), keeper, sandbox);
        try
        {
            await engine.Reconciler.RunAsync(cancellationToken);
            engine.exitLoop = engine.Exits.RunAsync(engine.stopping.Token);
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <summary>For tests: waits until nothing is under way behind the callers' backs.</summary>
    internal Task IdleAsync() => background.IdleAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        eventLog.Close();
        try
        {
            await exitLoop;
        }
        catch (OperationCanceledException)
        {
            // That is how it ends.
        }
        await background.DisposeAsync();
        await store.DisposeAsync();
        poller.Dispose();
        database.Dispose();
        stopping.Dispose();
    }
}
