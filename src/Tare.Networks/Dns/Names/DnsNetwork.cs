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

    // Who awaits which address.
    private readonly Dictionary<IPAddress, string> awaited = [];
    private volatile Snapshot current = Snapshot.Empty;

    /// <summary>The network's name, in lower case.</summary>
    public string Name { get; } = name.ToLowerInvariant();

    /// <summary>Makes an endpoint known, or its names and addresses other ones than they were.</summary>
    /// <param name="endpoint">Its id, chosen by the caller.</param>
    /// <param name="names">
    /// The container's own name first, which is the one that its addresses lead back to; then aliases, the short id, the host name. Several
    /// endpoints may have a name in common.
    /// </param>
    /// <param name="addresses">Its addresses on this network. A live endpoint has them alone: who else awaits one of them is forgotten, before and after.</param>
    /// <param name="liveness">Whether it is there yet.</param>
    public void Set(string endpoint, IEnumerable<string> names, IEnumerable<IPAddress> addresses, Liveness liveness = Liveness.Live)
    {
        var added = new Endpoint([.. names.Select(each => each.ToLowerInvariant()).Distinct(StringComparer.Ordinal)], [.. addresses], liveness);
        lock (gate)
        {
            var next = Forget(current, endpoint);
            if (liveness == Liveness.Awaited && added.Addresses.Any(next.Pointers.ContainsKey))
            {
                current = next;
                return;
            }

            foreach (var address in added.Addresses)
            {
                if (liveness == Liveness.Live && awaited.TryGetValue(address, out var other)) next = Forget(next, other);
                else if (liveness == Liveness.Awaited) awaited[address] = endpoint;
            }

            endpoints[endpoint] = added;
            current = next.With(added);
        }
    }

    /// <summary>Forgets an endpoint; nothing happens when it is not known.</summary>
    public void Remove(string endpoint)
    {
        lock (gate) current = Forget(current, endpoint);
    }

    /// <summary>Adds the addresses of one family that a name has; false when no endpoint has the name, whatever its addresses.</summary>
    /// <param name="name">In lower case.</param>
    /// <param name="family">Of the addresses that are wanted.</param>
    /// <param name="liveness">Of the endpoints that are looked at.</param>
    /// <param name="found">Where they are added.</param>
    internal bool TryResolve(string name, AddressFamily family, Liveness liveness, List<IPAddress> found)
    {
        if (!current.NamesOf(liveness).TryGetValue(name, out var named)) return false;
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

    private Snapshot Forget(Snapshot from, string endpoint)
    {
        if (!endpoints.Remove(endpoint, out var old)) return from;
        foreach (var address in old.Addresses)
        {
            if (awaited.TryGetValue(address, out var who) && who == endpoint) awaited.Remove(address);
        }

        return from.Without(old);
    }

    private sealed record Endpoint(ImmutableArray<string> Names, ImmutableArray<IPAddress> Addresses, Liveness Liveness);

    /// <param name="Live">Endpoints that are there, by name.</param>
    /// <param name="Awaited">Endpoints that are awaited, by name.</param>
    /// <param name="Pointers">Names of those that are there, by address.</param>
    private sealed record Snapshot(
        ImmutableDictionary<string, ImmutableArray<Endpoint>> Live, ImmutableDictionary<string, ImmutableArray<Endpoint>> Awaited, ImmutableDictionary<IPAddress, string> Pointers)
    {
        private static readonly ImmutableDictionary<string, ImmutableArray<Endpoint>> Nobody = ImmutableDictionary.Create<string, ImmutableArray<Endpoint>>(StringComparer.Ordinal);

        public static readonly Snapshot Empty = new(Nobody, Nobody, ImmutableDictionary<IPAddress, string>.Empty);

        public ImmutableDictionary<string, ImmutableArray<Endpoint>> NamesOf(Liveness liveness) => liveness == Liveness.Live ? Live : Awaited;

        public Snapshot With(Endpoint endpoint)
        {
            // An endpoint without addresses has not joined yet.
            if (endpoint.Addresses.IsEmpty) return this;
            var (names, pointers) = (NamesOf(endpoint.Liveness), Pointers);
            foreach (var name in endpoint.Names) names = names.SetItem(name, names.TryGetValue(name, out var others) ? others.Add(endpoint) : [endpoint]);
            if (endpoint.Liveness == Liveness.Awaited) return this with { Awaited = names };
            if (!endpoint.Names.IsEmpty) pointers = pointers.SetItems(endpoint.Addresses.Select(address => KeyValuePair.Create(address, endpoint.Names[0])));
            return this with { Live = names, Pointers = pointers };
        }

        public Snapshot Without(Endpoint endpoint)
        {
            var (names, pointers) = (NamesOf(endpoint.Liveness), Pointers);
            foreach (var name in endpoint.Names)
            {
                if (!names.TryGetValue(name, out var all)) continue;
                var others = all.Remove(endpoint, ReferenceEqualityComparer.Instance);
                names = others.IsEmpty ? names.Remove(name) : names.SetItem(name, others);
            }
            if (endpoint.Liveness == Liveness.Awaited) return this with { Awaited = names };
            foreach (var address in endpoint.Addresses)
            {
                // Another endpoint may have got the address already.
                if (pointers.TryGetValue(address, out var name) && name == endpoint.Names.FirstOrDefault()) pointers = pointers.Remove(address);
            }
            return this with { Live = names, Pointers = pointers };
        }
    }
}
