using Tare.Api.Backends;
using Tare.Api.Http;
using Tare.Engine;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Routes;

/// <summary>
/// Networks. What changes something is not cancelled when the client goes: a container that is half connected helps nobody.
/// </summary>
internal sealed class NetworkRoutes(INetworkBackend networks)
{
    internal IEnumerable<Route> All() =>
    [
        new("GET", "/networks", ListAsync),
        new("GET", "/networks/", ListAsync),
        new("POST", "/networks/create", CreateAsync),
        new("POST", "/networks/prune", PruneAsync, Since: 25),
        new("GET", "/networks/{id}", InspectAsync),
        new("POST", "/networks/{id}/connect", ConnectAsync),
        new("POST", "/networks/{id}/disconnect", DisconnectAsync),
        new("DELETE", "/networks/{id}", RemoveAsync),
    ];

    private Task ListAsync(ApiContext context)
    {
        IReadOnlyList<NetworkInspect> list = [.. networks.List(Filters.Parse(context.Query["filters"])).Select(network => Compatibility.Listed(network, context.Version))];
        return context.JsonAsync(200, list);
    }

    /// <summary>What is verbose about a network only a swarm has; the word is checked all the same.</summary>
    private Task InspectAsync(ApiContext context)
    {
        if (context.Query["verbose"] is { Length: > 0 } verbose && verbose is not ("1" or "t" or "T" or "true" or "TRUE" or "True" or "0" or "f" or "F" or "false" or "FALSE" or "False"))
            throw TareException.Invalid($"invalid value for verbose: {verbose}: strconv.ParseBool: parsing {Query.Quote(verbose)}: invalid syntax");
        return context.JsonAsync(200, Compatibility.Of(networks.Inspect(context.Name, context.Query["scope"]), context.Version));
    }

    private async Task CreateAsync(ApiContext context)
    {
        var request = await JsonBody.ReadAsync<NetworkCreateRequest>(context, context.Peer.Stopping) ?? new NetworkCreateRequest();
        // Before 1.48 no client could ask for a network without IPv4, and what one said was not looked at.
        if (context.Version.Before(48)) request.EnableIPv4 = null;
        await context.JsonAsync(201, await networks.CreateAsync(request, CancellationToken.None));
    }

    private async Task ConnectAsync(ApiContext context)
    {
        var request = await JsonBody.ReadAsync<NetworkConnectRequest>(context, context.Peer.Stopping) ?? new NetworkConnectRequest();
        await networks.ConnectAsync(context.Name, Named(request.Container, request), CancellationToken.None);
        context.Empty(200);
    }

    private async Task DisconnectAsync(ApiContext context)
    {
        var request = await JsonBody.ReadAsync<NetworkDisconnectRequest>(context, context.Peer.Stopping) ?? new NetworkDisconnectRequest();
        await networks.DisconnectAsync(context.Name, Named(request.Container, request), CancellationToken.None);
        context.Empty(200);
    }

    private async Task RemoveAsync(ApiContext context)
    {
        await networks.RemoveAsync(context.Name, CancellationToken.None);
        context.Empty(204);
    }

    private async Task PruneAsync(ApiContext context)
        => await context.JsonAsync(200, await networks.PruneAsync(Filters.Parse(context.Query["filters"]), CancellationToken.None));

    private static T Named<T>(string container, T request) => container.Length > 0 ? request : throw TareException.Invalid("invalid name or ID supplied: \"\"");
}
