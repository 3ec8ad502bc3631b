using Tare.Engine.Containers;
using Tare.Engine.Create;
using Tare.Errors;
using Tare.Networks;
using Tare.Wire;
using Network = Tare.Networks.Network;

namespace Tare.Engine.Networks;

/// <summary>Connects containers to networks and disconnects them, whether they run or not.</summary>
internal sealed class ContainerConnector(ContainerRegistry registry, NetworkParts parts, ContainerNetworks networks)
{
    private readonly NetworkStore store = parts.Store;
    private readonly AwaitedPlaces awaited = parts.Awaited;

    /// <summary>See <see cref="NetworkService.ConnectAsync"/>.</summary>
    public async Task ConnectAsync(Container container, string nameOrId, EndpointSettings settings, CancellationToken cancellationToken)
    {
        using var held = await container.Gate.EnterAsync(cancellationToken);
        CheckAlive(container);
        var definition = container.Definition;
        if (ContainerModes.IsContainer(definition.HostConfig.NetworkMode, out _))
            throw TareException.Invalid("container sharing network namespace with another container or host cannot be connected to any other network");
        if (!container.State.HasProcess)
        {
            ConnectStopped(container, nameOrId, settings);
            return;
        }

        var network = store.Catalog.Get(nameOrId);
        if (container.Live?.Network is not { } live)
        {
            Attachments.CheckTogether(network, networks.JoinedOf(container).Select(one => one.Network));
            throw TareException.Internal($"the networks of container {container.Id} are not looked after: restart it");
        }

        registry.Save(container, With(definition, network.Name, settings));
        try
        {
            await networks.ConnectAsync(container, live, network, settings);
        }
        catch
        {
            registry.Save(container, definition);
            throw;
        }
    }

    /// <summary>See <see cref="NetworkService.DisconnectAsync"/>.</summary>
    public async Task DisconnectAsync(Container container, string nameOrId, bool force, CancellationToken cancellationToken)
    {
        using var held = await container.Gate.EnterAsync(cancellationToken);
        CheckAlive(container);
        var (definition, state) = (container.Definition, container.State);
        var network = Attachments.Find(store.Catalog, nameOrId);
        if (!state.HasProcess || (network is null && force))
        {
            var name = network?.Name ?? nameOrId;
            if (KeyOf(definition, name, network) is not { } key) throw TareException.Internal($"container {container.Id} is not connected to the network {name}");
            registry.Save(container, Without(definition, key));
            RenewAwaited(container);
            return;
        }

        if (network is null) throw TareException.NotFound($"network {nameOrId} not found");
        if (network.Driver == "host" && definition.HostConfig.NetworkMode == PredefinedNetworks.Host)
            throw TareException.Invalid("cannot disconnect container from host network - container was created in host network mode");
        var endpoint = (state.Endpoints ?? []).FirstOrDefault(one => one.NetworkId == network.Id)
            ?? throw TareException.Internal($"container {container.Id} is not connected to network {network.Name}");
        if (KeyOf(definition, network.Name, network) is { } attached) registry.Save(container, Without(definition, attached));
        await networks.DisconnectAsync(container, container.Live?.Network, endpoint);
    }

    private static void CheckAlive(Container container)
    {
        if (container.State.Phase is Phase.Removing or Phase.Dead)
            throw TareException.Internal($"Container {container.Id} is marked for removal and cannot be connected or disconnected to the network");
    }

    private static ContainerDefinition With(ContainerDefinition definition, string name, EndpointSettings settings) => definition with
    {
        Networking = new NetworkingConfig { EndpointsConfig = new Dictionary<string, EndpointSettings?>(definition.Networking?.EndpointsConfig ?? new Dictionary<string, EndpointSettings?>()) { [name] = settings } },
    };

    private static ContainerDefinition Without(ContainerDefinition definition, string key) => definition with
    {
        Networking = new NetworkingConfig { EndpointsConfig = definition.Networking!.EndpointsConfig!.Where(entry => entry.Key != key).ToDictionary() },
    };

    /// <summary>How the container's settings call a network; null when they do not have it.</summary>
    private static string? KeyOf(ContainerDefinition definition, string name, Network? network) =>
        definition.Networking?.EndpointsConfig?.Keys.FirstOrDefault(key =>
            key == name || (key == "default" && name == PredefinedNetworks.Bridge) || (network is not null && key.Length > 0 && network.Id.StartsWith(key, StringComparison.Ordinal)));

    private void ConnectStopped(Container container, string nameOrId, EndpointSettings settings)
    {
        var definition = container.Definition;
        var network = Attachments.Find(store.Catalog, nameOrId);
        var name = network?.Name ?? nameOrId;
        if (network is not null)
        {
            Attachments.Check(name, network, settings);
            // Connecting once more to the same network changes nothing, as with Docker.
            if (KeyOf(definition, name, network) is not null) return;
            Attachments.CheckTogether(network, Attachments.Of(definition).Select(one => Attachments.Find(store.Catalog, one.Name)).OfType<Network>());
        }

        registry.Save(container, With(definition, name, settings));
        RenewAwaited(container);
    }

    private void RenewAwaited(Container container)
    {
        if (container.State is not { Phase: Phase.Created, Awaited: var before, Generation: 0 }) return;
        registry.Save(container, container.State with { Awaited = awaited.Renew(container.Definition, before) });
        awaited.Announce(container);
    }
}
