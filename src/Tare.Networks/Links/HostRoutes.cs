using System.Net;
using Tare.Linux;
using Tare.Linux.Netlink;

namespace Tare.Networks.Links;

/// <summary>What the host is connected with, and networks from pools keep away from.</summary>
public static class HostRoutes
{
    /// <summary>
    /// Shorter prefixes are no networks: they are how VPNs say "everything" beside the default route (0.0.0.0/1, 128.0.0.0/1), and would leave no pool.
    /// </summary>
    private const int ShortestPrefix = 8;

    private static readonly IPNetwork LinkLocal = new(IPAddress.Parse("fe80::"), 10);

    /// <summary>
    /// The networks that the host has addresses in, or reaches without a router; as Docker, not those behind one, since VPNs announce all of 10.0.0.0/8 for the
    /// few that there are.
    /// </summary>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public static IReadOnlyList<IPNetwork> Read(HostNetwork host) => host.Use(links =>
    {
        var found = new HashSet<IPNetwork>();
        foreach (var route in links.Routes())
        {
            if (route is { Type: RouteType.Unicast, Gateway: null }) Add(route.Destination);
        }

        foreach (var address in links.Addresses())
        {
            if (address is { IsGlobal: true, Address: { } own }) Add(Around(own, address.PrefixLength));
        }

        return found.ToList();

        void Add(IPNetwork network)
        {
            if (network.PrefixLength >= ShortestPrefix && !LinkLocal.Contains(network.BaseAddress) && !IPAddress.IsLoopback(network.BaseAddress)) found.Add(network);
        }
    });

    private static IPNetwork Around(IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++) bytes[i] &= (byte)(0xff00 >> Math.Clamp(prefix - (i * 8), 0, 8));
        return new IPNetwork(new IPAddress(bytes), prefix);
    }
}
