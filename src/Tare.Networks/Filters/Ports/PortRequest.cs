using System.Net;
using Tare.Linux;
using Tare.Networks.Endpoints;

namespace Tare.Networks.Filters.Ports;

/// <summary>Ports of the host that are to lead to one of a container: one number for all addresses.</summary>
/// <param name="Protocol">What is spoken over it.</param>
/// <param name="ContainerPort">The container's port.</param>
/// <param name="HostAddresses">Where it is to be reached: addresses of the host, <see cref="IPAddress.Any"/>, <see cref="IPAddress.IPv6Any"/>.</param>
/// <param name="First">The first host port that will do; 0 with <paramref name="Last"/> 0: any of the range from which the kernel chooses.</param>
/// <param name="Last">The last host port that will do.</param>
public sealed record PortRequest(TransportProtocol Protocol, ushort ContainerPort, IReadOnlyList<IPAddress> HostAddresses, ushort First, ushort Last)
{
    /// <summary>The container's address, which errors name.</summary>
    public IPAddress? ContainerIPv4 { get; init; }

    /// <summary>As <see cref="ContainerIPv4"/>, of IPv6.</summary>
    public IPAddress? ContainerIPv6 { get; init; }

    /// <summary>Whether only one port will do.</summary>
    public bool IsExact => First != 0 && First == Last;

    /// <summary>As Docker writes a binding: <c>0.0.0.0:8080:172.17.0.2:80/tcp</c>.</summary>
    internal string Describe(IPAddress hostAddress)
    {
        var six = hostAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        var container = (six ? ContainerIPv6 ?? ContainerIPv4 : ContainerIPv4 ?? ContainerIPv6) is { } address ? $"{Bracketed(address)}:" : "";
        var range = First == Last ? $"{First}" : $"{First}-{Last}";
        return $"{Bracketed(hostAddress)}:{range}:{container}{ContainerPort}/{Protocol.ToName()}";
    }

    private static string Bracketed(IPAddress address) => address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();
}

/// <summary>A port of the host that is ours as long as the socket is open.</summary>
/// <param name="Port">The port, and where it leads.</param>
/// <param name="Socket">
/// The bound socket, of TCP and SCTP also listening, non-blocking; null: the kernel has no such protocol, so that nobody else can have the port either.
/// </param>
public sealed record PortReservation(PublishedPort Port, Fd? Socket);
