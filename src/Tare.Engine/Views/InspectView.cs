using Tare.Engine.Common;
using Tare.Engine.Containers;
using Tare.Engine.Create;
using Tare.Engine.Networks;
using Tare.Engine.Ports;
using Tare.Images.Roots;
using Tare.Wire;

namespace Tare.Engine.Views;

/// <summary>Everything about a container, in the words of the wire.</summary>
internal sealed class InspectView(EnginePaths paths, IImageSource images, NetworkSettingsView networks)
{
    /// <summary>Shows a container; with its size when <paramref name="size"/> says so, which reads all its files.</summary>
    public ContainerInspectResponse Show(Container container, bool size)
    {
        // Each is one value: what is shown fits together even while the container changes.
        var (definition, state, name) = (container.Definition, container.State, container.Name);
        var (path, arguments) = ConfigMerger.CommandOf(definition.Config);
        var files = images.FindWritable(definition.Id);
        var started = state.Generation > 0;
        var execs = container.Execs.Keys.Order(StringComparer.Ordinal).ToArray();
        var changed = size && files is not null ? files.ChangedSize(CancellationToken.None) : 0;
        return new ContainerInspectResponse
        {
            Id = definition.Id,
            Created = GoTime.Format(definition.Created),
            Path = path,
            Args = arguments,
            State = State(state),
            Image = definition.ImageId,
            ResolvConfPath = started ? File(definition, "resolv.conf") : "",
            HostnamePath = started ? File(definition, "hostname") : "",
            HostsPath = started ? File(definition, "hosts") : "",
            // The log is no file of JSON lines, which a program that follows this path expects. Empty, as for Docker's other drivers, it asks the API.
            LogPath = "",
            Name = "/" + name,
            RestartCount = state.RestartCount,
            Driver = StorageDrivers.NameOf(files?.Driver ?? images.Driver),
            Platform = "linux",
            ExecIDs = execs.Length > 0 ? execs : null,
            HostConfig = HostConfigOf(definition.HostConfig, name),
            GraphDriver = GraphDriver(definition.Id, files),
            SizeRw = size ? changed : null,
            SizeRootFs = size ? changed + (images.Find(definition.ImageId)?.Size ?? 0) : null,
            Mounts = [.. definition.Mounts.Where(mount => !mount.FromTmpfsOption).Select(mount => mount.ToWire())],
            Config = ConfigOf(definition),
            NetworkSettings = networks.Settings(container),
        };
    }

    private static ContainerState State(LifeState state) => new()
    {
        Status = state.Status,
        Running = state.IsRunning,
        Paused = state.Phase == Phase.Paused,
        Restarting = state.Phase == Phase.Restarting,
        OOMKilled = state.OomKilled,
        Dead = state.Phase == Phase.Dead,
        Pid = state.Pid,
        ExitCode = state.ExitCode,
        Error = state.Error,
        StartedAt = state.StartedAt is { } started ? GoTime.Format(started) : GoTime.Zero,
        FinishedAt = state.FinishedAt is { } finished ? GoTime.Format(finished) : GoTime.Zero,
    };

    /// <summary>With the hardware address that is wanted on the network of the container's mode, which has been said there since API 1.44.</summary>
    private static ContainerConfig ConfigOf(ContainerDefinition definition)
    {
        var wanted = definition.Networking?.EndpointsConfig?.GetValueOrDefault(definition.HostConfig.NetworkMode)?.MacAddress;
        return wanted is { Length: > 0 } ? definition.Config with { MacAddress = wanted } : definition.Config;
    }

    /// <summary>As Docker shows it: lists that were left out are empty where its own client fills them.</summary>
    private static HostConfig HostConfigOf(HostConfig host, string container) => host with
    {
        Dns = host.Dns ?? [],
        Links = host.Links?.Select(link => link.Split(':', 2)).Select(parts => $"/{parts[0].TrimStart('/')}:/{container}/{parts[^1]}").ToArray(),
        DnsOptions = host.DnsOptions ?? [],
        DnsSearch = host.DnsSearch ?? [],
    };

    private DriverData GraphDriver(string id, WritableRoot? files) => new()
    {
        Name = StorageDrivers.NameOf(files?.Driver ?? images.Driver),
        // Of a copy there is nothing to tell, as with Docker.
        Data = files?.Work is not { } work
            ? null
            : new Dictionary<string, string>
            {
                ["ID"] = id,
                ["LowerDir"] = string.Join(':', files.Layers),
                // Mounted in the container's own namespace only; the name is here for clients that expect one.
                ["MergedDir"] = Path.Combine(paths.Container(id), "merged"),
                ["UpperDir"] = files.Directory,
                ["WorkDir"] = work,
            },
    };

    private string File(ContainerDefinition definition, string name) => Path.Combine(paths.Container(definition.Id), name);
}
