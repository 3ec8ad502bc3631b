using Tare.Engine.Containers;
using Tare.Engine.Create;
using Tare.Engine.Ports;
using Tare.Errors;
using Tare.Linux;
using Tare.Networks;
using Tare.Wire;
using Network = Tare.Networks.Network;

namespace Tare.Engine.Networks;

/// <summary>
/// Puts containers on networks when they start, and takes them off when they end. Every place is decided, and written down with the container's
/// state, before anything of the kernel's is made for it.
/// </summary>
internal sealed class ContainerNetworks(NetworkParts parts, ContainerRegistry registry, ContainerNetworkFiles files, Action<EngineLogLevel, string> log)
{
    private readonly NetworkStore store = parts.Store;
    private readonly EndpointTable table = parts.Table;
    private readonly NameRecords names = parts.Names;
    private readonly INetworkPlane plane = parts.Plane;
    private readonly AwaitedPlaces awaited = parts.Awaited;
    private readonly NetworkEvents events = parts.Events;
    private readonly EndpointPlanner planner = new(parts.Store);

    private const string Failure = "failed to set up container networking: ";

    /// <summary>Decides the networks of a start: addresses and ports are taken from now on. The caller holds the container's gate.</summary>
    /// <exception cref="TareException">It cannot be; nothing is taken then.</exception>
    public async Task<NetworkStart> PlanAsync(Container container)
    {
        var definition = container.Definition;
        var start = new NetworkStart(container.Id);
        if (ContainerModes.IsContainer(definition.HostConfig.NetworkMode, out _)) return start;
        try
        {
            foreach (var attachment in Attachments.Of(definition).Where(one => !IsAbsentBridge(one.Name))) await TakeAsync(start, container, attachment);
            if (start.Joined.Any(one => one.Endpoint.HasDevice))
            {
                await ReserveAsync(start, container);
                start.Live = new LiveNetwork(plane.Take(), container.Id);
            }
            // It is reached at its address on the default bridge, whichever network the container is on.
            if (files.NeedDefaultBridge(definition) && store.DefaultBridge is { } bridge) plane.Make(bridge);
            files.Write(container, start);
            return start;
        }
        catch (Exception e)
        {
            await UndoAsync(start);
            if (e is TareException error) throw Failed(error);
            throw;
        }
        finally
        {
            awaited.GiveUp(container.State.Awaited?.Where(place => start.Endpoints.All(endpoint => endpoint.Id != place.Id)));
        }
    }

    /// <summary>Makes what was decided. After a failure <see cref="UndoAsync"/> is called for.</summary>
    /// <exception cref="TareException">The kernel refuses.</exception>
    public async Task JoinAsync(Container container, NetworkStart start)
    {
        try
        {
            await MakeAsync(container, start);
        }
        catch (TareException e)
        {
            throw Failed(e);
        }
    }

    private static TareException Failed(TareException e) => new(e.Kind, Failure + e.Message, e);

    private async Task MakeAsync(Container container, NetworkStart start)
    {
        if (start.Live is { } live)
        {
            foreach (var joined in start.Joined) Attach(live, container, joined);
            SetGateways(live, start.Joined);
            foreach (var (network, endpoint, _) in start.Joined) plane.Publish(network, endpoint.ToEndpoint(container.Id));
        }
        foreach (var joined in start.Joined) names.Add(container, joined, SettingsOf(container.Definition, joined.Network));
        if (start.Live is { } named) await ServeNamesAsync(container, named, start.Joined);
        if (start.Live is { } waiting) await plane.PassableAsync(waiting.Sandbox);
        foreach (var (network, _, _) in start.Joined) events.Connected(network, container.Id);
    }

    private void Attach(LiveNetwork live, Container container, JoinedNetwork joined)
    {
        var (network, endpoint, _) = joined;
        plane.Attach(live.Sandbox, network, endpoint.ToEndpoint(container.Id).WithDevice(SettingsOf(container.Definition, network), endpoint.Device), endpoint.Device);
    }

    /// <summary>Takes back what a start that has failed had taken and made.</summary>
    public async Task UndoAsync(NetworkStart start)
    {
        await WithdrawAsync(start.ContainerId, start.Endpoints, start.Live);
        await LeaveAsync(start.ContainerId, start.Endpoints, start.Live, tell: false);
    }

    /// <summary>
    /// A container that has ended is found and reached no more, and its ports are free: the quick part, before anybody is told. What the kernel refuses
    /// is said in the log: the container has ended all the same.
    /// </summary>
    public async Task WithdrawAsync(string containerId, IReadOnlyList<EndpointState> endpoints, LiveNetwork? live)
    {
        foreach (var endpoint in endpoints)
        {
            names.Remove(endpoint.NetworkId, endpoint.Id);
            if (live is not null && endpoint.HasDevice && NetworkOf(endpoint) is { } network)
                await TryAsync(containerId, () => plane.Withdraw(network, endpoint.ToEndpoint(containerId)));
        }

        if (endpoints.Any(endpoint => endpoint.Ports is { Count: > 0 })) await TryAsync(containerId, () => plane.ReleaseAsync(containerId));
        foreach (var endpoint in endpoints) table.BeginLeaving(endpoint.NetworkId, containerId);
    }

    /// <summary>The rest of it: connections are forgotten, and then the addresses are free.</summary>
    public async Task LeaveAsync(string containerId, IReadOnlyList<EndpointState> endpoints, LiveNetwork? live, bool tell = true)
    {
        if (live is not null)
        {
            if (live.HasNames) await TryAsync(containerId, () => plane.EndNamesAsync(live.Names));
            live.HasNames = false;
            await TryAsync(containerId, () => plane.ForgetAsync([.. endpoints.Where(endpoint => endpoint.HasDevice).Select(endpoint => endpoint.ToEndpoint(containerId))]));
            // The devices go with the namespace, which takes the kernel a while; where others are in it they are taken off.
            if (registry.All.Any(other => other.State.HasProcess && other.Definition.HostConfig.NetworkMode == "container:" + containerId)) await TryAsync(containerId, () => Detach(live, containerId, endpoints));
        }

        foreach (var endpoint in endpoints) Leave(containerId, endpoint, tell);
        if (live is not null) plane.Discard(live.Sandbox);
    }

    /// <summary>A container that runs on leaves a network. The caller holds its gate.</summary>
    public async Task DisconnectAsync(Container container, LiveNetwork? live, EndpointState endpoint)
    {
        names.Remove(endpoint.NetworkId, endpoint.Id);
        if (live is not null && NetworkOf(endpoint) is { } network) plane.Withdraw(network, endpoint.ToEndpoint(container.Id));
        var rest = JoinedOf(container).Where(one => one.Endpoint.Id != endpoint.Id).ToList();
        if (endpoint.Ports is { Count: > 0 } ports)
        {
            // They lead to wherever the container leaves by now.
            var entry = GatewayChoice.EntryOf(rest);
            var next = rest.FindIndex(one => one.Endpoint.Id == entry?.Id);
            if (next < 0) await plane.ReleaseAsync(container.Id);
            else rest[next] = rest[next] with { Endpoint = rest[next].Endpoint with { Ports = ports } };
        }

        // Whatever of it is not done when the engine dies, the next one does again: until the container is written down without it.
        if (live is not null)
        {
            Detach(live, container.Id, [endpoint]);
            SetGateways(live, rest);
        }

        registry.Save(container, container.State with { Endpoints = [.. rest.Select(one => one.Endpoint)] });
        foreach (var one in rest.Where(one => one.Endpoint.Ports is { Count: > 0 }))
        {
            table.Replace(container.Id, one.Endpoint);
            await plane.PublishAgainAsync(one.Network, one.Endpoint.ToEndpoint(container.Id));
        }

        if (live is not null) await plane.ForgetAsync([endpoint.ToEndpoint(container.Id)]);
        Leave(container.Id, endpoint, tell: true);
        if (live is not null) await RefreshAsync(container, live);
    }

    private Task TryAsync(string containerId, Action action) => TryAsync(containerId, () =>
    {
        action();
        return Task.CompletedTask;
    });

    private async Task TryAsync(string containerId, Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (TareException e)
        {
            log(EngineLogLevel.Warning, $"container {containerId}: something of its networks is left: {e.Message}");
        }
    }

    private void Detach(LiveNetwork live, string containerId, IEnumerable<EndpointState> endpoints)
    {
        foreach (var endpoint in endpoints)
        {
            if (endpoint.HasDevice && NetworkOf(endpoint) is { } network) plane.Detach(live.Sandbox, network, endpoint.ToEndpoint(containerId), endpoint.Device);
        }
    }

    private void Leave(string containerId, EndpointState endpoint, bool tell)
    {
        if (NetworkOf(endpoint) is not { } network) return;
        planner.Return(network, endpoint);
        table.Remove(network.Id, containerId);
        if (tell) events.Disconnected(network, containerId);
    }

    /// <summary>A container that runs since before this engine keeps its places; null when it has no namespace that is looked after.</summary>
    public LiveNetwork? Adopt(Container container, int pid, Fd? process)
    {
        var joined = JoinedOf(container);
        foreach (var one in joined)
        {
            planner.Keep(one.Network, one.Endpoint);
            table.Add(one.Network, container.Id, container.Name, one.Endpoint);
            names.Add(container, one, SettingsOf(container.Definition, one.Network));
        }
        return process is not null && (joined.Any(one => one.Endpoint.HasDevice) || HasOwnNamespace(container.Definition)) && plane.Open(pid, process) is { } sandbox ? new LiveNetwork(sandbox, container.Id) : null;
    }

    /// <summary>Without a default bridge (<c>--bridge=none</c>) who asks for it has a loopback device alone, as with Docker.</summary>
    private bool IsAbsentBridge(string name) => name is PredefinedNetworks.Bridge or "default" && store.DefaultBridge is null;

    /// <summary>Whether devices may be put into it, though it is on no network now.</summary>
    private static bool HasOwnNamespace(ContainerDefinition definition) =>
        definition.HostConfig.NetworkMode is not (PredefinedNetworks.Host or PredefinedNetworks.None) && !ContainerModes.IsContainer(definition.HostConfig.NetworkMode, out _);

    /// <summary>
    /// What the user wants of networks is written down before it is made, and before it is undone: what an engine that has died was in the middle of
    /// is brought to its end for a container that was adopted.
    /// </summary>
    public async Task CatchUpAsync(Container container, LiveNetwork live)
    {
        using var held = await container.Gate.EnterAsync(CancellationToken.None);
        var wanted = Attachments.Of(container.Definition).Select(one => (Network: Attachments.Find(store.Catalog, one.Name), one.Settings)).Where(one => one.Network is not null).ToList();
        foreach (var (network, endpoint, _) in JoinedOf(container))
        {
            if (endpoint.IsPending || wanted.All(one => one.Network!.Id != network.Id)) await DisconnectAsync(container, live, endpoint);
        }

        var joined = JoinedOf(container).Select(one => one.Network.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var (network, settings) in wanted.Where(one => !joined.Contains(one.Network!.Id))) await ConnectAsync(container, live, network!, settings);
    }

    /// <summary>Answers the questions of a container that was adopted.</summary>
    public Task ResumeNamesAsync(Container container, LiveNetwork live) => ServeNamesAsync(container, live, JoinedOf(container));

    /// <summary>Connects a container that runs to a further network. The caller holds its gate.</summary>
    /// <exception cref="TareException">It cannot be; nothing is left of it then.</exception>
    public async Task ConnectAsync(Container container, LiveNetwork live, Network network, EndpointSettings settings)
    {
        var more = new NetworkStart(container.Id);
        Take(more, container, new Attachment(network.Name, settings), container.State.Endpoints ?? []);
        var joined = more.Joined[0];
        var original = container.State.Endpoints;
        var before = original ?? [];
        var endpoint = joined.Endpoint.ToEndpoint(container.Id);
        var had = before.FirstOrDefault(one => one.Ports is { Count: > 0 });
        var (moved, isReserved) = (false, false);
        try
        {
            // A container that had no way out until now has its ports from now on.
            var isWayOut = GatewayChoice.EntryOf([.. JoinedOf(container), joined])?.Id == joined.Endpoint.Id;
            if (had is null && isWayOut)
            {
                await ReserveAsync(more, container);
                joined = more.Joined[0];
                endpoint = joined.Endpoint.ToEndpoint(container.Id);
                isReserved = joined.Endpoint.Ports is { Count: > 0 };
            }

            registry.Save(container, container.State with { Endpoints = [.. before, joined.Endpoint with { IsPending = true }] });
            Attach(live, container, joined);
            plane.Publish(network, endpoint);
            names.Add(container, joined, settings);
            await RefreshAsync(container, live);
            await plane.PassableAsync(live.Sandbox);
            if (had is not null && isWayOut && network.IsBridge)
            {
                // Who comes by the old way would be answered by the new one.
                moved = true;
                joined = joined with { Endpoint = joined.Endpoint with { Ports = had.Ports } };
                await MovePortsAsync(container.Id, had with { Ports = null }, joined.Endpoint);
            }

            registry.Save(container, container.State with { Endpoints = [.. before.Select(one => moved && one.Id == had!.Id ? one with { Ports = null } : one), joined.Endpoint] });
        }
        catch
        {
            if (moved) await TryAsync(container.Id, () => MovePortsAsync(container.Id, joined.Endpoint with { Ports = null }, had!));
            names.Remove(network.Id, endpoint.Id);
            plane.Withdraw(network, endpoint);
            plane.Detach(live.Sandbox, network, endpoint, joined.Endpoint.Device);
            if (isReserved) await plane.ReleaseAsync(container.Id);
            Leave(container.Id, joined.Endpoint, tell: false);
            registry.Save(container, container.State with { Endpoints = original });
            throw;
        }

        events.Connected(network, container.Id);
    }

    private Task MovePortsAsync(string containerId, EndpointState from, EndpointState to)
    {
        table.Replace(containerId, from);
        table.Replace(containerId, to);
        return plane.MovePortsAsync(from.ToEndpoint(containerId), to.ToEndpoint(containerId));
    }

    /// <summary>A container's networks have changed, and are written down: its ways out and what it sees of names follow.</summary>
    private async Task RefreshAsync(Container container, LiveNetwork live)
    {
        var joined = JoinedOf(container);
        SetGateways(live, joined);
        files.Update(container, joined);
        await ServeNamesAsync(container, live, joined);
    }

    /// <summary>A container has another name: on its networks it is found by it from now on. The caller holds its gate.</summary>
    public void Renamed(Container container)
    {
        awaited.Announce(container);
        if (!container.State.HasProcess) return;
        foreach (var joined in JoinedOf(container)) names.Add(container, joined, SettingsOf(container.Definition, joined.Network));
    }

    /// <summary>The networks that a container is on while it runs.</summary>
    public IReadOnlyList<JoinedNetwork> JoinedOf(Container container) =>
    [
        .. (container.State.Endpoints ?? [])
            .Select(endpoint => NetworkOf(endpoint) is { } network ? new JoinedNetwork(network, endpoint, SettingsOf(container.Definition, network).GwPriority) : null)
            .OfType<JoinedNetwork>(),
    ];

    /// <summary>What the user wants of a network, by whichever name it was called.</summary>
    public static EndpointSettings SettingsOf(ContainerDefinition definition, Network network)
    {
        var wanted = definition.Networking?.EndpointsConfig ?? new Dictionary<string, EndpointSettings?>();
        return wanted.GetValueOrDefault(network.Name)
            ?? wanted.FirstOrDefault(entry => entry.Key.Length > 0 && network.Id.StartsWith(entry.Key, StringComparison.Ordinal)).Value
            ?? (network.Name == PredefinedNetworks.Bridge ? wanted.GetValueOrDefault("default") : null)
            ?? new EndpointSettings();
    }

    /// <summary>What there is not while somebody is leaving may be there when he has left.</summary>
    private async Task TakeAsync(NetworkStart start, Container container, Attachment attachment)
    {
        // Looked at before: who was in the way may have left by the time that it is told.
        var left = Leaving();
        var isLeaving = !left.IsCompleted;
        try
        {
            Take(start, container, attachment);
        }
        catch (TareException) when (isLeaving || Leaving() is { IsCompleted: false })
        {
            await Task.WhenAll(left, Leaving());
            Take(start, container, attachment);
        }

        Task Leaving() => Attachments.Find(store.Catalog, attachment.Name) is { } network ? table.LeftAsync(network.Id) : Task.CompletedTask;
    }

    private void Take(NetworkStart start, Container container, Attachment attachment, IReadOnlyList<EndpointState>? existing = null)
    {
        var network = Attachments.Find(store.Catalog, attachment.Name) ?? throw TareException.NotFound($"network {attachment.Name} not found");
        if (network.IsConfigOnly) throw TareException.Forbidden("cannot create endpoint on configuration-only network");
        Attachments.Check(attachment.Name, network, attachment.Settings);
        Attachments.CheckTogether(network, start.Joined.Select(one => one.Network).Concat((existing ?? []).Select(NetworkOf).OfType<Network>()).Where(other => other.Id != network.Id));
        var used = (existing ?? []).Concat(start.Endpoints).Select(endpoint => endpoint.Number).ToHashSet();
        var number = 0;
        while (used.Contains(number)) number++;
        // Made when it is first used: a machine without containers on it has no device either.
        if (network.HasDevice) plane.Make(network);
        var endpoint = planner.Take(network, container.Definition, attachment.Settings, number, container.State.Awaited?.FirstOrDefault(place => place.NetworkId == network.Id));
        try
        {
            table.Add(network, container.Id, container.Name, endpoint);
        }
        catch
        {
            planner.Return(network, endpoint);
            throw;
        }
        start.Add(new JoinedNetwork(network, endpoint, attachment.Settings.GwPriority));
    }

    /// <summary>Ports lead to the endpoint by which the container leaves; in a container that never leaves, nothing is published.</summary>
    /// <exception cref="TareException">One is taken, or the host has no such address.</exception>
    private async Task ReserveAsync(NetworkStart start, Container container)
    {
        if (GatewayChoice.EntryOf(start.Joined) is not { } endpoint) return;
        var network = start.Joined.First(one => one.Endpoint.Id == endpoint.Id).Network;
        // On one of the host's devices a container has an address of the outside, and every port is reached there: nothing is published, as with Docker.
        if (!network.IsBridge) return;
        var requests = PortPublishing.Requests(container.Definition, network, endpoint);
        if (requests.Count == 0) return;
        try
        {
            var ports = await plane.ReserveAsync(start.ContainerId, requests);
            var reserved = endpoint with { Ports = [.. ports.Select(PortState.Of)] };
            start.Replace(reserved);
            table.Replace(start.ContainerId, reserved);
        }
        catch (TareException e)
        {
            throw new TareException(e.Kind, $"driver failed programming external connectivity on endpoint {container.Name} ({endpoint.Id}): {e.Message}", e);
        }
    }

    private void SetGateways(LiveNetwork live, IReadOnlyList<JoinedNetwork> joined)
    {
        var (gateway4, gateway6) = GatewayChoice.Of(joined);
        plane.SetGateways(
            live.Sandbox,
            gateway4 is null ? null : new Gateway(EndpointState.AddressOf(gateway4.Gateway4)!, gateway4.Device),
            gateway6 is null ? null : new Gateway(EndpointState.AddressOf(gateway6.Gateway6)!, gateway6.Device));
    }

    private async Task ServeNamesAsync(Container container, LiveNetwork live, IReadOnlyList<JoinedNetwork> joined)
    {
        if (!joined.Any(one => Attachments.IsUserDefined(one.Network.Name))) return;
        live.Names.View = names.ViewOf(GatewayChoice.Ordered(joined), network => SettingsOf(container.Definition, network), files.Embedded(container.Definition));
        if (live.HasNames) return;
        await plane.ServeNamesAsync(live.Sandbox, live.Names);
        live.HasNames = true;
    }

    private Network? NetworkOf(EndpointState endpoint) => store.Catalog.Find(endpoint.NetworkId);
}
