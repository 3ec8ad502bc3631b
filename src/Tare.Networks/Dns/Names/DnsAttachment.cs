using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;

namespace Tare.Networks.Dns.Names;

/// <summary>A sandbox's place on a network: the network's names, and the names that this sandbox alone has for some of them.</summary>
/// <param name="network">The network.</param>
/// <param name="links"><c>--link NAME:ALIAS</c>: by alias, the name on this network. The target may come later, or go and come back.</param>
public sealed class DnsAttachment(DnsNetwork network, IEnumerable<(string Alias, string Name)>? links = null)
{
    private readonly FrozenDictionary<string, string> links = (links ?? [])
        .DistinctBy(link => link.Alias.ToLowerInvariant())
        .ToFrozenDictionary(link => link.Alias.ToLowerInvariant(), link => link.Name.ToLowerInvariant());

    /// <summary>The network.</summary>
    public DnsNetwork Network { get; } = network;

    /// <summary>Resolves an alias of this sandbox; false when it is none, or its target is not there.</summary>
    internal bool TryResolveLink(string name, AddressFamily family, Liveness liveness, List<IPAddress> found) =>
        links.TryGetValue(name, out var target) && Network.TryResolve(target, family, liveness, found);

    /// <summary>Resolves a name of the network, unless this sandbox means something else by it.</summary>
    internal bool TryResolveName(string name, AddressFamily family, Liveness liveness, List<IPAddress> found) =>
        !links.ContainsKey(name) && Network.TryResolve(name, family, liveness, found);
}
