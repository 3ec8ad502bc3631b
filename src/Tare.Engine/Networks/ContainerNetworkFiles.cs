using Tare.Engine.Common;
using Tare.Engine.Containers;
using Tare.Errors;
using Tare.Networks;
using Tare.Networks.Dns.Resolvers;

namespace Tare.Engine.Networks;

/// <summary>The network files of containers, as their networks want them.</summary>
internal sealed class ContainerNetworkFiles(EnginePaths paths, NetworkStore store, ContainerRegistry registry)
{
    private const string HostGateway = "host-gateway";

    /// <summary>How a container with names finds the embedded server.</summary>
    public static EmbeddedResolvConf Embedded(ContainerDefinition definition) => HostResolvConf.Read().With(Overrides(definition)).ForEmbeddedServer();

    /// <summary>Whether a container's files name the host.</summary>
    public static bool NeedHostGateway(ContainerDefinition definition) => definition.HostConfig.ExtraHosts?.Any(entry => entry.EndsWith(HostGateway, StringComparison.Ordinal)) == true;

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
            ExtraHosts = [.. (definition.HostConfig.ExtraHosts ?? []).Select(ResolveHost)],
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

    private static DnsOverrides Overrides(ContainerDefinition definition) => new()
    {
        Servers = definition.HostConfig.Dns ?? [],
        Search = definition.HostConfig.DnsSearch ?? [],
        Options = definition.HostConfig.DnsOptions ?? [],
    };

    private static string ResolvConfOf(ContainerDefinition definition, IReadOnlyList<EndpointState> endpoints, bool embedded)
    {
        if (embedded) return Embedded(definition).Text;
        return definition.HostConfig.NetworkMode == PredefinedNetworks.Host
            ? HostResolvConf.Read().With(Overrides(definition)).ForHostNetwork()
            : HostResolvConf.ReadReachable().With(Overrides(definition)).ForPlainNetwork(endpoints.Any(endpoint => endpoint.IPv6.Length > 0));
    }

    /// <summary>The host as containers see it: its address on the default bridge.</summary>
    private string ResolveHost(string entry)
    {
        if (!entry.EndsWith(HostGateway, StringComparison.Ordinal)) return entry;
        var bridge = store.Catalog.Get(PredefinedNetworks.Bridge);
        return entry[..^HostGateway.Length] + bridge.Subnets[0].Gateway;
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
