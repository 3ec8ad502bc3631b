using Tare.Engine.Common;
using Tare.Engine.Containers;
using Tare.Engine.Create;
using Tare.Engine.Events;
using Tare.Engine.Execs;
using Tare.Engine.Host;
using Tare.Engine.Launch;
using Tare.Engine.Networks;
using Tare.Engine.Ports;
using Tare.Engine.Views;
using Tare.Engine.Volumes;
using Tare.Keeper;
using Tare.Linux;
using Tare.Networks;
using Tare.Volumes;

namespace Tare.Engine;

/// <summary>Everything about containers, put together over the ports: what tests run with parts of their own below.</summary>
internal sealed class EngineCore : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly ExitHandler exits;
    private readonly Reconciler reconciler;
    private Task exitLoop = Task.CompletedTask;

    public EngineCore(EngineOptions options, IContainerTable table, IImageSource images, VolumeStore volumeStore, NetworkStore networkStore, IKeeper keeper, ISandbox sandbox, INetworkPlane plane, Poller poller)
    {
        Background = new BackgroundWork(options.Log);
        EventLog = new EventLog(options.Time);
        Cgroups = CgroupFacts.Probe();
        Registry = new ContainerRegistry(table);

        var paths = new EnginePaths(options.DataRoot);
        var events = new ContainerEvents(EventLog);
        var volumeEvents = new VolumeEvents(EventLog);
        var volumes = new ContainerVolumes(volumeStore, volumeEvents, Background, options);
        var resources = new ResourceValidator(Cgroups, MachineFacts.Processors);
        var planner = new LaunchPlanner(Registry, images, paths, options.CgroupParent);
        var names = new NameRecords();
        var awaited = new AwaitedPlaces(networkStore, names);
        var parts = new NetworkParts { Store = networkStore, Plane = plane, Table = new EndpointTable(), Names = names, Awaited = awaited, Events = new NetworkEvents(EventLog) };
        var networks = new ContainerNetworks(parts, Registry, new ContainerNetworkFiles(paths, networkStore, Registry, options.Networks), options.Log);
        var networkView = new NetworkSettingsView(networkStore);
        var stopper = new ContainerStopper(Registry, events, options);
        var remover = new ContainerRemover(Registry, stopper, events, images, volumes, awaited, paths, Background);
        var launcher = new ContainerLauncher(Registry, planner, volumes, sandbox, keeper, poller, events, networks, paths, options);
        var runner = new ContainerRunner(Registry, launcher, stopper, remover, events);
        var execs = new ExecTable(events, options.Time);
        exits = new ExitHandler(Registry, launcher, remover, volumes, execs, keeper, events, networks, Background, options);
        reconciler = new Reconciler(Registry, keeper, poller, sandbox, planner, images, volumes, exits, remover, runner, networks, new NetworkRestorer(parts, networks, options), awaited, paths, Background, options);
        Runner = runner;
        ContainerEvents = events;
        Containers = new ContainerService(new ContainerParts
        {
            Registry = Registry,
            Creator = new ContainerCreator(Registry, new ConfigValidator(resources), images, volumes, networkStore, awaited, events, paths, Cgroups, options.Time),
            Runner = runner,
            Stopper = stopper,
            Remover = remover,
            Pruner = new ContainerPruner(Registry, remover, images, events, options),
            Updater = new ContainerUpdater(Registry, resources, events),
            Processes = new ContainerProcesses(options.Time),
            Output = new ContainerOutput(keeper, poller, events, paths, options.Time),
            Inspect = new InspectView(paths, images, networkView),
            List = new ListView(Registry, images, networkView, options.Time),
            Events = events,
            Networks = networks,
        });
        Execs = new ExecService(Registry, execs, new ExecRunner(execs, planner, sandbox, keeper, poller, events), events);
        Networks = new NetworkService(parts, Registry, new ContainerConnector(Registry, parts, networks), options.Time);
        Volumes = new VolumeService(volumeStore, volumes, volumeEvents);
        Events = new EventService(EventLog, options.Time);
    }

    public ContainerService Containers { get; }

    public ExecService Execs { get; }

    public VolumeService Volumes { get; }

    public NetworkService Networks { get; }

    public EventService Events { get; }

    public ContainerRegistry Registry { get; }

    public ContainerRunner Runner { get; }

    public ContainerEvents ContainerEvents { get; }

    public EventLog EventLog { get; }

    public CgroupFacts Cgroups { get; }

    public BackgroundWork Background { get; }

    /// <summary>Reconciles with the keeper and begins to take ends of processes.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await reconciler.RunAsync(cancellationToken);
        exitLoop = exits.RunAsync(stopping.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        EventLog.Close();
        try
        {
            await exitLoop;
        }
        catch (OperationCanceledException)
        {
            // That is how it ends.
        }
        await Background.DisposeAsync();
        stopping.Dispose();
    }
}
