using Tare.Networks;
using Tare.Networks.Addresses;
using Tare.Wire;
using Network = Tare.Networks.Network;

namespace Tare.Engine.Networks;

/// <summary>Networks, and containers' places on them, in the words of the wire.</summary>
internal static class NetworkViews
{
    /// <summary>A network with its containers that run.</summary>
    public static NetworkInspect Of(Network network, IReadOnlyDictionary<string, EndpointState> endpoints, Func<string, string> nameOf) => new()
    {
        Name = network.Name,
        Id = network.Id,
        Created = GoTime.Format(network.Created),
        Scope = "local",
        Driver = network.Driver,
        EnableIPv4 = network.HasIPv4,
        EnableIPv6 = network.HasIPv6,
        IPAM = new IPAM
        {
            Driver = "default",
            Options = network.IpamOptions.Count > 0 ? network.IpamOptions : PredefinedNetworks.IsName(network.Name) ? null : new Dictionary<string, string>(),
            Config = !network.HasDevice && network.Subnets.Count == 0 ? null : [.. network.Subnets.Select(Of)],
        },
        Internal = network.IsInternal,
        Attachable = network.IsAttachable,
        ConfigOnly = network.IsConfigOnly,
        ConfigFrom = new ConfigReference { Network = network.ConfigFrom },
        Containers = endpoints.ToDictionary(entry => entry.Key, entry => Of(entry.Value, nameOf(entry.Key))),
        Options = network.Options,
        Labels = network.Labels,
    };

    /// <summary>A container's place on a network: what the user wants, and while it runs what has become of it.</summary>
    public static EndpointSettings Of(EndpointSettings wanted, Network? network, EndpointState? endpoint, IReadOnlyList<string>? names) => wanted with
    {
        NetworkID = endpoint?.NetworkId ?? network?.Id ?? "",
        EndpointID = endpoint?.Id ?? "",
        MacAddress = endpoint?.MacAddress ?? "",
        Gateway = endpoint?.Gateway4 ?? "",
        IPAddress = endpoint?.IPv4 ?? "",
        IPPrefixLen = endpoint?.PrefixLength4 ?? 0,
        IPv6Gateway = endpoint?.Gateway6 ?? "",
        GlobalIPv6Address = endpoint?.IPv6 ?? "",
        GlobalIPv6PrefixLen = endpoint?.PrefixLength6 ?? 0,
        DNSNames = names,
    };

    private static IPAMConfig Of(Subnet subnet) => new()
    {
        Subnet = subnet.Network.ToString(),
        IPRange = subnet.Range?.ToString(),
        Gateway = subnet.HasGivenGateway ? subnet.Gateway?.ToString() : null,
        AuxiliaryAddresses = subnet.Auxiliary.Count > 0 ? subnet.Auxiliary.ToDictionary(entry => entry.Key, entry => entry.Value.ToString()) : null,
    };

    private static EndpointResource Of(EndpointState endpoint, string name) => new()
    {
        Name = name,
        EndpointID = endpoint.Id,
        MacAddress = endpoint.MacAddress,
        IPv4Address = endpoint.IPv4.Length > 0 ? $"{endpoint.IPv4}/{endpoint.PrefixLength4}" : "",
        IPv6Address = endpoint.IPv6.Length > 0 ? $"{endpoint.IPv6}/{endpoint.PrefixLength6}" : "",
    };
}
