using System.Net;
using System.Net.Sockets;

namespace Tare.Distribution.Endpoints;

/// <summary>Which registries may speak plain HTTP or have a certificate that nobody vouches for.</summary>
internal sealed class InsecureRegistries
{
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<IPNetwork> _networks = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    internal InsecureRegistries(IEnumerable<string> registries)
    {
        foreach (var registry in registries)
        {
            if (IPNetwork.TryParse(registry, out var network)) _networks.Add(network);
            else _names.Add(HostPort.OfAddress(registry));
        }
    }

    /// <summary>Whether <c>host[:port]</c> is one of them, by its name or by one of its addresses.</summary>
    internal async ValueTask<bool> ContainsAsync(string hostPort, CancellationToken ct)
    {
        if (_names.Contains(hostPort)) return true;
        var host = HostPort.Host(hostPort);
        if (string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)) return true;
        if (IPAddress.TryParse(host, out var address)) return IsListed(address);
        try
        {
            return (await Dns.GetHostAddressesAsync(host, ct)).Any(IsListed);
        }
        catch (SocketException)
        {
            return false; // a name that nobody knows is in no network; whoever connects will say so
        }
    }

    private bool IsListed(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return _networks.Any(network => network.Contains(address));
    }
}
