using Tare.Errors;
using Tare.Networks;

namespace Tare.Engine.Networks;

/// <summary>
/// Which containers are on which network: a network is removed only when none is, and a container comes only to a network that is not being
/// removed. Thread-safe.
/// </summary>
internal sealed class EndpointTable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<string, EndpointState>> _byNetwork = new(StringComparer.Ordinal);
    private readonly HashSet<string> _closed = new(StringComparer.Ordinal);

    /// <summary>A container comes to a network.</summary>
    /// <exception cref="TareException">NotFound: the network is being removed; Forbidden: the container is on it already.</exception>
    public void Add(Network network, string containerId, string containerName, EndpointState endpoint)
    {
        lock (_lock)
        {
            if (_closed.Contains(network.Id)) throw TareException.NotFound($"network {network.Name} not found");
            if (!_byNetwork.TryGetValue(network.Id, out var containers)) _byNetwork[network.Id] = containers = new(StringComparer.Ordinal);
            if (!containers.TryAdd(containerId, endpoint)) throw TareException.Forbidden($"endpoint with name {containerName} already exists in network {network.Name}");
        }
    }

    /// <summary>What is known of a container's endpoint has changed.</summary>
    public void Replace(string containerId, EndpointState endpoint)
    {
        lock (_lock)
        {
            if (_byNetwork.TryGetValue(endpoint.NetworkId, out var containers) && containers.ContainsKey(containerId)) containers[containerId] = endpoint;
        }
    }

    /// <summary>A container leaves a network.</summary>
    public void Remove(string networkId, string containerId)
    {
        lock (_lock)
        {
            if (_byNetwork.TryGetValue(networkId, out var containers) && containers.Remove(containerId) && containers.Count == 0) _byNetwork.Remove(networkId);
        }
    }

    /// <summary>The containers of a network, by id.</summary>
    public IReadOnlyDictionary<string, EndpointState> Of(string networkId)
    {
        lock (_lock) return _byNetwork.TryGetValue(networkId, out var containers) ? new Dictionary<string, EndpointState>(containers) : new Dictionary<string, EndpointState>();
    }

    /// <summary>Lets no container come to a network any more; false when there is one, and it stays open.</summary>
    public bool TryClose(string networkId)
    {
        lock (_lock) return !_byNetwork.ContainsKey(networkId) && _closed.Add(networkId);
    }

    /// <summary>The network could not be removed, or is gone for good.</summary>
    public void Reopen(string networkId)
    {
        lock (_lock) _closed.Remove(networkId);
    }
}
