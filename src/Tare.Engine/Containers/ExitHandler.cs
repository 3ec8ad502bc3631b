using Tare.Engine.Common;
using Tare.Engine.Execs;
using Tare.Engine.Launch;
using Tare.Engine.Networks;
using Tare.Engine.Volumes;
using Tare.Errors;
using Tare.Engine.Ports;
using Tare.Keeper;
using Tare.Linux;

namespace Tare.Engine.Containers;

/// <summary>
/// Takes the ends of processes from the keeper. An end is written down, then told to those who wait, and only then acknowledged: an
/// engine that dies in between is told again.
/// </summary>
internal sealed class ExitHandler(
    ContainerRegistry registry,
    ContainerLauncher launcher,
    ContainerRemover remover,
    ContainerVolumes volumes,
    ExecTable execs,
    IKeeper keeper,
    ContainerEvents events,
    ContainerNetworks networks,
    BackgroundWork background,
    EngineOptions options)
{
    // What Docker says of a container whose exit code nobody knows.
    private const int UnknownExitCode = 255;

    private static readonly TimeSpan CleanUpDelay = TimeSpan.FromMilliseconds(5);

    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    /// <summary>Handles ends until the engine goes.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var exit in keeper.Exits.ReadAllAsync(cancellationToken))
            _ = background.Run($"the end of {exit.Key}", stopping => HandleAsync(exit, stopping));
    }

    /// <summary>Handles one end, and again when it could not be written down: a full disk may have room again.</summary>
    private async Task HandleAsync(ProcessExit exit, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await SettleAsync(exit, stopping);
                return;
            }
            catch (TareException e)
            {
                options.Log(EngineLogLevel.Error, $"the end of {exit.Key} is not written down yet: {e.Message}");
                await Task.Delay(RetryInterval, options.Time, stopping);
            }
        }
    }

    private async Task SettleAsync(ProcessExit exit, CancellationToken stopping)
    {
        if (execs.Ended(exit)) await keeper.AcknowledgeAsync(exit.Key, CancellationToken.None);
        else if (registry.TryFind(exit.Key.Id) is { } container) await SettleAsync(container, exit, stopping);
        else await keeper.AcknowledgeAsync(exit.Key, CancellationToken.None);
    }

    private async Task SettleAsync(Container container, ProcessExit exit, CancellationToken stopping)
    {
        var (remove, restart) = (false, (TimeSpan?)null);
        using (await container.Gate.EnterAsync(CancellationToken.None))
        {
            var state = container.State;
            // An end that was written down before the acknowledgement arrived comes again.
            if (exit.Key.Generation == state.Generation && (state.HasProcess || state.Launching)) (remove, restart) = await EndAsync(container, exit);
        }
        if (restart is { } delay) RestartLater(container, delay);
        if (remove) remover.RemoveLater(container);
        await container.Attaches.AllOpenedAsync().WaitAsync(stopping);
        await keeper.AcknowledgeAsync(exit.Key, CancellationToken.None);
    }

    private async Task<(bool Remove, TimeSpan? Restart)> EndAsync(Container container, ProcessExit exit)
    {
        var (state, host) = (container.State, container.Definition.HostConfig);
        var live = container.Live;
        var code = exit.ExitCode ?? UnknownExitCode;
        var oom = live is not null && WasOutOfMemory(container, live);
        var again = !container.Restarts.CalledOff && RestartSchedule.Wants(host.RestartPolicy, code, state.RestartCount, state.StoppedByUser);
        // An end at the same tick as the start would not be seen as later.
        var ended = again ? state.EndedToRestart(code, exit.At, oom) : state.Ended(code, exit.At, oom);
        if (exit.ExitCode is null) ended = ended with { Error = "the process ended while no keeper lived, and this kernel does not tell its exit code" };

        // Who is told of the end may publish the same ports at once.
        var endpoints = state.Endpoints ?? [];
        await networks.WithdrawAsync(container.Id, endpoints, live?.Network);
        registry.Save(container, ended);
        container.Live = null;
        execs.ContainerEnded(container);
        if (live is not null)
        {
            live.Dispose();
            container.Cleanup = CleanUpAsync(container, live.Cgroup, live.Root, live.Network, endpoints);
        }
        else
        {
            container.Cleanup = background.Run($"clean up after container {container.Id}", _ => networks.LeaveAsync(container.Id, endpoints, live: null));
        }
        volumes.Unmount(container.Definition);
        if (oom) events.Publish(container, Wire.EventAction.Oom);
        events.Died(container, ended);
        container.Waits.Ended(ended);
        var ran = ended.StartedAt is { } start ? exit.At - start : TimeSpan.Zero;
        return (host.AutoRemove && !again && !container.KeepOnExit, again ? container.Restarts.NextDelay(ran) : null);
    }

    /// <summary>A new start, and the removal of the container's files, wait for this.</summary>
    private Task CleanUpAsync(Container container, ICgroup cgroup, Fd? root, LiveNetwork? network, IReadOnlyList<EndpointState> endpoints) => background.Run($"clean up after container {container.Id}", async _ =>
    {
        // Who waits for the end is told first: on a small machine this would take the processor from them.
        await Task.Delay(CleanUpDelay, options.Time, CancellationToken.None);
        try
        {
            // Orphans in them are ended, which may still use the root and the network.
            await cgroup.RemoveAsync(CancellationToken.None);
        }
        finally
        {
            // Whatever becomes of the groups: the root's directories are removed next, and must not be mounted then.
            if (root is not null) await BackgroundWork.OnOwnThread(root.Dispose);
            await networks.LeaveAsync(container.Id, endpoints, network);
        }
    });

    private bool WasOutOfMemory(Container container, LiveProcess live)
    {
        try
        {
            return live.Cgroup.OomKills() > 0;
        }
        catch (Exception e)
        {
            options.Log(EngineLogLevel.Warning, $"container {container.Id}: whether it was out of memory is not known: {e.Message}");
            return false;
        }
    }

    /// <summary>Starts a container again by its policy, unless somebody calls that off.</summary>
    public void RestartLater(Container container, TimeSpan delay)
    {
        var calledOff = container.Restarts.Begin();
        _ = background.Run($"restart container {container.Id}", async stopping =>
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(calledOff, stopping);
            try
            {
                await Task.Delay(delay, options.Time, either.Token);
            }
            catch (OperationCanceledException) when (calledOff.IsCancellationRequested)
            {
                return;
            }
            using (await container.Gate.EnterAsync(stopping))
            {
                if (calledOff.IsCancellationRequested || container.State.Phase != Phase.Restarting) return;
                // A launch that fails leaves it ended, with the reason; so does Docker.
                await launcher.LaunchAsync(container, byPolicy: true);
            }
        });
    }
}
