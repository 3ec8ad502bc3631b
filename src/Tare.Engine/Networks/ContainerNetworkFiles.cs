using System.Net;
using Tare.Engine.Common;
using Tare.Engine.Containers;
using Tare.Errors;
using Tare.Networks;
using Tare.Networks.Dns.Resolvers;

namespace Tare.Engine.Networks;

/// <summary>The network files of containers, as their networks want them.</summary>
internal sealed class ContainerNetworkFiles(EnginePaths paths, NetworkStore store, ContainerRegistry registry, NetworkOptions options)
{
    private const string HostGateway = "host-gateway";

    /// <summary>How a container with names finds the embedded server.</summary>
    public EmbeddedResolvConf Embedded(ContainerDefinition definition) => HostResolvConf.Read().With(Overrides(definition)).ForEmbeddedServer();

    /// <summary>Whether a container's files name the host by its address on the default bridge.</summary>
    public bool NeedDefaultBridge(ContainerDefinition definition) => options.HostGateways.Count == 0 && definition.HostConfig.ExtraHosts?.Any(entry => entry.EndsWith(HostGateway, StringComparison.Ordinal)) == true;

    /// <summary>Writes all of them, for a start.</summary>
    /// <exception cref="TareException">A link leads to a container that does not run.</exception>
    public void Write(Container container, NetworkStart start)
    {
        var (definition, endpoints) = (container.Definition, start.Endpoints);
        var config = definition.Config;
        NetworkFiles.Write(paths.Container(definition.Id), new NetworkFileOptions
        {
            Hostname = config.Hostname,
            DomainName = config.Domainname,
            HostNetwork = definition.HostConfig.NetworkMode == PredefinedNetworks.Host,
            Addresses = [.. AddressesOf(endpoints)],
            Links = [.. LinksOf(container)],
            ExtraHosts = [.. (definition.HostConfig.ExtraHosts ?? []).SelectMany(ResolveHost)],
            ResolvConf = ResolvConfOf(definition, endpoints, start.Joined.Any(one => Attachments.IsUserDefined(one.Network.Name))),
        });
    }

    /// <summary>A container that runs has come to a network, or has left one: its own addresses follow, and what its user has changed stays.</summary>
    public void Update(Container container, IReadOnlyList<JoinedNetwork> joined)
    {
        var definition = container.Definition;
        var directory = paths.Container(definition.Id);
        NetworkFiles.ReplaceAddresses(directory, definition.Config.Hostname, definition.Config.Domainname, [.. AddressesOf(joined.Select(one => one.Endpoint))]);
        if (joined.Any(one => Attachments.IsUserDefined(one.Network.Name))) NetworkFiles.ReplaceResolvConf(directory, Embedded(definition).Text);
    }

    private static IEnumerable<string> AddressesOf(IEnumerable<EndpointState> endpoints) => endpoints.SelectMany(endpoint => new[] { endpoint.IPv4, endpoint.IPv6 }).Where(address => address.Length > 0);

    private DnsOverrides Overrides(ContainerDefinition definition) => new()
    {
        Servers = definition.HostConfig.Dns is { Count: > 0 } servers ? servers : options.Dns.Servers,
        Search = definition.HostConfig.DnsSearch is { Count: > 0 } search ? search : options.Dns.Search,
        Options = definition.HostConfig.DnsOptions is { Count: > 0 } own ? own : options.Dns.Options,
    };

    private string ResolvConfOf(ContainerDefinition definition, IReadOnlyList<EndpointState> endpoints, bool embedded)
    {
        if (embedded) return Embedded(definition).Text;
        return definition.HostConfig.NetworkMode == PredefinedNetworks.Host
            ? HostResolvConf.Read().With(Overrides(definition)).ForHostNetwork()
            : HostResolvConf.ReadReachable().With(Overrides(definition)).ForPlainNetwork(endpoints.Any(endpoint => endpoint.IPv6.Length > 0));
    }

    /// <summary>The host as containers see it: where the user has said, or its addresses on the default bridge.</summary>
    private IEnumerable<string> ResolveHost(string entry)
    {
        if (!entry.EndsWith(HostGateway, StringComparison.Ordinal)) return [entry];
        var addresses = options.HostGateways.Count > 0 ? options.HostGateways : [.. (store.DefaultBridge?.Subnets ?? []).Select(subnet => subnet.Gateway).OfType<IPAddress>()];
        // Docker's words.
        if (addresses.Count == 0) throw TareException.Invalid("unable to derive the IP value for host-gateway");
        return addresses.Select(address => entry[..^HostGateway.Length] + address);
    }

    /// <summary>Links of the default bridge, which has no names: lines of the hosts file.</summary>
    private IEnumerable<(string Address, string Names)> LinksOf(Container container)
    {
        foreach (var link in container.Definition.HostConfig.Links ?? [])
        {
            var parts = link.Split(':', 2);
            var alias = parts[^1];
            var target = registry.Find(parts[0]);
            if (!target.State.HasProcess) throw TareException.Conflict($"Cannot link to a non running container: /{target.Name} AS /{container.Name}/{alias}");
            var address = (target.State.Endpoints ?? []).FirstOrDefault(endpoint => endpoint.NetworkName == PredefinedNetworks.Bridge)?.IPv4;
            if (address is { Length: > 0 }) yield return (address, string.Join(' ', new[] { alias, target.Definition.ShortId, target.Name }.Distinct()));
        }
    }
}
