using Tare.Errors;

namespace Tare.Networks.Catalogs;

/// <summary>The networks at one moment, and how a user calls them.</summary>
/// <param name="networks">The networks.</param>
public sealed class NetworkCatalog(IEnumerable<Network> networks)
{
    private readonly Dictionary<string, Network> _byId = networks.ToDictionary(network => network.Id, StringComparer.Ordinal);

    /// <summary>All networks, in no particular order.</summary>
    public IReadOnlyCollection<Network> All => _byId.Values;

    /// <summary>The network of an id; null when there is none.</summary>
    public Network? Find(string id) => _byId.GetValueOrDefault(id);

    /// <summary>Finds a network in Docker's order: id, name, beginning of an id.</summary>
    /// <exception cref="TareException">NotFound: there is none; Conflict: several ids begin so. In Docker's words.</exception>
    public Network Get(string nameOrId)
    {
        if (_byId.TryGetValue(nameOrId, out var network)) return network;
        if (_byId.Values.FirstOrDefault(other => other.Name == nameOrId) is { } named) return named;
        var found = nameOrId.Length == 0 ? [] : _byId.Values.Where(other => other.Id.StartsWith(nameOrId, StringComparison.Ordinal)).ToList();
        return found.Count switch
        {
            1 => found[0],
            0 => throw TareException.NotFound($"network {nameOrId} not found"),
            _ => throw TareException.Conflict($"network {nameOrId} is ambiguous ({found.Count} matches found based on ID prefix)"),
        };
    }
}
