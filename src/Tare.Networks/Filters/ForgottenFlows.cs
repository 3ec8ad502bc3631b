using System.Net;
using System.Net.Sockets;
using Tare.Linux;
using Tare.Linux.Netlink.Connections;
using Tare.Networks.Endpoints;

namespace Tare.Networks.Filters;

/// <summary>
/// Makes the kernel forget connections when ports lead elsewhere: a translation is decided with the first packet, and a client that goes on sending
/// datagrams would reach the container that was there before, or none.
/// </summary>
internal sealed class ForgottenFlows(ConntrackNetlink connections) : IDisposable
{
    /// <summary>Endpoints that are gone: all connections from and to them.</summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public void Withdraw(IReadOnlyCollection<BridgeEndpoint> endpoints)
    {
        HashSet<IPAddress> addresses = [.. endpoints.SelectMany(static endpoint => new[] { endpoint.IPv4, endpoint.IPv6 }).OfType<IPAddress>()];
        // One list for all of them: its price is that of the kernel's whole table (9 ms where it has 262,144 buckets).
        if (addresses.Count > 0 && connections.Count() > 0) connections.Forget(entry => addresses.Contains(entry.Original.Source) || addresses.Contains(entry.Reply.Source));
    }

    /// <summary>Endpoints that are new: what has been sent to their ports before, which went to the host itself or to another endpoint. TCP begins anew by itself.</summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public void Publish(IReadOnlyCollection<BridgeEndpoint> endpoints)
    {
        HashSet<(TransportProtocol, IPAddress, ushort)>? ports = null;
        foreach (var port in endpoints.SelectMany(static endpoint => endpoint.Ports))
        {
            if (port.Protocol != TransportProtocol.Tcp) (ports ??= []).Add((port.Protocol, port.HostAddress, port.HostPort));
        }
        if (ports is null) return;
        foreach (var (protocol, six) in ports.Select(static port => (port.Item1, IsSix(port.Item2))).Distinct())
        {
            var any = six ? IPAddress.IPv6Any : IPAddress.Any;
            connections.Forget(
                new ConntrackFilter(six) { Protocol = (byte)protocol },
                entry => IsToHost(entry) && (ports.Contains((protocol, any, entry.Original.DestinationPort)) || ports.Contains((protocol, entry.Original.Destination, entry.Original.DestinationPort))));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => connections.Dispose();

    /// <summary>Translated to an endpoint, or not translated at all; one whose source alone is translated goes from a container to the outside.</summary>
    private static bool IsToHost(ConntrackEntry entry) => !entry.Reply.Source.Equals(entry.Original.Destination) || entry.Reply.Destination.Equals(entry.Original.Source);

    private static bool IsSix(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6;
}
