using Tare.Engine;
using Tare.Engine.Networks;
using Tare.Wire;

namespace Tare.Api.Backends;

/// <summary>What the routes about networks need. The contracts are <see cref="NetworkService"/>'s.</summary>
internal interface INetworkBackend
{
    Task<NetworkCreateResponse> CreateAsync(NetworkCreateRequest request, CancellationToken cancellationToken);

    IReadOnlyList<NetworkInspect> List(Filters filters);

    NetworkInspect Inspect(string nameOrId, string scope);

    Task RemoveAsync(string nameOrId, CancellationToken cancellationToken);

    Task ConnectAsync(string nameOrId, NetworkConnectRequest request, CancellationToken cancellationToken);

    Task DisconnectAsync(string nameOrId, NetworkDisconnectRequest request, CancellationToken cancellationToken);

    Task<NetworkPruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken);
}
