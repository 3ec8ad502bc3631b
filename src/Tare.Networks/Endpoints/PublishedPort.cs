using System.Globalization;
using System.Net;

namespace Tare.Networks.Endpoints;

/// <summary>A port of the host that leads to one of a container.</summary>
/// <param name="Protocol">What is spoken over it.</param>
/// <param name="ContainerPort">The container's port.</param>
/// <param name="HostAddress">Where it is: an address of the host, or all of one family (<see cref="IPAddress.Any"/>, <see cref="IPAddress.IPv6Any"/>).</param>
/// <param name="HostPort">The host's port.</param>
public readonly record struct PublishedPort(TransportProtocol Protocol, ushort ContainerPort, IPAddress HostAddress, ushort HostPort);

/// <summary>A protocol with ports, by its number (IANA, Protocol Numbers).</summary>
public enum TransportProtocol : byte
{
    /// <summary>TCP.</summary>
    Tcp = 6,

    /// <summary>UDP.</summary>
    Udp = 17,

    /// <summary>SCTP.</summary>
    Sctp = 132,
}

/// <summary>Protocols as users write them.</summary>
public static class TransportProtocols
{
    /// <summary>The name in <c>80/tcp</c>.</summary>
    public static string ToName(this TransportProtocol protocol) => protocol switch
    {
        TransportProtocol.Tcp => "tcp",
        TransportProtocol.Udp => "udp",
        TransportProtocol.Sctp => "sctp",
        _ => ((byte)protocol).ToString(CultureInfo.InvariantCulture),
    };
}
