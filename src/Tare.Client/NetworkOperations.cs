using Tare.Client.Http;
using Tare.Errors;
using Tare.Wire;
using Tare.Wire.Json;

namespace Tare.Client;

/// <summary>The operations on networks. A network is named by its name, its id or a beginning of its id.</summary>
public sealed class NetworkOperations
{
    private readonly Engine _engine;

    internal NetworkOperations(Engine engine) => _engine = engine;

    /// <summary>Makes a network.</summary>
    public async ValueTask<NetworkCreateResponse> CreateAsync(NetworkCreateRequest network, CancellationToken cancellationToken = default)
    {
        var request = ContainerOperations.Post("/networks/create", WireJson.ToUtf8(network));
        return WireJson.Read<NetworkCreateResponse>((await _engine.SendAndReadAsync(request, cancellationToken).ConfigureAwait(false)).Span)!;
    }

    /// <summary>The list as the engine wrote it.</summary>
    public ValueTask<ReadOnlyMemory<byte>> ListJsonAsync(Filters? filters = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("GET", "/networks");
        request.Query.AddText("filters", filters?.ToString());
        return _engine.SendAndReadAsync(request, cancellationToken);
    }

    /// <summary>Everything about a network.</summary>
    public async ValueTask<NetworkInspect> InspectAsync(string network, CancellationToken cancellationToken = default)
        => WireJson.Read<NetworkInspect>((await InspectJsonAsync(network, cancellationToken: cancellationToken).ConfigureAwait(false)).Span)!;

    /// <summary>Everything about a network, as the engine wrote it.</summary>
    /// <param name="network">The network.</param>
    /// <param name="verbose">With what the nodes of a swarm have in it.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public ValueTask<ReadOnlyMemory<byte>> InspectJsonAsync(string network, bool verbose = false, CancellationToken cancellationToken = default)
    {
        var request = new Request("GET", Path(network));
        if (verbose) request.Query.Add("verbose", "true");
        return _engine.SendAndReadAsync(request, cancellationToken);
    }

    /// <summary>Takes a container into a network.</summary>
    public ValueTask ConnectAsync(string network, NetworkConnectRequest connection, CancellationToken cancellationToken = default)
        => _engine.SendAndForgetAsync(ContainerOperations.Post(Path(network) + "/connect", WireJson.ToUtf8(Named(connection.Container, connection))), cancellationToken);

    /// <summary>Takes a container out of a network.</summary>
    public ValueTask DisconnectAsync(string network, NetworkDisconnectRequest connection, CancellationToken cancellationToken = default)
        => _engine.SendAndForgetAsync(ContainerOperations.Post(Path(network) + "/disconnect", WireJson.ToUtf8(Named(connection.Container, connection))), cancellationToken);

    /// <summary>Removes a network that no container is in.</summary>
    public ValueTask RemoveAsync(string network, CancellationToken cancellationToken = default)
        => _engine.SendAndForgetAsync(new Request("DELETE", Path(network)), cancellationToken);

    /// <summary>Removes the networks that no container is in.</summary>
    public async ValueTask<NetworkPruneResponse> PruneAsync(Filters? filters = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("POST", "/networks/prune");
        request.Query.AddText("filters", filters?.ToString());
        return WireJson.Read<NetworkPruneResponse>((await _engine.SendAndReadAsync(request, cancellationToken).ConfigureAwait(false)).Span)!;
    }

    private static string Path(string network) => "/networks/" + Uri.EscapeDataString(Named(network, network, "network"));

    /// <summary>Without a name the path would be another operation's.</summary>
    private static T Named<T>(string name, T value, string kind = "container")
        => name.Trim().Length > 0 ? value : throw TareException.Invalid($"invalid {kind} name or ID: value is empty");
}
