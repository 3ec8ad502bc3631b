using Tare.Engine.Containers;
using Tare.Engine.Ports;
using Tare.Errors;
using Tare.Networks;
using Tare.Networks.Addresses;
using Tare.Wire;
using Network = Tare.Networks.Network;

namespace Tare.Engine.Networks;

/// <summary>Networks, for the API.</summary>
public sealed class NetworkService
{
    private readonly NetworkStore store;
    private readonly EndpointTable table;
    private readonly NameRecords names;
    private readonly INetworkPlane plane;
    private readonly ContainerRegistry containers;
    private readonly ContainerConnector connector;
    private readonly NetworkEvents events;
    private readonly TimeProvider time;

    internal NetworkService(NetworkParts parts, ContainerRegistry containers, ContainerConnector connector, TimeProvider time)
    {
        (store, table, names, plane, events) = (parts.Store, parts.Table, parts.Names, parts.Plane, parts.Events);
        (this.containers, this.connector, this.time) = (containers, connector, time);
    }

    /// <summary>Makes a network.</summary>
    /// <exception cref="TareException">It cannot be, in Docker's words; nothing of it is left.</exception>
    public Task<NetworkCreateResponse> CreateAsync(NetworkCreateRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.Run(() => Create(request), CancellationToken.None);
    }

    /// <summary>The networks, newest first (filters: <c>dangling</c>, <c>driver</c>, <c>id</c>, <c>label</c>, <c>name</c>, <c>scope</c>, <c>type</c>).</summary>
    /// <exception cref="TareException">InvalidArgument: a filter is none.</exception>
    public IReadOnlyList<NetworkInspect> List(Filters filters)
    {
        var filter = new NetworkFilter(filters);
        return
        [
            .. store.Catalog.All
                .OrderByDescending(network => network.Created)
                .ThenBy(network => network.Name, StringComparer.Ordinal)
                .Select(Show)
                .Where(network => filter.Matches(network, network.Containers is { Count: > 0 })),
        ];
    }

    /// <summary>Everything about a network.</summary>
    /// <param name="nameOrId">How the user calls it.</param>
    /// <param name="scope">The scope that it must have, or empty.</param>
    /// <exception cref="TareException">NotFound, or Conflict where several ids begin so.</exception>
    public NetworkInspect Inspect(string nameOrId, string scope) =>
        scope is "" or "local" ? Show(store.Catalog.Get(nameOrId)) : throw TareException.NotFound($"network {nameOrId} not found");

    /// <summary>Removes a network that no container is on.</summary>
    /// <exception cref="TareException">NotFound; Forbidden: it is predefined, or containers are on it.</exception>
    public Task RemoveAsync(string nameOrId, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var network = store.Catalog.Get(nameOrId);
        if (IsPredefined(network)) throw TareException.Forbidden($"{network.Name} is a pre-defined network and cannot be removed");
        return Task.Run(() => RemoveAsync(network), CancellationToken.None);
    }

    /// <summary>Puts a container on a network; one that runs gets the device at once.</summary>
    /// <exception cref="TareException">In Docker's words.</exception>
    public Task ConnectAsync(string nameOrId, NetworkConnectRequest request, CancellationToken cancellationToken) =>
        connector.ConnectAsync(containers.Find(request.Container), nameOrId, request.EndpointConfig ?? new EndpointSettings(), cancellationToken);

    /// <summary>Takes a container off a network.</summary>
    /// <exception cref="TareException">In Docker's words.</exception>
    public Task DisconnectAsync(string nameOrId, NetworkDisconnectRequest request, CancellationToken cancellationToken)
    {
        // A network that is not there is told before a container that is not there.
        if (!request.Force) _ = store.Catalog.Get(nameOrId);
        return connector.DisconnectAsync(containers.Find(request.Container), nameOrId, request.Force, cancellationToken);
    }

    /// <summary>Removes all networks that no container is on (filters: <c>label</c>, <c>until</c>).</summary>
    public Task<NetworkPruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken)
    {
        filters.Validate("label", "label!", "until");
        var until = filters.Until(time);
        return Task.Run(() => PruneAsync(filters, until, cancellationToken), CancellationToken.None);
    }

    private static bool IsPredefined(Network network) => PredefinedNetworks.IsName(network.Name);

    private static NetworkRequest RequestOf(NetworkCreateRequest request) => new()
    {
        Name = request.Name,
        Driver = request.Driver,
        IpamDriver = request.IPAM?.Driver ?? "",
        IpamOptions = request.IPAM?.Options ?? new Dictionary<string, string>(),
        Subnets =
        [
            .. (request.IPAM?.Config ?? []).Select(config =>
                new SubnetRequest(config.Subnet ?? "", config.IPRange ?? "", config.Gateway ?? "", config.AuxiliaryAddresses ?? new Dictionary<string, string>())),
        ],
        Options = request.Options ?? new Dictionary<string, string>(),
        Labels = request.Labels ?? new Dictionary<string, string>(),
        IsInternal = request.Internal,
        IsAttachable = request.Attachable,
        IsConfigOnly = request.ConfigOnly,
        ConfigFrom = request.ConfigFrom?.Network ?? "",
        HasIPv4 = request.EnableIPv4,
        HasIPv6 = request.EnableIPv6,
    };

    private NetworkCreateResponse Create(NetworkCreateRequest request)
    {
        if (request.Ingress) throw TareException.Forbidden("Ingress network can only be global scope network");
        if (request.Scope == "swarm") throw TareException.Forbidden("cannot create a swarm scoped network when swarm is not active");
        var network = store.Begin(RequestOf(request));
        try
        {
            if (network.HasDevice) plane.Make(network);
            store.Complete(network);
        }
        catch
        {
            RemoveDevice(network);
            store.End(network);
            throw;
        }

        events.Created(network);
        return new NetworkCreateResponse { Id = network.Id };
    }

    private async Task RemoveAsync(Network network)
    {
        // Who has ended is leaving, which is soon done: nobody sees him on it any more.
        if (await table.CloseAsync(network.Id) is { } endpoints)
        {
            var active = string.Join(", ", endpoints.Select(entry => $"name:\"{NameOf(entry.Key)}\" id:\"{entry.Value.Id[..12]}\""));
            throw TareException.Forbidden(active.Length > 0
                ? $"error while removing network: network {network.Name} has active endpoints ({active})"
                : $"network {network.Name} is being removed");
        }

        try
        {
            store.Doom(network);
            RemoveDevice(network);
            store.End(network);
            names.Forget(network.Id);
        }
        finally
        {
            table.Reopen(network.Id);
        }

        events.Destroyed(network);
    }

    private async Task<NetworkPruneResponse> PruneAsync(Filters filters, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        var deleted = new List<string>();
        foreach (var network in store.Catalog.All.Where(network => !IsPredefined(network) && !network.IsConfigOnly).OrderBy(network => network.Created))
        {
            if (cancellationToken.IsCancellationRequested) break;
            if (network.Created > until || !filters.MatchLabels(network.Labels)) continue;
            if (table.Of(network.Id).Count > 0 || containers.All.Any(container => Attachments.Of(container.Definition).Any(one => one.Name == network.Name || one.Name == network.Id))) continue;
            try
            {
                await RemoveAsync(network);
                deleted.Add(network.Name);
            }
            catch (TareException e) when (e.Kind is ErrorKind.Forbidden or ErrorKind.NotFound)
            {
                // A container came meanwhile, or somebody else was faster.
            }
        }

        events.Pruned();
        return new NetworkPruneResponse { NetworksDeleted = deleted.Count > 0 ? deleted : null };
    }

    private void RemoveDevice(Network network)
    {
        if (network.HasDevice) plane.Remove(network, store.Catalog.All);
    }

    private NetworkInspect Show(Network network) => NetworkViews.Of(network, table.Of(network.Id), NameOf);

    private string NameOf(string containerId) => containers.TryFind(containerId)?.Name ?? "";
}
