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
    private readonly Dictionary<string, Dictionary<string, TaskCompletionSource>> _leaving = new(StringComparer.Ordinal);
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

    /// <summary>A container is seen on a network no more, but has its place there until <see cref="Remove"/>.</summary>
    public void BeginLeaving(string networkId, string containerId)
    {
        lock (_lock)
        {
            if (!RemoveSeen(networkId, containerId)) return;
            if (!_leaving.TryGetValue(networkId, out var containers)) _leaving[networkId] = containers = new(StringComparer.Ordinal);
            containers[containerId] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>A container has left a network.</summary>
    public void Remove(string networkId, string containerId)
    {
        lock (_lock)
        {
            RemoveSeen(networkId, containerId);
            if (!_leaving.TryGetValue(networkId, out var containers) || !containers.Remove(containerId, out var left)) return;
            if (containers.Count == 0) _leaving.Remove(networkId);
            left.SetResult();
        }
    }

    /// <summary>Ends when those have left that are leaving a network now; it has ended already when nobody is.</summary>
    public Task LeftAsync(string networkId)
    {
        lock (_lock) return _leaving.TryGetValue(networkId, out var containers) ? Task.WhenAll([.. containers.Values.Select(one => one.Task)]) : Task.CompletedTask;
    }

    /// <summary>The containers of a network, by id.</summary>
    public IReadOnlyDictionary<string, EndpointState> Of(string networkId)
    {
        lock (_lock) return _byNetwork.TryGetValue(networkId, out var containers) ? new Dictionary<string, EndpointState>(containers) : new Dictionary<string, EndpointState>();
    }

    /// <summary>Lets no container come to a network any more, as soon as those have left that are leaving it.</summary>
    /// <returns>Null: it is closed. Otherwise it is not: the containers that are on it, or none, when somebody else has closed it.</returns>
    public async Task<IReadOnlyDictionary<string, EndpointState>?> CloseAsync(string networkId)
    {
        while (true)
        {
            Task left;
            lock (_lock)
            {
                if (_byNetwork.ContainsKey(networkId) || _closed.Contains(networkId)) return Of(networkId);
                left = LeftAsync(networkId);
                if (left.IsCompleted)
                {
                    _closed.Add(networkId);
                    return null;
                }
            }

            await left;
        }
    }

    /// <summary>The network could not be removed, or is gone for good.</summary>
    public void Reopen(string networkId)
    {
        lock (_lock) _closed.Remove(networkId);
    }

    private bool RemoveSeen(string networkId, string containerId)
    {
        if (!_byNetwork.TryGetValue(networkId, out var containers) || !containers.Remove(containerId)) return false;
        if (containers.Count == 0) _byNetwork.Remove(networkId);
        return true;
    }
}
