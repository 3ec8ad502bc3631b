using System.Net;
using Tare.Linux.Netlink;

namespace Tare.Linux.Tests.Netlink;

/// <summary>Routing netlink in a network namespace of the case's own, which has a loopback device and nothing else.</summary>
public sealed class RouteNetlinkTests : IDisposable
{
    private const byte AF_INET = 2;
    private const uint IFA_F_NOPREFIXROUTE = 0x200;
    private static readonly LinkId Nobody = new(77, "nobody0");

    private readonly Fd network;
    private readonly RouteNetlink netlink;

    public RouteNetlinkTests()
    {
        network = Namespaces.NewNetwork();
        netlink = RouteNetlink.OpenIn(network);
    }

    private LinkId Loopback => netlink.Find("lo")!.Id;

    public void Dispose()
    {
        netlink.Dispose();
        network.Dispose();
    }

    [Fact]
    public void Devices_are_found_by_name_and_by_index()
    {
        Assert.Equal(new LinkId(1, "lo"), Loopback);
        Assert.Equal("lo", netlink.Find(1)!.Id.Name);
        Assert.Null(netlink.Find("nosuch0"));
        Assert.Null(netlink.Find(77));
        Assert.Null(netlink.Find("a-name-longer-than-any-device-has"));
        Assert.Equal("lo", Assert.Single(netlink.Links()).Id.Name);
        using var own = RouteNetlink.Open();
        Assert.Equal(1, own.Find("lo")!.Id.Index);
    }

    [Fact]
    public void Addresses_are_given_read_and_taken()
    {
        var loopback = Assert.Single(netlink.Addresses(1), address => address.Family == AF_INET);
        Assert.True(loopback is { IsPermanent: true, IsGlobal: false, PrefixLength: 8 });
        Assert.Equal(IPAddress.Loopback, loopback.Address);
        Assert.Empty(netlink.Addresses(77));
        byte[] wanted = [10, 9, 8, 7];
        netlink.Execute(new AddressRequest(Loopback, new NetworkAddress(AF_INET, 24, 0, IFA_F_NOPREFIXROUTE, [(2, wanted), (1, wanted), (4, [10, 9, 8, 255])])));
        var given = Assert.Single(netlink.Addresses(1), address => address is { Family: AF_INET, IsGlobal: true });
        Assert.True(given.IsPermanent);
        Assert.Equal(IFA_F_NOPREFIXROUTE, given.Flags & IFA_F_NOPREFIXROUTE);
        Assert.Equal(24, given.PrefixLength);
        Assert.Equal(1, given.LinkIndex);
        Assert.All(given.Attributes.Where(attribute => attribute.Kind is 1 or 2), attribute => Assert.Equal(wanted, attribute.Value));
        Assert.Equal([10, 9, 8, 255], given.Attributes.Single(attribute => attribute.Kind == 4).Value);
        Assert.Equal(Errno.EEXIST, netlink.TryExecute(new AddressRequest(Loopback, given))[0].Error);
        netlink.Execute(new AddressRemoval(Loopback, given));
        Assert.DoesNotContain(netlink.Addresses(), address => address is { Family: AF_INET, IsGlobal: true });
    }

    [Fact]
    public void What_the_kernel_refuses_is_told_with_the_object_and_in_its_own_words()
    {
        using var other = Namespaces.NewNetwork();
        Assert.Equal(Errno.EINVAL, netlink.TryExecute(new LinkChange(Loopback) { Network = other, Name = "lo1" })[0].Error);
        Assert.Equal(Errno.ENODEV, netlink.TryExecute(new LinkChange(Nobody) { Up = true })[0].Error);
        Assert.Equal(Errno.ENODEV, netlink.TryExecute(new AddressRequest(Nobody, netlink.Addresses(1)[0]))[0].Error);
        var refused = Assert.Throws<LinuxException>(() => netlink.Execute(new RouteRequest(new NetworkRoute(NetworkRoute.AnyV4) { Gateway = IPAddress.Parse("10.1.1.1") })));
        Assert.Equal(Errno.ENETUNREACH, refused.Error);
        Assert.Equal("add the route to 0.0.0.0/0 via 10.1.1.1: network is unreachable (ENETUNREACH); the kernel says: Nexthop has invalid gateway", refused.Message);
    }

    [Fact]
    public void Each_of_many_commands_is_answered()
    {
        var commands = Enumerable.Range(0, 600).Select(number => (RouteCommand)new AddressRequest(number % 3 == 1 ? Nobody : Loopback, NetworkAddress.Of(new IPAddress([10, 1, (byte)(number / 200), (byte)(1 + (number % 200))]), 32))).ToArray();
        var answers = netlink.TryExecute(commands);
        Assert.All(answers.Index(), answer => Assert.Equal(answer.Index % 3 == 1 ? Errno.ENODEV : 0, answer.Item.Error));
        Assert.Equal(400, netlink.Addresses(1).Count(address => address is { Family: AF_INET, IsGlobal: true }));
    }

    [Fact]
    public void Routes_are_added_listed_and_removed()
    {
        netlink.Execute(
            new AddressRequest(Loopback, NetworkAddress.Of(IPAddress.Parse("10.1.0.1"), 24)),
            new RouteRequest(new NetworkRoute(NetworkRoute.AnyV4) { Gateway = IPAddress.Parse("10.1.0.9"), Metric = 50 }),
            new RouteRequest(new NetworkRoute(IPNetwork.Parse("10.7.0.0/16")) { LinkIndex = 1, Scope = RouteScope.Link, Source = IPAddress.Parse("10.1.0.1") }),
            new RouteRequest(new NetworkRoute(IPNetwork.Parse("10.8.0.0/16")) { LinkIndex = 1, Gateway = IPAddress.Parse("192.0.2.1"), OnLink = true, Table = 1000 }),
            new RouteRequest(new NetworkRoute(IPNetwork.Parse("10.9.0.0/16")) { Type = RouteType.Blackhole }),
            new RouteRequest(new NetworkRoute(IPNetwork.Parse("fd77::/64")) { LinkIndex = 1 }));
        var routes = netlink.Routes();
        Assert.Contains(routes, route => route is { Destination.PrefixLength: 0, Metric: 50, LinkIndex: 1 } && route.Gateway!.Equals(IPAddress.Parse("10.1.0.9")));
        Assert.Contains(routes, route => route is { LinkIndex: 1, Gateway: null, Scope: RouteScope.Link, Protocol: 4, Table: 254 } && route.Destination == IPNetwork.Parse("10.7.0.0/16") && route.Source!.Equals(IPAddress.Parse("10.1.0.1")));
        var onLink = Assert.Single(routes, route => route.Table == 1000);
        Assert.True(onLink.OnLink);
        Assert.Contains(routes, route => route.Type == RouteType.Blackhole && route.Destination == IPNetwork.Parse("10.9.0.0/16"));
        Assert.Contains(routes, route => route.Destination == IPNetwork.Parse("fd77::/64"));
        Assert.Contains(routes, route => route is { Table: 255, Type: RouteType.Local });
        netlink.Execute(new RouteRemoval(onLink));
        Assert.DoesNotContain(netlink.Routes(), route => route.Table == 1000);
    }

    [Fact]
    public void Settings_are_those_of_the_namespace()
    {
        var own = File.ReadAllText("/proc/sys/net/ipv4/ip_forward").Trim();
        Assert.Equal("0", NetworkSettings.Read(network, "ipv4/conf/lo/route_localnet"));
        NetworkSettings.Write(network, ("ipv4/ip_forward", own == "1" ? "0" : "1"), ("ipv4/conf/lo/route_localnet", "1"), ("ipv6/conf/all/disable_ipv6", "1"));
        Assert.Equal(own == "1" ? "0" : "1", NetworkSettings.Read(network, "ipv4/ip_forward"));
        Assert.Equal("1", NetworkSettings.Read(network, "ipv4/conf/lo/route_localnet"));
        Assert.Equal("1", NetworkSettings.Read(network, "ipv6/conf/lo/disable_ipv6"));
        Assert.Equal(own, File.ReadAllText("/proc/sys/net/ipv4/ip_forward").Trim());
        Assert.Null(NetworkSettings.Read(network, "ipv4/conf/nosuch0/forwarding"));
        Assert.Equal("set net/ipv4/ip_forward to x: invalid argument (EINVAL)", Assert.Throws<LinuxException>(() => NetworkSettings.Write(network, ("ipv4/ip_forward", "x"))).Message);
        Assert.Throws<ArgumentException>(() => NetworkSettings.Write(network, ("../kernel/hostname", "x")));
    }

    [Fact]
    public void A_route_takes_anothers_place_when_it_is_told_to()
    {
        netlink.Execute(new LinkRequest("wire0", new VethLink(new LinkRequest("wire1"))) { Up = true }, new LinkChange(new LinkId(0, "wire1")) { Up = true });
        var (one, two) = (netlink.Find("wire0")!.Id, netlink.Find("wire1")!.Id);
        netlink.Execute(
            new AddressRequest(one, NetworkAddress.Of(IPAddress.Parse("10.1.0.2"), 24)),
            new AddressRequest(two, NetworkAddress.Of(IPAddress.Parse("10.2.0.2"), 24)));
        var first = new RouteRequest(new NetworkRoute(NetworkRoute.AnyV4) { Gateway = IPAddress.Parse("10.1.0.1") });
        netlink.Execute(first);
        Assert.Equal(Errno.EEXIST, netlink.TryExecute(first)[0].Error);
        netlink.Execute(new RouteRequest(new NetworkRoute(NetworkRoute.AnyV4) { Gateway = IPAddress.Parse("10.2.0.1"), LinkIndex = two.Index }) { Replace = true });
        Assert.Equal("10.2.0.1", Assert.Single(netlink.Routes(), route => route is { Destination.PrefixLength: 0, Type: RouteType.Unicast }).Gateway!.ToString());
    }

    [Fact]
    public void A_device_without_an_address_of_its_own_making_and_the_groups_of_one()
    {
        using var monitor = LinkMonitor.OpenIn(network);
        Assert.False(Polling.WaitReadable(monitor.Descriptor, 0));
        netlink.Execute(
            new LinkRequest("wire0", new VethLink(new LinkRequest("wire1"))) { Up = true },
            new LinkChange(new LinkId(0, "wire0")) { LinkLocal = false },
            new LinkChange(new LinkId(0, "wire1")) { Up = true });
        var (quiet, usual) = (netlink.Find("wire0")!.Id, netlink.Find("wire1")!.Id);
        Assert.True(Polling.WaitReadable(monitor.Descriptor, 0));
        netlink.Execute(new AddressRequest(usual, NetworkAddress.Of(IPAddress.Parse("fd01::12:3456"), 64)));
        while (!netlink.Groups(usual.Index).Contains(IPAddress.Parse("ff02::1:ff12:3456")))
        {
            monitor.Take();
            if (netlink.Groups(usual.Index).Contains(IPAddress.Parse("ff02::1:ff12:3456"))) break;
            Assert.True(Polling.WaitReadable(monitor.Descriptor, 10_000));
        }
        Assert.Contains(netlink.Addresses(usual.Index), address => address.Address!.IsIPv6LinkLocal);
        Assert.Empty(netlink.Addresses(quiet.Index));
        Assert.Equal(Errno.ENODEV, Assert.Throws<LinuxException>(() => netlink.Groups(77)).Error);
    }

    [Fact]
    public void Settings_below_a_folder_are_the_namespaces_of_who_has_opened_it()
    {
        using var folder = Namespaces.InNetwork(network, () => NetworkSettings.OpenFolder("ipv6/conf"))!;
        var own = NetworkSettings.Read(null, "ipv6/conf/lo/hop_limit");
        Assert.Equal(0, NetworkSettings.TryWrite(folder, "lo/hop_limit", "77"));
        Assert.Equal("77", NetworkSettings.Read(network, "ipv6/conf/lo/hop_limit"));
        Assert.Equal(own, NetworkSettings.Read(null, "ipv6/conf/lo/hop_limit"));
        Assert.Equal(Errno.ENOENT, NetworkSettings.TryWrite(folder, "no0/hop_limit", "77"));
        Assert.Throws<ArgumentException>(() => NetworkSettings.TryWrite(folder, "../lo", "1"));
        Assert.Null(NetworkSettings.OpenFolder("ipv6/nosuch"));
    }
}
