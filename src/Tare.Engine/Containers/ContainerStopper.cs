using Tare.Engine.Common;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Containers;

/// <summary>Sends signals to containers, and stops them.</summary>
internal sealed class ContainerStopper(ContainerRegistry registry, ContainerEvents events, EngineOptions options)
{
    // After SIGKILL only a process that hangs in the kernel lives on.
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(10);

    /// <summary>Sends a signal; with SIGKILL the end is waited for.</summary>
    public async Task KillAsync(Container container, int signal)
    {
        var ended = container.Waits.Add(WaitCondition.NotRunning, () => container.State, CancellationToken.None);
        await SignalAsync(container, signal);
        if (signal == Signals.Kill) await AfterKillAsync(container, ended);
    }

    /// <summary>Asks the container to end, and kills it when the time is over. It runs when this is called; the caller has looked.</summary>
    /// <param name="container">The container.</param>
    /// <param name="signal">The signal; null: the container's own.</param>
    /// <param name="timeoutSeconds">The time; null: the container's own; negative: for ever.</param>
    public async Task StopAsync(Container container, int? signal, int? timeoutSeconds)
    {
        var config = container.Definition.Config;
        var seconds = timeoutSeconds ?? config.StopTimeout;
        var patience = seconds is not { } given ? options.StopTimeout : given < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(given);
        var ended = container.Waits.Add(WaitCondition.NotRunning, () => container.State, CancellationToken.None);
        try
        {
            await SignalAsync(container, signal ?? StopSignalOf(config));
        }
        catch (TareException e) when (e.Kind == ErrorKind.Conflict)
        {
            // It has ended by itself.
        }
        if (!await EndsWithinAsync(ended, patience))
        {
            try
            {
                await SignalAsync(container, Signals.Kill);
            }
            catch (TareException e) when (e.Kind == ErrorKind.Conflict)
            {
                // It has ended at the last moment.
            }
            await AfterKillAsync(container, ended);
        }
        events.Publish(container, EventAction.Stop);
    }

    /// <summary>The signal that a container is stopped with.</summary>
    public static int StopSignalOf(ContainerConfig config) => string.IsNullOrEmpty(config.StopSignal) ? Signals.Terminate : Signals.Parse(config.StopSignal);

    private async Task SignalAsync(Container container, int signal)
    {
        using var held = await container.Gate.EnterAsync(CancellationToken.None);
        var state = container.State;
        if (!state.IsRunning) throw ContainerErrors.NotRunning(container);
        // A signal that is meant to end it calls the policy off; with a stop signal of its own, only that one and SIGKILL are.
        var final = signal == Signals.Kill || string.IsNullOrEmpty(container.Definition.Config.StopSignal) || signal == StopSignalOf(container.Definition.Config);
        if (final) container.Restarts.CallOff();
        if (state.Phase == Phase.Restarting)
        {
            if (!final) return;
            registry.Save(container, state.RestartCancelled() with { StoppedByUser = true });
            container.Waits.Ended(container.State);
            return;
        }
        if (!state.StoppedByUser) registry.Save(container, state with { StoppedByUser = true });
        // When it has just ended, its exit is on its way, and whoever waits is woken by that.
        container.Live?.Signal(signal);
        if (final && state.Phase == Phase.Paused && container.Live is { } live)
        {
            // The signal is there; a frozen process acts on it when it goes on.
            live.Cgroup.Unpause();
            registry.Save(container, container.State.Thawed());
            events.Publish(container, EventAction.Unpause);
        }
        events.Killed(container, signal);
    }

    private async Task AfterKillAsync(Container container, Task ended)
    {
        if (!await EndsWithinAsync(ended, KillPatience)) throw TareException.Internal($"tried to kill container {container.Id}, but did not receive an exit event");
    }

    private async Task<bool> EndsWithinAsync(Task ended, TimeSpan patience)
    {
        try
        {
            await ended.WaitAsync(patience, options.Time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
