using System.Globalization;
using System.Net;
using Tare.Engine.Containers;
using Tare.Errors;
using Tare.Networks.Bridges;
using Tare.Networks.Endpoints;
using Tare.Networks.Filters.Ports;
using Tare.Wire;
using Network = Tare.Networks.Network;

namespace Tare.Engine.Networks;

/// <summary>Which ports of the host a container wants, and how they are shown.</summary>
internal static class PortPublishing
{
    private static readonly IPAddress[] Everywhere = [IPAddress.Any, IPAddress.IPv6Any];

    /// <summary>What is asked for.</summary>
    /// <param name="definition">The container.</param>
    /// <param name="network">The network through which it is reached.</param>
    /// <param name="endpoint">Its place there.</param>
    /// <exception cref="TareException">InvalidArgument: an address is none.</exception>
    public static IReadOnlyList<PortRequest> Requests(ContainerDefinition definition, Network network, EndpointState endpoint)
    {
        var (host, exposed) = (definition.HostConfig, definition.Config.ExposedPorts ?? new HashSet<string>());
        var bindings = host.PortBindings ?? new Dictionary<string, IReadOnlyList<PortBinding>?>();
        var requests = new List<PortRequest>();
        foreach (var key in exposed.Concat(bindings.Keys).Select(Normalize).Distinct().OrderBy(Parse))
        {
            var (port, protocol) = Parse(key);
            var wanted = bindings.Where(entry => Normalize(entry.Key) == key).SelectMany(entry => entry.Value ?? []).ToList();
            if (wanted.Count == 0 && (host.PublishAllPorts || bindings.Keys.Any(other => Normalize(other) == key))) wanted.Add(new PortBinding());
            foreach (var binding in wanted) Add(requests, binding, port, protocol, network, endpoint);
        }

        return requests;
    }

    /// <summary>Every port that is exposed or published, as inspect shows them: null where nothing is published.</summary>
    public static SortedDictionary<string, IReadOnlyList<PortBinding>?> Map(ContainerDefinition definition, IEnumerable<EndpointState> endpoints)
    {
        var map = new SortedDictionary<string, IReadOnlyList<PortBinding>?>(StringComparer.Ordinal);
        foreach (var key in (definition.Config.ExposedPorts ?? new HashSet<string>()).Concat(definition.HostConfig.PortBindings?.Keys ?? [])) map[Normalize(key)] = null;
        foreach (var ports in endpoints.SelectMany(endpoint => endpoint.Ports ?? []).GroupBy(port => $"{port.ContainerPort}/{port.Protocol.ToName()}"))
            map[ports.Key] = [.. ports.Select(port => new PortBinding { HostIp = port.HostAddress, HostPort = port.HostPort.ToString(CultureInfo.InvariantCulture) })];
        return map;
    }

    /// <summary>The same as lists show it.</summary>
    public static IReadOnlyList<PortSummary> List(ContainerDefinition definition, IEnumerable<EndpointState> endpoints) =>
    [
        .. Map(definition, endpoints).SelectMany(entry =>
        {
            var (port, protocol) = Parse(entry.Key);
            return entry.Value is { } bindings
                ? bindings.Select(binding => new PortSummary { IP = binding.HostIp, PrivatePort = port, PublicPort = ushort.Parse(binding.HostPort, CultureInfo.InvariantCulture), Type = protocol.ToName() })
                : [new PortSummary { PrivatePort = port, Type = protocol.ToName() }];
        }),
    ];

    private static void Add(List<PortRequest> requests, PortBinding binding, ushort port, TransportProtocol protocol, Network network, EndpointState endpoint)
    {
        var (first, last) = Range(binding.HostPort);
        var (ipv4, ipv6) = endpoint.ToAddresses();
        requests.Add(new PortRequest(protocol, port, [.. HostAddresses(binding.HostIp, network)], first, last)
        {
            ContainerIPv4 = ipv4,
            ContainerIPv6 = ipv6,
        });
    }

    private static IEnumerable<IPAddress> HostAddresses(string text, Network network)
    {
        if (text.Length > 0) return IPAddress.TryParse(text, out var address) ? [address] : throw TareException.Invalid($"invalid IP address {text}: a port is published on an address of the host");
        var options = BridgeOptions.Read(network.Options, network.IsInternal);
        // That of all IPv4 means all of IPv6 too, as with Docker.
        return options.HostBinding is { } binding && !binding.Equals(IPAddress.Any) ? [binding] : Everywhere;
    }

    private static (ushort First, ushort Last) Range(string text)
    {
        if (text.Length == 0) return (0, 0);
        var ends = text.Split('-');
        return (Number(ends[0]), Number(ends[^1]));

        static ushort Number(string end) => ushort.Parse(end, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    private static string Normalize(string key) => key.Contains('/', StringComparison.Ordinal) ? key.ToLowerInvariant() : key + "/tcp";

    private static (ushort Port, TransportProtocol Protocol) Parse(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var port = ushort.Parse(key.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture);
        return (port, key[(slash + 1)..] switch { "udp" => TransportProtocol.Udp, "sctp" => TransportProtocol.Sctp, _ => TransportProtocol.Tcp });
    }
}
