using Tare.Api.Backends;
using Tare.Engine;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Tests;

/// <summary>Networks without an engine: remembers what it was asked for, and has one network with one container in it.</summary>
internal sealed class FakeNetworks(FakeBackends calls) : INetworkBackend
{
    private static readonly NetworkInspect One = new()
    {
        Name = "n",
        Id = "1",
        Scope = "local",
        Driver = "bridge",
        EnableIPv4 = true,
        IPAM = new IPAM { Driver = "default", Config = [new IPAMConfig { Subnet = "10.0.0.0/24", Gateway = "10.0.0.1" }] },
        Containers = new Dictionary<string, EndpointResource> { ["c"] = new() { Name = "web", IPv4Address = "10.0.0.2/24" } },
        Options = new Dictionary<string, string>(),
        Labels = new Dictionary<string, string>(),
        Status = new NetworkStatus { IPAM = new IPAMStatus { Subnets = new Dictionary<string, SubnetStatus> { ["10.0.0.0/24"] = new() { IPsInUse = 4, DynamicIPsAvailable = 252 } } } },
    };

    /// <summary>What <see cref="CreateAsync"/> got.</summary>
    internal NetworkCreateRequest? Created { get; private set; }

    /// <summary>What <see cref="ConnectAsync"/> got.</summary>
    internal NetworkConnectRequest? Connected { get; private set; }

    public Task<NetworkCreateResponse> CreateAsync(NetworkCreateRequest request, CancellationToken cancellationToken)
    {
        Created = request;
        calls.Calls.Add($"create network {request.Name} of {request.Driver}");
        return Task.FromResult(new NetworkCreateResponse { Id = "2" });
    }

    public IReadOnlyList<NetworkInspect> List(Filters filters)
    {
        calls.Calls.Add($"list networks {string.Join(',', filters.Get("driver"))}");
        return [One];
    }

    public NetworkInspect Inspect(string nameOrId, string scope)
    {
        calls.Calls.Add($"network {nameOrId} of scope {scope}");
        return nameOrId == "n" ? One : throw TareException.NotFound($"network {nameOrId} not found");
    }

    public Task RemoveAsync(string nameOrId, CancellationToken cancellationToken) => Done($"remove network {nameOrId}");

    public Task ConnectAsync(string nameOrId, NetworkConnectRequest request, CancellationToken cancellationToken)
    {
        Connected = request;
        return Done($"connect {request.Container} to {nameOrId}");
    }

    public Task DisconnectAsync(string nameOrId, NetworkDisconnectRequest request, CancellationToken cancellationToken)
        => Done($"disconnect {request.Container} from {nameOrId} force={request.Force}");

    public Task<NetworkPruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken)
    {
        calls.Calls.Add($"prune networks {string.Join(',', filters.Get("label"))}");
        return Task.FromResult(new NetworkPruneResponse { NetworksDeleted = filters.Contains("label") ? null : ["n"] });
    }

    private Task Done(string call)
    {
        calls.Calls.Add(call);
        return Task.CompletedTask;
    }
}
