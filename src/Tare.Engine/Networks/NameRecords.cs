using System.Collections.Concurrent;
using System.Net;
using Tare.Engine.Containers;
using Tare.Networks.Dns.Names;
using Tare.Networks.Dns.Resolvers;
using Tare.Wire;
using Network = Tare.Networks.Network;

namespace Tare.Engine.Networks;

/// <summary>The names of containers on networks: who is found under which, and what each container sees.</summary>
internal sealed class NameRecords
{
    private readonly ConcurrentDictionary<string, DnsNetwork> _networks = new(StringComparer.Ordinal);

    /// <summary>The names under which a container is found on a network: Docker's, in Docker's order.</summary>
    public static IReadOnlyList<string> NamesOf(Container container, EndpointSettings settings) =>
    [
        .. new[] { container.Name }
            .Concat(settings.Aliases ?? [])
            .Append(container.Definition.ShortId)
            .Append(container.Definition.Config.Hostname)
            .Where(name => name.Length > 0)
            .Distinct(StringComparer.Ordinal),
    ];

    /// <summary>A container is found from now on.</summary>
    public void Add(Container container, JoinedNetwork joined, EndpointSettings settings) => Set(container, joined.Network, joined.Endpoint, settings, Liveness.Live);

    /// <summary>A container that will be started is found where nobody live is.</summary>
    public void Await(Container container, Network network, EndpointState place, EndpointSettings settings) => Set(container, network, place, settings, Liveness.Awaited);

    /// <summary>A container is not found any more.</summary>
    public void Remove(string networkId, string endpointId)
    {
        if (_networks.TryGetValue(networkId, out var names)) names.Remove(endpointId);
    }

    /// <summary>The network is gone.</summary>
    public void Forget(string networkId) => _networks.TryRemove(networkId, out _);

    /// <summary>What a container on some networks sees.</summary>
    /// <param name="joined">The networks, the best way out first.</param>
    /// <param name="settings">What the user wants of each, by the name of the network.</param>
    /// <param name="file">How the container finds the server.</param>
    public DnsView ViewOf(IEnumerable<JoinedNetwork> joined, Func<Network, EndpointSettings> settings, EmbeddedResolvConf file)
    {
        var all = joined.ToList();
        return new DnsView
        {
            Networks = [.. all.Where(one => Attachments.IsUserDefined(one.Network.Name)).Select(one => new DnsAttachment(Of(one.Network), LinksOf(settings(one.Network))))],
            Upstreams = file.Upstreams,
            KeepsBareNames = file.KeepsBareNames,
            IsExternal = all.Any(one => !one.Network.IsInternal),
        };
    }

    private void Set(Container container, Network network, EndpointState endpoint, EndpointSettings settings, Liveness liveness)
    {
        if (!Attachments.IsUserDefined(network.Name)) return;
        var (ipv4, ipv6) = endpoint.ToAddresses();
        Of(network).Set(endpoint.Id, NamesOf(container, settings), new[] { ipv4, ipv6 }.OfType<IPAddress>(), liveness);
    }

    private static IEnumerable<(string Alias, string Name)> LinksOf(EndpointSettings settings)
    {
        foreach (var link in settings.Links ?? [])
        {
            var parts = link.Split(':', 2);
            yield return (parts[^1], parts[0]);
        }
    }

    private DnsNetwork Of(Network network) => _networks.GetOrAdd(network.Id, static (_, name) => new DnsNetwork(name), network.Name);
}
