using System.Net;
using Tare.Linux.Netlink;
using Tare.Networks;
using Tare.Networks.Endpoints;

namespace Tare.Engine.Networks;

/// <summary>A container's place on a network while it runs, as it is written down with its state: before anything of the kernel's is made for it.</summary>
internal sealed record EndpointState
{
    /// <summary>The network's id.</summary>
    public string NetworkId { get; init; } = "";

    /// <summary>The network's name, by which the container's settings have it.</summary>
    public string NetworkName { get; init; } = "";

    /// <summary>The endpoint's own id.</summary>
    public string Id { get; init; } = "";

    /// <summary>Number of the device in the container: 0 is eth0.</summary>
    public int Number { get; init; }

    /// <summary>The device's name in the container; empty where there is none.</summary>
    public string Device { get; init; } = "";

    public string MacAddress { get; init; } = "";

    public string IPv4 { get; init; } = "";

    public int PrefixLength4 { get; init; }

    public string Gateway4 { get; init; } = "";

    public string IPv6 { get; init; } = "";

    public int PrefixLength6 { get; init; }

    public string Gateway6 { get; init; } = "";

    /// <summary>What is published through this endpoint.</summary>
    public IReadOnlyList<PortState>? Ports { get; init; }

    /// <summary>Whether a running container is still being connected: what there is of it is not whole.</summary>
    public bool IsPending { get; init; }

    /// <summary>Whether the kernel has something for it: not for host and none.</summary>
    public bool HasDevice => MacAddress.Length > 0;

    /// <summary>Its address of each family that it has.</summary>
    public (IPAddress? IPv4, IPAddress? IPv6) ToAddresses() => (AddressOf(IPv4), AddressOf(IPv6));

    /// <summary>What the driver takes.</summary>
    public BridgeEndpoint ToEndpoint(string containerId)
    {
        var (ipv4, ipv6) = ToAddresses();
        return new BridgeEndpoint
        {
            Id = Id,
            NetworkId = NetworkId,
            ContainerId = containerId,
            HardwareAddress = HardwareAddress.TryParse(MacAddress, out var address) ? address : default,
            IPv4 = ipv4,
            IPv6 = ipv6,
            Ports = [.. (Ports ?? []).Select(port => port.ToPort())],
        };
    }

    /// <summary>An endpoint of the network without addresses: that of a container in the host's network, or in none.</summary>
    public static EndpointState Bare(Network network) => new() { NetworkId = network.Id, NetworkName = network.Name, Id = NetworkStore.NewId() };

    public static IPAddress? AddressOf(string text) => text.Length == 0 ? null : IPAddress.Parse(text);
}

/// <summary>A published port, as it is written down.</summary>
/// <param name="Protocol">Its number.</param>
/// <param name="ContainerPort">The container's port.</param>
/// <param name="HostAddress">The address of the host; that of all where it is for every one.</param>
/// <param name="HostPort">The host's port.</param>
internal sealed record PortState(TransportProtocol Protocol, ushort ContainerPort, string HostAddress, ushort HostPort)
{
    public static PortState Of(PublishedPort port) => new(port.Protocol, port.ContainerPort, port.HostAddress.ToString(), port.HostPort);

    public PublishedPort ToPort() => new(Protocol, ContainerPort, IPAddress.Parse(HostAddress), HostPort);
}
