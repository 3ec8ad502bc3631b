using System.Net;
using System.Net.Sockets;
using Tare.Linux;
using Tare.Networks.Endpoints;
using static Tare.Networks.Tests.Filters.FilterLab;

namespace Tare.Networks.Tests.Filters;

/// <summary>Who reaches whom through the packet filter, and whom the server sees.</summary>
public sealed class BridgeFilterTests : IDisposable
{
    private readonly FilterLab lab = new();

    public void Dispose() => lab.Dispose();

    [Fact]
    public void A_published_port_is_reached_from_everywhere_and_shows_the_client()
    {
        var (network, other) = (lab.AddBridge(1), lab.AddBridge(2));
        var (web, neighbour, stranger) = (lab.AddSandbox(1, 2), lab.AddSandbox(1, 3), lab.AddSandbox(2, 2));
        using var server = lab.Listen(web, 80);
        lab.Filter.Add(network);
        lab.Filter.Add(other);
        lab.AssertFails(lab.Outside, HostAt(8080));
        lab.Filter.Add(EndpointOf(1, 2, Tcp("0.0.0.0", 8080, 80)), EndpointOf(1, 3), EndpointOf(2, 2));

        Assert.Equal("192.0.2.2", lab.AssertPasses(lab.Outside, HostAt(8080), server));
        Assert.Equal("192.0.2.1", lab.AssertPasses(lab.Host, HostAt(8080), server));
        // From 127.0.0.1, which cannot be answered.
        Assert.Equal("10.1.0.1", lab.AssertPasses(lab.Host, new IPEndPoint(IPAddress.Loopback, 8080), server));
        Assert.Equal("10.1.0.1", lab.AssertPasses(lab.Host, new IPEndPoint(IPAddress.Parse("10.1.0.1"), 8080), server));
        // Itself, its neighbour and another bridge's container, by each address of the host.
        Assert.Equal("10.1.0.1", lab.AssertPasses(web, HostAt(8080), server));
        Assert.Equal("10.1.0.1", lab.AssertPasses(neighbour, HostAt(8080), server));
        Assert.Equal("10.1.0.1", lab.AssertPasses(neighbour, new IPEndPoint(IPAddress.Parse("10.1.0.1"), 8080), server));
        lab.AssertPasses(stranger, HostAt(8080), server);
        lab.AssertPasses(stranger, new IPEndPoint(IPAddress.Parse("10.2.0.1"), 8080), server);
        Assert.Equal("10.1.0.3", lab.AssertPasses(neighbour, new IPEndPoint(IPAddress.Parse("10.1.0.2"), 80), server));

        lab.Filter.Remove(EndpointOf(1, 2));
        lab.AssertFails(lab.Outside, HostAt(8080));
        lab.Filter.Remove(EndpointOf(1, 2));
    }

    [Fact]
    public void A_published_port_of_IPv6()
    {
        var network = lab.AddBridge(1);
        var (web, neighbour) = (lab.AddSandbox(1, 2), lab.AddSandbox(1, 3));
        using var server = lab.Listen(web, 80, six: true);
        lab.Filter.Add(network);
        lab.Filter.Add(EndpointOf(1, 2, Tcp("::", 8080, 80), Tcp("2001:db8::1", 8081, 80)));
        Assert.Equal("2001:db8::2", lab.AssertPasses(lab.Outside, HostAt6(8080), server));
        Assert.Equal("2001:db8::2", lab.AssertPasses(lab.Outside, HostAt6(8081), server));
        Assert.Equal("fd01::1", lab.AssertPasses(neighbour, HostAt6(8080), server));
        Assert.Equal("fd01::1", lab.AssertPasses(web, HostAt6(8080), server));
        lab.AssertFails(lab.Outside, new IPEndPoint(IPAddress.Parse("fd01::2"), 80));
    }

    [Fact]
    public void What_is_not_published_is_not_reached_from_outside_or_another_bridge()
    {
        var (network, other) = (lab.AddBridge(1), lab.AddBridge(2));
        var (web, stranger) = (lab.AddSandbox(1, 2), lab.AddSandbox(2, 2));
        using var server = lab.Listen(web, 80);
        var direct = new IPEndPoint(IPAddress.Parse("10.1.0.2"), 80);
        // Without the filter it is: what follows is the filter's doing.
        lab.AssertPasses(lab.Outside, direct, server);
        lab.AssertPasses(stranger, direct, server);
        lab.Filter.Add(network);
        lab.Filter.Add(other);
        lab.Filter.Add(EndpointOf(1, 2, Tcp("0.0.0.0", 8080, 80)), EndpointOf(2, 2));
        lab.AssertFails(lab.Outside, direct);
        lab.AssertFails(stranger, direct);
        lab.AssertPasses(lab.Host, direct, server);
    }

    [Fact]
    public void A_port_of_one_address_is_not_reached_at_another()
    {
        var network = lab.AddBridge(1);
        var (web, neighbour) = (lab.AddSandbox(1, 2), lab.AddSandbox(1, 3));
        using var server = lab.Listen(web, 80);
        lab.Filter.Add(network);
        lab.Filter.Add(EndpointOf(1, 2, Tcp("127.0.0.1", 8080, 80), Tcp("192.0.2.1", 8081, 80)));
        Assert.Equal("10.1.0.1", lab.AssertPasses(lab.Host, new IPEndPoint(IPAddress.Loopback, 8080), server));
        lab.AssertFails(lab.Outside, HostAt(8080));
        lab.AssertFails(neighbour, new IPEndPoint(IPAddress.Parse("10.1.0.1"), 8080));
        Assert.Equal("192.0.2.2", lab.AssertPasses(lab.Outside, HostAt(8081), server));
        lab.AssertFails(neighbour, new IPEndPoint(IPAddress.Parse("10.1.0.1"), 8081));
    }

    [Fact]
    public void Nobody_reaches_the_loopback_addresses_of_the_host()
    {
        var network = lab.AddBridge(1);
        var web = lab.AddSandbox(1, 2);
        using var secret = lab.Listen(lab.Host, 9000, at: "127.0.0.1");
        using var server = lab.Listen(web, 80);
        // Whoever is root in a container, or on the machine outside, sends what it likes.
        foreach (var client in new[] { web, lab.Outside })
        {
            NetworkSettings(client, "ipv4/conf/eth0/route_localnet", "1");
            Route(client);
        }
        NetworkSettings(lab.Host, "ipv4/conf/up0/route_localnet", "1");
        var target = new IPEndPoint(IPAddress.Parse("127.0.0.1"), 9000);
        Assert.NotNull(lab.TryConnect(web, target));
        lab.Filter.Add(network);
        lab.Filter.Add(EndpointOf(1, 2, Tcp("127.0.0.1", 8080, 80)));
        lab.AssertFails(web, target);
        lab.AssertFails(web, new IPEndPoint(IPAddress.Loopback, 8080));
        lab.AssertFails(lab.Outside, new IPEndPoint(IPAddress.Loopback, 8080));
        lab.AssertPasses(lab.Host, new IPEndPoint(IPAddress.Loopback, 8080), server);

        static void NetworkSettings(Fd network, string path, string value) => Tare.Linux.Netlink.NetworkSettings.Write(network, (path, value));

        // Its own loopback device is in the way.
        static void Route(Fd network)
        {
            using var links = Tare.Linux.Netlink.RouteNetlink.OpenIn(network);
            var lo = links.Find("lo")!.Id;
            links.Execute(new Tare.Linux.Netlink.AddressRemoval(lo, Tare.Linux.Netlink.NetworkAddress.Of(IPAddress.Loopback, 8)));
            var gateway = links.Routes().First(route => route.Gateway is { AddressFamily: AddressFamily.InterNetwork }).Gateway;
            links.Execute(new Tare.Linux.Netlink.RouteRequest(new Tare.Linux.Netlink.NetworkRoute(IPNetwork.Parse("127.0.0.1/32")) { Gateway = gateway }));
        }
    }

    [Fact]
    public void What_containers_send_to_the_outside_gets_the_address_of_the_host()
    {
        var (network, fixedAddress, own) = (lab.AddBridge(1), lab.AddBridge(2, options: ("host_ipv4", "192.0.2.1")), lab.AddBridge(3, options: ("bridge.enable_ip_masquerade", "false")));
        var (first, second, third) = (lab.AddSandbox(1, 2), lab.AddSandbox(2, 2), lab.AddSandbox(3, 2));
        using var server = lab.Listen(lab.Outside, 80);
        using var server6 = lab.Listen(lab.Outside, 81, six: true);
        var target = new IPEndPoint(IPAddress.Parse("192.0.2.2"), 80);
        foreach (var added in new[] { network, fixedAddress, own }) lab.Filter.Add(added);
        Assert.Equal("192.0.2.1", lab.AssertPasses(first, target, server));
        Assert.Equal("2001:db8::1", lab.AssertPasses(first, new IPEndPoint(IPAddress.Parse("2001:db8::2"), 81), server6));
        Assert.Equal("192.0.2.1", lab.AssertPasses(second, target, server));
        Assert.Equal("10.3.0.2", lab.AssertPasses(third, target, server));
    }

    [Fact]
    public void Nothing_leads_into_an_internal_network_or_out_of_it()
    {
        var (network, other) = (lab.AddBridge(1, isInternal: true), lab.AddBridge(2));
        var (inner, neighbour, web) = (lab.AddSandbox(1, 2), lab.AddSandbox(1, 3), lab.AddSandbox(2, 2));
        using var server = lab.Listen(inner, 80);
        using var published = lab.Listen(web, 80);
        using var outer = lab.Listen(lab.Outside, 80);
        lab.Filter.Add(network);
        lab.Filter.Add(other);
        lab.Filter.Add(EndpointOf(1, 2, Tcp("0.0.0.0", 8080, 80)), EndpointOf(2, 2, Tcp("0.0.0.0", 8081, 80)));
        lab.AssertPasses(neighbour, new IPEndPoint(IPAddress.Parse("10.1.0.2"), 80), server);
        lab.AssertFails(inner, new IPEndPoint(IPAddress.Parse("192.0.2.2"), 80));
        lab.AssertFails(inner, HostAt(8081));
        lab.AssertFails(lab.Outside, HostAt(8080));
        lab.AssertFails(web, new IPEndPoint(IPAddress.Parse("10.1.0.2"), 80));
        lab.AssertPasses(lab.Outside, HostAt(8081), published);
    }

    [Fact]
    public void Without_icc_neighbours_reach_published_ports_alone()
    {
        var network = lab.AddBridge(1, options: ("bridge.enable_icc", "false"));
        var (web, neighbour) = (lab.AddSandbox(1, 2), lab.AddSandbox(1, 3));
        using var server = lab.Listen(web, 80);
        using var other = lab.Listen(web, 81);
        lab.Filter.Add(network);
        lab.Filter.Add(EndpointOf(1, 2, Tcp("0.0.0.0", 8080, 80)));
        lab.AssertPasses(neighbour, HostAt(8080), server);
        // What goes straight through the bridge never comes here; what the host routes within it does.
        using var links = Tare.Linux.Netlink.RouteNetlink.OpenIn(neighbour);
        links.Execute(new Tare.Linux.Netlink.RouteRequest(new Tare.Linux.Netlink.NetworkRoute(IPNetwork.Parse("10.1.0.2/32")) { Gateway = IPAddress.Parse("10.1.0.1") }));
        lab.AssertFails(neighbour, new IPEndPoint(IPAddress.Parse("10.1.0.2"), 81));
        lab.Filter.Add(NetworkOf(1));
        lab.AssertPasses(neighbour, new IPEndPoint(IPAddress.Parse("10.1.0.2"), 81), other);
        lab.AssertPasses(lab.Outside, HostAt(8080), server);
    }

    [Fact]
    public void Rules_of_the_administrators_own_come_before()
    {
        // The example of docs/networks.md.
        var file = Path.GetTempFileName();
        File.WriteAllText(file, """
            table inet admin {
              chain forward {
                type filter hook forward priority filter - 5; policy accept;
                iifname "up0" meta l4proto tcp ct original proto-dst 8080 ip saddr != 198.51.100.0/24 drop
                iifname "br1" ip daddr 192.0.2.2 tcp dport 25 drop
              }
            }
            """);
        lab.Filter.Add(lab.AddBridge(1));
        var web = lab.AddSandbox(1, 2);
        using var server = lab.Listen(web, 80);
        using var mail = lab.Listen(lab.Outside, 25);
        lab.Filter.Add(EndpointOf(1, 2, Tcp("0.0.0.0", 8080, 80), Tcp("0.0.0.0", 8081, 80)));
        lab.AssertPasses(lab.Outside, HostAt(8080), server);
        lab.AssertPasses(web, new IPEndPoint(IPAddress.Parse("192.0.2.2"), 25), mail);
        // Where the machine has no nft there are no such rules either.
        var answer = lab.Run("nft", "-f", file);
        File.Delete(file);
        if (answer is null) return;
        Assert.Equal("", answer);
        lab.AssertFails(lab.Outside, HostAt(8080));
        lab.AssertPasses(lab.Outside, HostAt(8081), server);
        lab.AssertPasses(lab.Host, HostAt(8080), server);
        lab.AssertFails(web, new IPEndPoint(IPAddress.Parse("192.0.2.2"), 25));
    }

    [Fact]
    public void Gateway_modes()
    {
        var (open, routed) = (lab.AddBridge(1, options: ("bridge.gateway_mode_ipv4", "nat-unprotected")), lab.AddBridge(2, options: ("bridge.gateway_mode_ipv4", "routed")));
        var (first, second) = (lab.AddSandbox(1, 2), lab.AddSandbox(2, 2));
        using var one = lab.Listen(first, 80);
        using var two = lab.Listen(second, 80);
        using var hidden = lab.Listen(second, 81);
        using var outer = lab.Listen(lab.Outside, 80);
        lab.Filter.Add(open);
        lab.Filter.Add(routed);
        lab.Filter.Add(EndpointOf(1, 2, Tcp("0.0.0.0", 8080, 80)), EndpointOf(2, 2, Tcp("0.0.0.0", 8081, 80), Tcp("192.0.2.1", 8082, 80)));
        lab.AssertPasses(lab.Outside, new IPEndPoint(IPAddress.Parse("10.1.0.2"), 80), one);
        lab.AssertPasses(lab.Outside, HostAt(8080), one);
        Assert.Equal("192.0.2.1", lab.AssertPasses(first, new IPEndPoint(IPAddress.Parse("192.0.2.2"), 80), outer));
        Assert.Equal("192.0.2.2", lab.AssertPasses(lab.Outside, new IPEndPoint(IPAddress.Parse("10.2.0.2"), 80), two));
        lab.AssertFails(lab.Outside, new IPEndPoint(IPAddress.Parse("10.2.0.2"), 81));
        lab.AssertFails(lab.Outside, HostAt(8081));
        Assert.Equal("10.2.0.2", lab.AssertPasses(second, new IPEndPoint(IPAddress.Parse("192.0.2.2"), 80), outer));
    }

    [Fact]
    public void Datagrams_of_a_client_go_to_the_new_container_at_once()
    {
        var network = lab.AddBridge(1);
        var (first, second) = (lab.AddSandbox(1, 2), lab.AddSandbox(1, 3));
        using var early = lab.Datagrams(lab.Host, 5300);
        using var one = lab.Datagrams(first, 53);
        using var two = lab.Datagrams(second, 53);
        using var client = lab.Datagrams(lab.Outside, 4000);
        lab.Filter.Add(network);
        // To the host itself: what comes after must not follow it.
        AssertArrives(early, 1);
        lab.Filter.Add(EndpointOf(1, 2, Udp("0.0.0.0", 5300, 53)));
        AssertArrives(one, 2);
        lab.Filter.Remove(EndpointOf(1, 2));
        lab.Filter.Add(EndpointOf(1, 3, Udp("0.0.0.0", 5300, 53)));
        AssertArrives(two, 3);
        // The same endpoint at another port.
        using var three = lab.Datagrams(second, 54);
        lab.Filter.Add(EndpointOf(1, 3, Udp("0.0.0.0", 5300, 54)));
        AssertArrives(three, 4);

        void AssertArrives(Socket server, byte value)
        {
            var received = new byte[2];
            client.SendTo([value], HostAt(5300));
            Assert.Equal(1, server.Receive(received));
            Assert.Equal(value, received[0]);
        }
    }
}
