using System.Net;
using Tare.Networks.Addresses;
using Tare.Networks.Bridges;
using Tare.Networks.Dns.Resolvers;

namespace Tare.Engine.Networks;

/// <summary>What the user wants of networks: dockerd's options.</summary>
public sealed record NetworkOptions
{
    /// <summary>The default bridge.</summary>
    public DefaultBridgeOptions DefaultBridge { get; init; } = new();

    /// <summary>Where subnets come from that nobody asks for (<c>--default-address-pool</c>); empty: <see cref="AddressPool.Defaults"/>.</summary>
    public IReadOnlyList<AddressPool> Pools { get; init; } = [];

    /// <summary>Options that new networks get of which they do not have others, by driver (<c>--default-network-opt</c>).</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> DefaultOptions { get; init; } = new Dictionary<string, IReadOnlyDictionary<string, string>>();

    /// <summary>Name servers, search domains and options of containers that do not say it (<c>--dns</c>, <c>--dns-search</c>, <c>--dns-opt</c>).</summary>
    public DnsOverrides Dns { get; init; } = new();

    /// <summary>What <c>host-gateway</c> means in <c>--add-host</c> (<c>--host-gateway-ip</c>); empty: the default bridge's addresses.</summary>
    public IReadOnlyList<IPAddress> HostGateways { get; init; } = [];

    /// <summary>Whether the host is made to pass packets on (<c>--ip-forward</c>).</summary>
    public bool EnablesForwarding { get; init; } = true;
}
