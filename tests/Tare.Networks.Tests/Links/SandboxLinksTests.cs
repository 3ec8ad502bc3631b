using System.Net;
using System.Net.Sockets;
using Tare.Errors;
using Tare.Linux;
using Tare.Linux.Netlink;
using Tare.Networks.Links;
using static Tare.Networks.Tests.Links.LinkFixture;

namespace Tare.Networks.Tests.Links;

/// <summary>Containers on bridges, and what passes between them.</summary>
public sealed class SandboxLinksTests : IDisposable
{
    private readonly LinkFixture fixture = new();

    public void Dispose() => fixture.Dispose();

    [Fact]
    public void Containers_reach_each_other_their_gateway_and_the_host_them()
    {
        var network = fixture.Make("10.1.0.0/24", "fd01::/64");
        var ((first, _), (second, _)) = (fixture.Container(network, 2), fixture.Container(network, 3));
        using var server4 = fixture.Listen(second.Namespace, IPAddress.Any, 80);
        using var server6 = fixture.Listen(second.Namespace, IPAddress.IPv6Any, 81);
        using var onHost = fixture.Listen(fixture.Host, IPAddress.Any, 80);
        Assert.Equal("10.1.0.2", Reach(first.Namespace, "10.1.0.3", server4));
        Assert.Equal("fd01::2", Reach(first.Namespace, "fd01::3", server6));
        Assert.Equal("10.1.0.1", Reach(fixture.Host, "10.1.0.3", server4));
        Assert.Equal("fd01::1", Reach(fixture.Host, "fd01::3", server6));
        Assert.Equal("10.1.0.2", Reach(first.Namespace, "10.1.0.1", onHost));
    }

    [Fact]
    public void The_cable_is_as_it_should_be()
    {
        var network = fixture.Make("10.1.0.0/24", null, ("com.docker.network.driver.mtu", "1400"), ("com.docker.network.container_iface_prefix", "net"));
        var sandbox = fixture.NewSandbox();
        var endpoint = fixture.Attach(network, sandbox, 2, SandboxLinks.NameOf(network, 7));
        var port = fixture.HostDevice(endpoint.HostDevice)!;
        Assert.True(port is { Kind: "veth", Mtu: 1400, IsRunning: true, Hairpin: true, Isolated: false });
        Assert.Equal(fixture.HostDevice(network.Device)!.Id.Index, port.MasterIndex);
        Assert.Equal($"tare engine-1 endpoint {endpoint.Id}", port.Alias);
        var device = sandbox.Use(links => links.Find("net7"))!;
        Assert.True(device is { Id.Index: 2, Mtu: 1400, IsRunning: true } && device.HardwareAddress == endpoint.HardwareAddress);
        Assert.Equal("02:42:0a:01:00:02", device.HardwareAddress.ToString());
        Assert.Equal("10.1.0.2/24", Assert.Single(sandbox.Use(links => links.Addresses(2))).ToString());
        Assert.Equal("1", NetworkSettings.Read(sandbox.Namespace, "ipv6/conf/net7/disable_ipv6"));
        Assert.Equal("0", NetworkSettings.Read(sandbox.Namespace, "ipv6/conf/lo/disable_ipv6"));
    }

    [Fact]
    public void What_is_ready_is_reached_at_the_first_attempt()
    {
        // The kernel asks again after a second: what is lost shows in the time.
        var network = fixture.Make("10.1.0.0/24", "fd01::/64");
        var (client, _) = fixture.Container(network, 2);
        for (byte number = 3; number < 23; number++)
        {
            var (sandbox, _) = fixture.Container(network, number);
            using var server = fixture.Listen(sandbox.Namespace, IPAddress.Any, 80);
            using var server6 = fixture.Listen(sandbox.Namespace, IPAddress.IPv6Any, 81);
            Assert.NotNull(fixture.Reach(client.Namespace, IPAddress.Parse($"fd01::{number:x}"), server6, 900));
            Assert.NotNull(fixture.Reach(client.Namespace, IPAddress.Parse($"10.1.0.{number}"), server, 900));
        }
    }

    [Fact]
    public void What_comes_from_elsewhere_to_the_first_container_of_a_network_is_passed_on_at_once()
    {
        var (client, _) = fixture.Container(fixture.Make("10.1.0.0/24", "fd01::/64"), 2);
        for (byte number = 2; number < 6; number++)
        {
            var (sandbox, _) = fixture.Container(fixture.Make($"10.{number}.0.0/24", $"fd0{number}::/64"), 2);
            using var server = fixture.Listen(sandbox.Namespace, IPAddress.IPv6Any, 81);
            Assert.NotNull(fixture.Reach(client.Namespace, IPAddress.Parse($"fd0{number}::2"), server, 900));
        }
    }

    [Fact]
    public void A_network_of_IPv6_alone_has_no_IPv4()
    {
        var network = fixture.Make(null, "fd01::/64");
        var ((first, endpoint), (second, _)) = (fixture.Container(network, 2), fixture.Container(network, 3));
        using var server = fixture.Listen(second.Namespace, IPAddress.IPv6Any, 80);
        Assert.Equal("fd01::2", Reach(first.Namespace, "fd01::3", server));
        Assert.Null(endpoint.IPv4);
        Assert.DoesNotContain(first.Use(links => links.Addresses(2)), address => address.Address!.AddressFamily == AddressFamily.InterNetwork);
    }

    [Fact]
    public void Without_inter_container_traffic_they_reach_the_gateway_alone()
    {
        var network = fixture.Make("10.1.0.0/24", "fd01::/64", (BridgePrefix + "enable_icc", "false"));
        var ((first, _), (second, _)) = (fixture.Container(network, 2), fixture.Container(network, 3));
        using var server = fixture.Listen(second.Namespace, IPAddress.Any, 80);
        using var onHost = fixture.Listen(fixture.Host, IPAddress.Any, 80);
        Assert.Equal("10.1.0.2", Reach(first.Namespace, "10.1.0.1", onHost));
        Assert.Equal("10.1.0.1", Reach(fixture.Host, "10.1.0.3", server));
        Assert.Null(fixture.Reach(first.Namespace, IPAddress.Parse("10.1.0.3"), server, 300));
    }

    [Fact]
    public void A_container_in_several_networks_has_one_way_out_at_a_time()
    {
        var (one, two) = (fixture.Make("10.1.0.0/24", "fd01::/64"), fixture.Make("10.2.0.0/24", "fd02::/64"));
        var sandbox = fixture.NewSandbox();
        fixture.Attach(one, sandbox, 2, "eth0");
        Assert.Equal(["0.0.0.0/0 via 10.1.0.1", "::/0 via fd01::1"], Defaults());
        var second = fixture.Attach(two, sandbox, 2, "eth1");
        Assert.Equal(["0.0.0.0/0 via 10.2.0.1", "::/0 via fd02::1"], Defaults());
        SandboxLinks.SetGateways(sandbox, WayOut(one, "eth0", AddressFamily.InterNetwork), WayOut(two, "eth1", AddressFamily.InterNetworkV6));
        Assert.Equal(["0.0.0.0/0 via 10.1.0.1", "::/0 via fd02::1"], Defaults());
        fixture.Links.Detach(second);
        Assert.Equal(["0.0.0.0/0 via 10.1.0.1"], Defaults());
        SandboxLinks.SetGateways(sandbox, null, null);
        SandboxLinks.SetGateways(sandbox, null, null);
        Assert.Empty(Defaults());
        SandboxLinks.SetGateways(sandbox, new SandboxGateway("eth0", null), null);
        Assert.Equal(["0.0.0.0/0"], Defaults());
        SandboxLinks.SetGateways(sandbox, null, null);
        Assert.Empty(Defaults());
        Assert.Equal("the container has no network device eth1", Assert.Throws<TareException>(() => SandboxLinks.SetGateways(sandbox, null, WayOut(two, "eth1", AddressFamily.InterNetworkV6))).Message);

        IEnumerable<string> Defaults() => sandbox.Use(links => links.Routes()).Where(route => route.Destination.PrefixLength == 0 && route.Type == RouteType.Unicast).Select(route => route.ToString()).Order();
    }

    [Fact]
    public void A_default_route_of_the_containers_own_making_stays()
    {
        var network = fixture.Make("10.1.0.0/24");
        var (sandbox, _) = fixture.Container(network, 2);
        SandboxLinks.SetGateways(sandbox, null, null);
        sandbox.Use(links =>
        {
            links.Execute(new RouteRequest(new NetworkRoute(NetworkRoute.AnyV4) { Gateway = IPAddress.Parse("10.1.0.9"), Protocol = 3 }));
            return 0;
        });
        SandboxLinks.SetGateways(sandbox, null, null);
        Assert.Equal("10.1.0.9", Assert.Single(sandbox.Use(links => links.Routes()), route => route.Destination.PrefixLength == 0 && route.Type == RouteType.Unicast).Gateway!.ToString());
    }

    [Fact]
    public void Detaching_takes_both_ends_and_may_be_repeated()
    {
        var network = fixture.Make("10.1.0.0/24");
        var (sandbox, endpoint) = fixture.Container(network, 2);
        fixture.Links.Detach(endpoint);
        fixture.Links.Detach(endpoint);
        Assert.Null(fixture.HostDevice(endpoint.HostDevice));
        Assert.Equal("lo", Assert.Single(sandbox.Use(links => links.Links())).Id.Name);
        fixture.Attach(network, sandbox, 2);
    }

    [Fact]
    public void Who_is_silenced_is_not_reached_and_another_may_have_the_address()
    {
        var network = fixture.Make("10.1.0.0/24");
        var ((client, _), (first, endpoint)) = (fixture.Container(network, 2), fixture.Container(network, 3));
        using var server = fixture.Listen(first.Namespace, IPAddress.Any, 80);
        Assert.NotNull(Reach(client.Namespace, "10.1.0.3", server));
        fixture.Links.Silence(endpoint);
        Assert.Null(fixture.Reach(client.Namespace, IPAddress.Parse("10.1.0.3"), server, 300));
        var (second, _) = fixture.Container(network, 3);
        using var other = fixture.Listen(second.Namespace, IPAddress.Any, 80);
        Assert.NotNull(Reach(client.Namespace, "10.1.0.3", other));
        fixture.Links.Detach(endpoint);
        fixture.Links.Silence(endpoint);
        Assert.NotNull(Reach(client.Namespace, "10.1.0.3", other));
    }

    [Fact]
    public void What_fails_half_way_leaves_nothing()
    {
        var network = fixture.Make("10.1.0.0/24");
        var (sandbox, first) = fixture.Container(network, 2);
        // The name is taken in the container; the address is no device's; it is in no subnet; the bridge is gone.
        var endpoint = Endpoint(network, fixture.NewId(), 3);
        Assert.Throws<LinuxException>(() => fixture.Links.Attach(network, endpoint, sandbox, "eth0"));
        Assert.Throws<LinuxException>(() => fixture.Links.Attach(fixture.Plan(null, "ff02::/64") with { Device = network.Device }, endpoint with { IPv4 = null, IPv6 = IPAddress.Parse("ff02::5") }, sandbox, "eth1"));
        Assert.Throws<TareException>(() => fixture.Links.Attach(network, endpoint with { IPv4 = IPAddress.Parse("10.9.0.5") }, sandbox, "eth1"));
        Assert.Throws<TareException>(() => fixture.Links.Attach(network with { Device = "br-gone" }, endpoint, sandbox, "eth1"));
        Assert.Equal([network.Device, "lo", first.HostDevice], fixture.HostDevices.Select(device => device.Id.Name).Order());
        Assert.Equal(["eth0", "lo"], sandbox.Use(links => links.Links()).Select(device => device.Id.Name).Order());
        // And one that is there already is not taken away by the failure of another with its name.
        Assert.Throws<LinuxException>(() => fixture.Links.Attach(network, first, sandbox, "eth1"));
        Assert.NotNull(fixture.HostDevice(first.HostDevice));
    }

    [Fact]
    public void A_container_that_has_made_devices_itself_is_attached_too()
    {
        var network = fixture.Make("10.1.0.0/24");
        var sandbox = fixture.NewSandbox();
        sandbox.Use(links =>
        {
            links.Execute(new LinkRequest("own0", new VethLink(new LinkRequest("own1"))));
            return 0;
        });
        fixture.Attach(network, sandbox, 2);
        using var onHost = fixture.Listen(fixture.Host, IPAddress.Any, 80);
        Assert.Equal("10.1.0.2", Reach(sandbox.Namespace, "10.1.0.1", onHost));
        sandbox.Relax();
        fixture.Attach(network, sandbox, 3, "eth1", isDefault: false);
    }

    [Fact]
    public void An_address_that_is_given_out_again_is_reached_at_once()
    {
        var network = fixture.Make("10.1.0.0/24", "fd01::/64");
        var ((client, _), (server, endpoint)) = (fixture.Container(network, 2), fixture.Container(network, 3));
        using (var first = fixture.Listen(server.Namespace, IPAddress.Any, 80)) Assert.NotNull(Reach(client.Namespace, "10.1.0.3", first));
        fixture.Links.Detach(endpoint);
        var (next, _) = fixture.Container(network, 3);
        using var second = fixture.Listen(next.Namespace, IPAddress.Any, 80);
        using var second6 = fixture.Listen(next.Namespace, IPAddress.IPv6Any, 81);
        Assert.NotNull(fixture.Reach(client.Namespace, IPAddress.Parse("10.1.0.3"), second, 500));
        Assert.NotNull(fixture.Reach(client.Namespace, IPAddress.Parse("fd01::3"), second6, 500));
    }

    [Theory]
    [InlineData("10.1.0.3")]
    [InlineData("fd01::3")]
    public async Task An_address_that_gets_another_hardware_is_reached_when_that_is_announced(string address)
    {
        var network = fixture.Make("10.1.0.0/24", "fd01::/64");
        var ((client, _), (server, endpoint)) = (fixture.Container(network, 2), fixture.Container(network, 3));
        var any = address.Contains(':', StringComparison.Ordinal) ? IPAddress.IPv6Any : IPAddress.Any;
        using (var first = fixture.Listen(server.Namespace, any, 80)) Assert.NotNull(Reach(client.Namespace, address, first));
        fixture.Links.Detach(endpoint);
        var next = fixture.NewSandbox();
        var other = Endpoint(network, fixture.NewId(), 3) with { HardwareAddress = new HardwareAddress(0x02AABBCCDDEE) };
        var link = fixture.Links.Attach(network, other, next, "eth0");
        Assert.True(await fixture.Readiness.WaitAsync(link, next, TimeSpan.FromSeconds(10), CancellationToken.None));
        using var second = fixture.Listen(next.Namespace, any, 81);
        Assert.Null(fixture.Reach(client.Namespace, IPAddress.Parse(address), second, 300));
        SandboxLinks.Announce(link, other, next);
        Assert.NotNull(fixture.Reach(client.Namespace, IPAddress.Parse(address), second, 900));
        Assert.Equal("0", NetworkSettings.Read(next.Namespace, "ipv4/conf/eth0/arp_notify"));
    }

    [Fact]
    public async Task Readiness_waits_for_what_comes_up_later_and_gives_up_in_time()
    {
        var network = fixture.Make("10.1.0.0/24");
        var sandbox = fixture.NewSandbox();
        var endpoint = Endpoint(network, fixture.NewId(), 2);
        var link = fixture.Links.Attach(network, endpoint, sandbox, "eth0");
        Up(false);
        Assert.False(await fixture.Readiness.WaitAsync(link, sandbox, TimeSpan.FromMilliseconds(50), CancellationToken.None));
        var waiting = fixture.Readiness.WaitAsync(link, sandbox, TimeSpan.FromSeconds(30), CancellationToken.None).AsTask();
        Assert.False(waiting.IsCompleted);
        Up(true);
        Assert.True(await waiting);
        Up(false);
        using var giveUp = new CancellationTokenSource();
        waiting = fixture.Readiness.WaitAsync(link, sandbox, TimeSpan.FromSeconds(30), giveUp.Token).AsTask();
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        waiting = fixture.Readiness.WaitAsync(link, sandbox, TimeSpan.FromSeconds(30), CancellationToken.None).AsTask();
        fixture.Links.Detach(endpoint);
        Assert.False(await waiting);

        void Up(bool up) => sandbox.Use(links =>
        {
            links.Execute(new LinkChange(link.Device) { Up = up });
            return 0;
        });
    }

    private string? Reach(Fd client, string to, Socket server) => fixture.Reach(client, IPAddress.Parse(to), server)?.ToString();
}
