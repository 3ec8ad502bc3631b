using Tare.Engine.Common;
using Tare.Engine.Launch;
using Tare.Engine.Networks;
using Tare.Engine.Ports;
using Tare.Engine.Volumes;
using Tare.Keeper;
using Tare.Linux;
using Tare.Wire;

namespace Tare.Engine.Containers;

/// <summary>
/// Brings what was written down together with what the keeper knows, when an engine starts. Whatever step the last engine was in when it
/// was killed, each container comes out of this in one of its ordinary states, and nothing runs that no container claims.
/// </summary>
internal sealed class Reconciler(
    ContainerRegistry registry,
    IKeeper keeper,
    Poller poller,
    ISandbox sandbox,
    LaunchPlanner planner,
    IImageSource images,
    ContainerVolumes volumes,
    ExitHandler exits,
    ContainerRemover remover,
    ContainerRunner runner,
    ContainerNetworks networks,
    NetworkRestorer restorer,
    AwaitedPlaces awaited,
    EnginePaths paths,
    BackgroundWork background,
    EngineOptions options)
{
    private const int UnknownExitCode = 255;
    private const int LaunchLost = 128;

    /// <summary>Adopts what runs, settles what was under way, and sweeps what nobody claims.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        registry.Load();
        var kept = (await keeper.ListAsync(cancellationToken)).ToDictionary(process => process.Key);
        var adopted = 0;
        foreach (var container in registry.All)
        {
            var state = container.State;
            if (state.HasProcess || state.Launching)
            {
                kept.Remove(new ProcessKey(container.Id, state.Generation), out var process);
                Settle(container, process);
                if (container.Live is not null) adopted++;
            }
            else
            {
                RemoveCgroup(container);
            }
        }
        // After all that is live: it has its addresses whatever somebody waits for.
        foreach (var container in registry.All) awaited.Restore(container);
        volumes.Restore(registry.All);
        foreach (var process in kept.Values) await DismissAsync(process, cancellationToken);
        await restorer.RestoreAsync([.. registry.All]);
        Sweep();
        foreach (var container in registry.All) GoOn(container);
        if (adopted > 0) options.Log(EngineLogLevel.Info, $"adopted {adopted} running containers");
    }

    private void Settle(Container container, KeptProcess? process)
    {
        var state = container.State;
        if (process is null)
        {
            // The keeper knows nothing of it: the machine was started anew, or the launch was never asked for.
            registry.Save(container, state.Launching
                ? state.LaunchFailed("the engine was stopped while the container was being started", LaunchLost)
                : state.Ended(UnknownExitCode, options.Time.GetUtcNow(), oomKilled: false) with { Error = "the container was lost: the machine or the keeper was stopped" });
            RemoveCgroup(container);
            return;
        }
        if (state.Launching) registry.Save(container, state.Launched(process.Pid, process.StartedAt));
        var parent = planner.CgroupParent(container.Definition.HostConfig);
        container.Live = new LiveProcess
        {
            Key = process.Key,
            Pid = process.Pid,
            PidFd = process.PidFd,
            Terminal = process.Terminal,
            Input = ContainerLauncher.InputOf(poller, process.Stdin, process.Terminal),
            Cgroup = sandbox.OpenCgroup(container.Id, parent) ?? LostCgroup.Instance,
            Network = networks.Adopt(container, process.Pid, process.PidFd),
        };
        // If it has ended meanwhile, its end comes from the keeper next, and is handled as any other.
    }

    /// <summary>
    /// A process that no container claims: an exec of the last engine, whose client went with it, or what a crash left of a launch. An exec
    /// goes on, without input; the rest is ended.
    /// </summary>
    private async Task DismissAsync(KeptProcess process, CancellationToken cancellationToken)
    {
        using (process)
        {
            if (process.Exit is not null) return;
            if (registry.TryFind(process.Container) is { State.HasProcess: true } && process.Key.Id != process.Container)
                await keeper.CloseStdinAsync(process.Key, cancellationToken);
            else if (process.PidFd is { } pid)
                PidFds.SendSignal(pid, Signals.Kill);
        }
    }

    private void GoOn(Container container)
    {
        var (state, host) = (container.State, container.Definition.HostConfig);
        switch (state.Phase)
        {
            case Phase.Restarting:
                exits.RestartLater(container, TimeSpan.Zero);
                break;
            case Phase.Removing or Phase.Dead:
                remover.RemoveLater(container);
                break;
            case Phase.Exited when host.AutoRemove:
                remover.RemoveLater(container);
                break;
            case Phase.Exited when RestartSchedule.Wants(host.RestartPolicy, state.ExitCode, state.RestartCount, state.StoppedByUser):
                _ = background.Run($"start container {container.Id} by its policy", stopping => runner.StartAsync(container, stopping));
                break;
        }
    }

    /// <summary>Removes directories under containers/ that no container claims: what a crash left of a creation or a removal.</summary>
    private void Sweep()
    {
        var known = registry.All.Select(container => container.Id).ToHashSet(StringComparer.Ordinal);
        var left = new DirectoryInfo(paths.Containers).EnumerateDirectories().Where(directory => !known.Contains(directory.Name)).ToList();
        images.SweepWritables(known);
        foreach (var directory in left)
        {
            options.Log(EngineLogLevel.Info, $"removing what is left of container {directory.Name}");
            _ = background.Run($"remove what is left of container {directory.Name}", async cancellationToken =>
            {
                // They go before the directory does, so they may be there as long as it is. A parent of the container's own is not known any more.
                if (sandbox.OpenCgroup(directory.Name, planner.CgroupParent(new HostConfig())) is { } cgroup) await cgroup.RemoveAsync(cancellationToken);
                if (Directory.Exists(directory.FullName)) directory.Delete(recursive: true);
            });
        }
    }

    /// <summary>The last engine may have been killed between the end of a container and the removal of its control groups.</summary>
    private void RemoveCgroup(Container container) => container.Cleanup = background.Run(
        $"remove the control groups of container {container.Id}",
        cancellationToken => sandbox.OpenCgroup(container.Id, planner.CgroupParent(container.Definition.HostConfig))?.RemoveAsync(cancellationToken) ?? Task.CompletedTask);
}
