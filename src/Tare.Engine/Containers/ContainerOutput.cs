using System.Globalization;
using Tare.Engine.Common;
using Tare.Engine.Streams;
using Tare.Errors;
using Tare.Keeper;
using Tare.Linux;
using Tare.Wire;

namespace Tare.Engine.Containers;

/// <summary>Opens a container's log, for <c>logs</c> and <c>attach</c>.</summary>
internal sealed class ContainerOutput(IKeeper keeper, Poller poller, ContainerEvents events, EnginePaths paths, TimeProvider time)
{
    /// <summary>What it wrote, by lines.</summary>
    public async Task<IOutputStream> LogsAsync(Container container, ContainerLogOptions options, CancellationToken cancellationToken)
    {
        var reading = container.LogReaders.Enter();
        try
        {
            return new LogStream(await OpenAsync(container, options, cancellationToken), reading, container.Definition.Config.Tty, options);
        }
        catch
        {
            reading.Dispose();
            throw;
        }
    }

    private async ValueTask<LogReader> OpenAsync(Container container, ContainerLogOptions options, CancellationToken cancellationToken)
    {
        var (definition, state, live) = (container.Definition, container.State, container.Live);
        if (state.Phase is Phase.Removing or Phase.Dead) throw TareException.Conflict("can not get logs from container which is dead or marked for removal");
        if (definition.HostConfig.LogConfig.Type == "none") throw TareException.NotImplemented("configured logging driver does not support reading");
        return await LogReader.OpenAsync(
            new LogReadOptions
            {
                Directory = paths.Log(container.Id),
                Source = live is null ? null : new LogSource(keeper, poller, live.Key),
                Follow = options.Follow && live is not null,
                Tail = int.TryParse(options.Tail, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var lines) && lines >= 0 ? lines : null,
                Since = Timestamps.Parse(options.Since, time),
                Until = Timestamps.Parse(options.Until, time),
                Clock = time,
            },
            cancellationToken);
    }

    /// <summary>Its streams. A container that does not run is waited for.</summary>
    public async Task<IProcessStreams> AttachAsync(Container container, string name, ContainerAttachOptions options, CancellationToken cancellationToken)
    {
        AttachStream stream;
        // Under the gate, so that a launch is either before this, and the process is here, or after it, and finds who waits.
        using (await container.Gate.EnterAsync(cancellationToken))
        {
            if (container.State.Phase == Phase.Paused) throw TareException.Conflict($"container {name} is paused, unpause the container before attach");
            if (container.State.Phase == Phase.Restarting) throw TareException.Conflict($"container {name} is restarting, wait until the container is running");
            var config = container.Definition.Config;
            var setup = new AttachSetup
            {
                Keeper = keeper,
                Poller = poller,
                LogDirectory = paths.Log(container.Id),
                Reading = container.LogReaders.Enter(),
                Terminal = config.Tty,
                OpenStdin = config.OpenStdin,
                StdinOnce = config.StdinOnce,
                Detached = () => events.Publish(container, EventAction.Detach),
            };
            var live = container.Live;
            stream = new AttachStream(options, setup, live, live is null && options.Stream ? container.Attaches.Add() : null);
            try
            {
                await stream.OpenAsync(cancellationToken);
            }
            catch
            {
                await stream.DisposeAsync();
                throw;
            }
        }
        events.Publish(container, EventAction.Attach);
        return stream;
    }
}
