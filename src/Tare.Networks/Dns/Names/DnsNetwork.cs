using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Tare.Networks.Dns.Names;

/// <summary>
/// The names of the containers on one network, which all sandboxes on it share. Readers see a snapshot that is never changed: joining and
/// leaving cost as much as the names of one endpoint in trees of all.
/// </summary>
/// <param name="name">The network's name: <c>web</c> on it is <c>web.NAME</c> too.</param>
public sealed class DnsNetwork(string name)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Endpoint> endpoints = [];
    private volatile Snapshot current = Snapshot.Empty;

    /// <summary>The network's name, in lower case.</summary>
    public string Name { get; } = name.ToLowerInvariant();

    /// <summary>Makes an endpoint known, or its names and addresses other ones than they were.</summary>
    /// <param name="endpoint">Its id, chosen by the caller.</param>
    /// <param name="names">
    /// The container's own name first, which is the one that its addresses lead back to; then aliases, the short id, the host name. Several
    /// endpoints may have a name in common.
    /// </param>
    /// <param name="addresses">Its addresses on this network.</param>
    public void Set(string endpoint, IEnumerable<string> names, IEnumerable<IPAddress> addresses)
    {
        var added = new Endpoint([.. names.Select(each => each.ToLowerInvariant()).Distinct(StringComparer.Ordinal)], [.. addresses]);
        lock (gate)
        {
            var next = current;
            if (endpoints.TryGetValue(endpoint, out var old)) next = next.Without(old);
            endpoints[endpoint] = added;
            current = next.With(added);
        }
    }

    /// <summary>Forgets an endpoint; nothing happens when it is not known.</summary>
    public void Remove(string endpoint)
    {
        lock (gate)
        {
            if (endpoints.Remove(endpoint, out var old)) current = current.Without(old);
        }
    }

    /// <summary>Adds the addresses of one family that a name has; false when no endpoint has the name, whatever its addresses.</summary>
    /// <param name="name">In lower case.</param>
    /// <param name="family">Of the addresses that are wanted.</param>
    /// <param name="found">Where they are added.</param>
    internal bool TryResolve(string name, AddressFamily family, List<IPAddress> found)
    {
        if (!current.Names.TryGetValue(name, out var named)) return false;
        foreach (var endpoint in named)
        {
            foreach (var address in endpoint.Addresses)
            {
                if (address.AddressFamily == family) found.Add(address);
            }
        }
        return true;
    }

    /// <summary>The first name of the endpoint that has an address, with the network's; null when none has it.</summary>
    internal string? NameOf(IPAddress address) => current.Pointers.TryGetValue(address, out var name) ? $"{name}.{Name}" : null;

    private sealed record Endpoint(ImmutableArray<string> Names, ImmutableArray<IPAddress> Addresses);

    private sealed record Snapshot(ImmutableDictionary<string, ImmutableArray<Endpoint>> Names, ImmutableDictionary<IPAddress, string> Pointers)
    {
        public static readonly Snapshot Empty = new(ImmutableDictionary.Create<string, ImmutableArray<Endpoint>>(StringComparer.Ordinal), ImmutableDictionary<IPAddress, string>.Empty);

        public Snapshot With(Endpoint endpoint)
        {
            // An endpoint without addresses has not joined yet.
            if (endpoint.Addresses.IsEmpty) return this;
            var (names, pointers) = (Names, Pointers);
            foreach (var name in endpoint.Names) names = names.SetItem(name, names.TryGetValue(name, out var others) ? others.Add(endpoint) : [endpoint]);
            if (!endpoint.Names.IsEmpty) pointers = pointers.SetItems(endpoint.Addresses.Select(address => KeyValuePair.Create(address, endpoint.Names[0])));
            return new Snapshot(names, pointers);
        }

        public Snapshot Without(Endpoint endpoint)
        {
            var (names, pointers) = (Names, Pointers);
            foreach (var name in endpoint.Names)
            {
                if (!names.TryGetValue(name, out var all)) continue;
                var others = all.Remove(endpoint, ReferenceEqualityComparer.Instance);
                names = others.IsEmpty ? names.Remove(name) : names.SetItem(name, others);
            }
            foreach (var address in endpoint.Addresses)
            {
                // Another endpoint may have got the address already.
                if (pointers.TryGetValue(address, out var name) && name == endpoint.Names.FirstOrDefault()) pointers = pointers.Remove(address);
            }
            return new Snapshot(names, pointers);
        }
    }
}
