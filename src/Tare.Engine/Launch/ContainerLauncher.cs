using Tare.Runtime.Launching;
using Tare.Engine.Common;
using Tare.Engine.Containers;
using Tare.Engine.Create;
using Tare.Engine.Networks;
using Tare.Engine.Ports;
using Tare.Engine.Streams;
using Tare.Engine.Volumes;
using Tare.Errors;
using Tare.Keeper;
using Tare.Linux;
using Tare.Wire;

namespace Tare.Engine.Launch;

/// <summary>Starts containers. Each launch has a generation, and is written down before the keeper is asked and when it has answered.</summary>
internal sealed class ContainerLauncher(
    ContainerRegistry registry,
    LaunchPlanner planner,
    ContainerVolumes volumes,
    ISandbox sandbox,
    IKeeper keeper,
    Poller poller,
    ContainerEvents events,
    ContainerNetworks networks,
    EnginePaths paths,
    EngineOptions options)
{
    private const int UnknownFailure = 128;

    /// <summary>
    /// Launches a container whose gate the caller holds.
    /// <list type="number">
    /// <item>Its places on networks are decided.</item>
    /// <item>The intent is written down, with a new generation; at the same time the networks are set up and the launch is compiled.</item>
    /// <item>The keeper launches. It knows the launch by (id, generation) from then on.</item>
    /// <item>The result is written down, and then told: to those who are attached, and as an event.</item>
    /// </list>
    /// A failure before the program runs leaves the container as it was, with the reason and Docker's exit code in its state. An engine
    /// that dies in between finds the intent at its next start and asks the keeper what became of it.
    /// </summary>
    /// <exception cref="TareException">The launch has failed; nothing of it is left.</exception>
    public async Task LaunchAsync(Container container, bool byPolicy)
    {
        await container.Cleanup;
        var start = await PlanNetworksAsync(container, byPolicy);
        var intent = container.State.BeginLaunch(byPolicy, start.Endpoints);
        var key = new ProcessKey(container.Id, intent.Generation);
        var written = Task.Run(() => registry.Save(container, intent));
        var joined = start.Joined.Count == 0 ? Task.CompletedTask : Task.Run(() => networks.JoinAsync(container, start));
        LaunchPlan? plan = null;
        ILaunch? launch = null;
        LaunchedProcess process;
        var mounted = false;
        try
        {
            try
            {
                volumes.Mount(container.Definition);
                mounted = true;
                plan = planner.Plan(container.Definition, start.Live?.Sandbox.Namespace);
                var wanted = plan.Options;
                // To change the owners of files takes as long as there are files, and there are few threads for all that is quick.
                launch = wanted.Mounts.Any(mount => mount.ChangeOwner)
                    ? await BackgroundWork.OnOwnThread(() => sandbox.PrepareContainer(wanted))
                    : sandbox.PrepareContainer(wanted);
            }
            finally
            {
                // Whatever the plan came to, no later write may overtake this one, and nothing is undone that is still being made.
                await Task.WhenAll(written, joined);
            }
            process = await keeper.LaunchAsync(Request(key, container, launch), CancellationToken.None);
        }
        catch (Exception e)
        {
            var failure = Explain(e, launch);
            if (launch is not null) await RemoveCgroupAsync(container, launch.Cgroup);
            launch?.Dispose();
            plan?.Dispose();
            if (mounted) volumes.Unmount(container.Definition);
            await networks.UndoAsync(start);
            SettleFailure(container, failure);
            container.Attaches.Abandon();
            var kind = failure.ExitCode is 126 or 127 ? ErrorKind.InvalidArgument : e is TareException { Kind: not ErrorKind.InvalidArgument } t ? t.Kind : ErrorKind.Internal;
            throw new TareException(kind, failure.Message, e);
        }
        var live = Adopt(process, launch, start.Live);
        launch.Dispose();
        plan.Dispose();
        container.Live = live;
        // If this cannot be written, the intent stands: the process ends, and its end settles the matter.
        Settle(container, live, container.State.Launched(process.Pid, process.StartedAt));
        container.Attaches.Launched(live);
        events.Publish(container, EventAction.Start);
    }

    /// <summary>A start that fails here fails as any other: the container knows the reason.</summary>
    private async Task<NetworkStart> PlanNetworksAsync(Container container, bool byPolicy)
    {
        try
        {
            return await networks.PlanAsync(container);
        }
        catch (TareException e)
        {
            container.State = container.State.BeginLaunch(byPolicy);
            SettleFailure(container, new LaunchFailure(e.Message, UnknownFailure));
            container.Attaches.Abandon();
            throw;
        }
    }

    private void SettleFailure(Container container, LaunchFailure failure)
    {
        // When even the intent could not be written there is nothing to take back.
        if (!container.State.Launching) return;
        var failed = container.State.LaunchFailed(failure.Message, failure.ExitCode);
        try
        {
            registry.Save(container, failed);
        }
        catch (TareException e)
        {
            // The intent stands in the database; the next engine finds that the keeper knows nothing of it, and settles it the same way.
            container.State = failed;
            options.Log(EngineLogLevel.Error, $"container {container.Id}: its failed start is not written down: {e.Message}");
        }
    }

    private void Settle(Container container, LiveProcess live, LifeState state)
    {
        try
        {
            registry.Save(container, state);
        }
        catch
        {
            live.Signal(Signals.Kill);
            container.Attaches.Abandon();
            throw;
        }
    }

    private LaunchRequest Request(ProcessKey key, Container container, ILaunch launch)
    {
        var (config, host) = (container.Definition.Config, container.Definition.HostConfig);
        return new LaunchRequest
        {
            Key = key,
            Container = container.Id,
            Program = launch.Program,
            Descriptors = launch.Descriptors,
            Terminal = config.Tty,
            OpenStdin = config.OpenStdin,
            Output = OutputTarget.Log,
            Log = LogOptionsOf(container.Id, host.LogConfig),
        };
    }

    private LogOptions LogOptionsOf(string id, LogConfig config)
    {
        var settings = LogSettings.Parse(config, []);
        var log = new LogOptions { Directory = paths.Log(id), MaxBytes = settings.MaxBytes ?? options.LogMaxBytes };
        return settings.SegmentBytes is { } segment ? log with { SegmentBytes = segment } : log;
    }

    /// <summary>Takes over the descriptors of a process that was launched.</summary>
    private LiveProcess Adopt(LaunchedProcess process, ILaunch launch, LiveNetwork? network) => new()
    {
        Key = process.Key,
        Pid = process.Pid,
        PidFd = process.PidFd,
        Terminal = process.Terminal,
        Input = InputOf(poller, process.Stdin, process.Terminal),
        Cgroup = launch.Cgroup,
        Root = launch.HoldRoot(),
        Network = network,
    };

    /// <summary>Input goes to the pipe, or to the terminal, which stays open for its size when the input is closed.</summary>
    internal static ProcessInput? InputOf(Poller poller, Fd? stdin, Fd? terminal) =>
        stdin is not null ? new ProcessInput(poller, stdin) : terminal is not null ? new ProcessInput(poller, terminal.Duplicate()) : null;

    private static LaunchFailure Explain(Exception error, ILaunch? launch) => error switch
    {
        LaunchFailedException { Step: >= 0 } step when launch is not null => LaunchWords.OfContainer(launch.Explain(step.Step, step.Error), step.Error),
        _ => new LaunchFailure(error.Message, UnknownFailure),
    };

    private async Task RemoveCgroupAsync(Container container, ICgroup cgroup)
    {
        try
        {
            await cgroup.RemoveAsync(CancellationToken.None);
        }
        catch (Exception e)
        {
            options.Log(EngineLogLevel.Warning, $"container {container.Id}: its control groups are left after a failed launch: {e.Message}");
        }
    }
}
