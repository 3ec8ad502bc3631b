using System.Net;
using Tare.Errors;
using Tare.Linux;
using Tare.Linux.Netlink;
using Tare.Networks.Links;
using static Tare.Networks.Tests.Links.LinkFixture;

namespace Tare.Networks.Tests.Links;

/// <summary>Bridges on a host that is a network namespace.</summary>
public sealed class BridgeDevicesTests : IDisposable
{
    private readonly LinkFixture fixture = new();

    public void Dispose() => fixture.Dispose();

    [Fact]
    public void A_bridge_is_made_as_its_network_says()
    {
        var network = fixture.Make("10.1.0.0/24", "fd01::/64", ("com.docker.network.driver.mtu", "1400"));
        var bridge = fixture.HostDevice(network.Device)!;
        Assert.True(bridge is { Kind: "bridge", Mtu: 1400, IsUp: true });
        Assert.Equal(MacAddresses.OfBridge(network.Id), bridge.HardwareAddress);
        Assert.Equal($"tare engine-1 network {network.Id}", bridge.Alias);
        Assert.Equal(["10.1.0.1/24", "fd01::1/64"], Addresses(network));
        Assert.Equal(("1", "0", "0"), (Setting(network, 4, "route_localnet"), Setting(network, 6, "accept_ra"), Setting(network, 6, "disable_ipv6")));
        Assert.Equal(("1", "1"), (NetworkSettings.Read(fixture.Host, "ipv4/ip_forward"), NetworkSettings.Read(fixture.Host, "ipv6/conf/all/forwarding")));
        fixture.Attach(network, fixture.NewSandbox(), 2);
        Assert.Equal(MacAddresses.OfBridge(network.Id), fixture.HostDevice(network.Device)!.HardwareAddress);
    }

    [Fact]
    public void Without_IPv6_a_bridge_has_none_and_the_host_does_not_forward_it()
    {
        var network = fixture.Make("10.1.0.0/24");
        Assert.Equal("1", Setting(network, 6, "disable_ipv6"));
        Assert.Equal("0", NetworkSettings.Read(fixture.Host, "ipv6/conf/all/forwarding"));
        fixture.Attach(network, fixture.NewSandbox(), 2);
        Assert.DoesNotContain(fixture.HostNetwork.Use(links => links.Addresses()), address => address.Address!.IsIPv6LinkLocal);
    }

    [Theory]
    [InlineData("gateway_mode_ipv4", "isolated", true, "fd01::1/64")]
    [InlineData("gateway_mode_ipv6", "isolated", true, "10.1.0.1/24")]
    [InlineData("inhibit_ipv4", "true", false, "fd01::1/64")]
    public void A_gateway_that_is_not_wanted_is_not_made(string option, string value, bool isInternal, string expected)
    {
        var network = fixture.Plan("10.1.0.0/24", "fd01::/64", (BridgePrefix + option, value)) with { IsInternal = isInternal };
        fixture.Bridges.Make(network);
        Assert.Equal([expected], Addresses(network));
        fixture.Bridges.Make(network);
        Assert.Equal([expected], Addresses(network));
    }

    [Fact]
    public void A_bridge_that_is_ours_is_mended_and_stays_the_same_device()
    {
        var network = fixture.Make("10.1.0.0/24", "fd01::/64", ("com.docker.network.driver.mtu", "1400"));
        var before = fixture.HostDevice(network.Device)!;
        fixture.Bridges.Make(network);
        Assert.Equal(before.Id, fixture.HostDevice(network.Device)!.Id);
        fixture.HostNetwork.Use(links =>
        {
            foreach (var address in links.Addresses(before.Id.Index)) links.Execute(new AddressRemoval(before.Id, address));
            links.Execute(
                new AddressRequest(before.Id, NetworkAddress.Of(IPAddress.Parse("10.1.0.77"), 24)),
                new AddressRequest(before.Id, NetworkAddress.Of(IPAddress.Parse("fd02::1"), 64)),
                new LinkChange(before.Id) { Up = false, Mtu = 1300, HardwareAddress = new HardwareAddress(0x020000000001) });
            return 0;
        });
        fixture.Bridges.Make(network);
        Assert.Equal(["10.1.0.1/24", "fd01::1/64"], Addresses(network));
        Assert.True(fixture.HostDevice(network.Device) is { Mtu: 1400, IsUp: true } after && after.Id == before.Id && after.HardwareAddress == before.HardwareAddress);
    }

    [Fact]
    public void A_users_bridge_is_used_and_never_removed()
    {
        fixture.HostNetwork.Use(links =>
        {
            links.Execute(new LinkRequest("mine0", new BridgeLink()) { HardwareAddress = new HardwareAddress(0x020000000007) }, new LinkChange(new LinkId(0, "mine0")) { Alias = "my own" });
            links.Execute(new AddressRequest(links.Find("mine0")!.Id, NetworkAddress.Of(IPAddress.Parse("10.1.0.1"), 24)), new AddressRequest(links.Find("mine0")!.Id, NetworkAddress.Of(IPAddress.Parse("10.8.0.1"), 24)));
            return 0;
        });
        var network = fixture.Make("10.1.0.0/24", null, (BridgePrefix + "name", "mine0"));
        Assert.True(fixture.HostDevice("mine0") is { Alias: "my own", IsUp: true, HardwareAddress.Value: 0x020000000007 });
        Assert.Equal(["10.1.0.1/24", "10.8.0.1/24"], Addresses(network));
        fixture.Bridges.Remove(network);
        Assert.Empty(fixture.Bridges.Sweep(new HashSet<string>(), new HashSet<string>()));
        Assert.NotNull(fixture.HostDevice("mine0"));
    }

    [Fact]
    public void A_device_that_is_no_bridge_is_refused()
    {
        fixture.HostNetwork.Use(links =>
        {
            links.Execute(new LinkRequest("wire0", new VethLink(new LinkRequest("wire1"))));
            return 0;
        });
        var network = fixture.Plan("10.1.0.0/24", null, (BridgePrefix + "name", "wire0"));
        Assert.Equal("existing interface wire0 is not a bridge", Assert.Throws<TareException>(() => fixture.Bridges.Make(network)).Message);
        fixture.Bridges.Remove(network);
        Assert.NotNull(fixture.HostDevice("wire0"));
    }

    [Fact]
    public void What_fails_half_way_leaves_nothing()
    {
        // The broadcast address of IPv6's kind: a multicast address is no device's.
        var network = fixture.Plan("10.1.0.0/24", "ff02::/64");
        Assert.Throws<LinuxException>(() => fixture.Bridges.Make(network));
        Assert.Null(fixture.HostDevice(network.Device));
    }

    [Fact]
    public void A_bridge_is_removed_once()
    {
        var network = fixture.Make("10.1.0.0/24");
        fixture.Bridges.Remove(network);
        Assert.Null(fixture.HostDevice(network.Device));
        fixture.Bridges.Remove(network);
    }

    [Fact]
    public void Sweeping_takes_what_is_ours_and_nobody_claims()
    {
        var (kept, lost) = (fixture.Make("10.1.0.0/24"), fixture.Make("10.2.0.0/24"));
        var other = fixture.Plan("10.3.0.0/24");
        new BridgeDevices(fixture.HostNetwork, new DeviceOwner("engine-10")).Make(other);
        var (sandbox, claimed) = fixture.Container(kept, 2);
        var unclaimed = fixture.Attach(kept, sandbox, 3, "eth1");
        var orphan = fixture.Attach(lost, sandbox, 2, "eth2");
        fixture.HostNetwork.Use(links =>
        {
            var bridge = links.Find(kept.Device)!.Id;
            links.Execute(
                new LinkRequest("veth0123456789a", new VethLink(new LinkRequest("half-made"))) { Master = bridge },
                new LinkRequest("users-own", new VethLink(new LinkRequest("users-other"))) { Master = bridge },
                new LinkRequest("vethba987654321", new VethLink(new LinkRequest("elsewhere"))));
            return 0;
        });
        var removed = fixture.Bridges.Sweep(new HashSet<string> { kept.Id }, new HashSet<string> { claimed.Id });
        Assert.Equal([lost.Device, unclaimed.HostDevice, orphan.HostDevice, "veth0123456789a"], removed.Order());
        Assert.Equal(
            [kept.Device, other.Device, "elsewhere", "lo", "users-other", "users-own", claimed.HostDevice, "vethba987654321"],
            fixture.HostDevices.Select(device => device.Id.Name).Order());
        Assert.Equal(["eth0", "lo"], sandbox.Use(links => links.Links()).Select(device => device.Id.Name).Order());
        Assert.Empty(fixture.Bridges.Sweep(new HashSet<string> { kept.Id }, new HashSet<string> { claimed.Id }));
    }

    [Fact]
    public void The_hosts_networks_are_known()
    {
        fixture.Make("10.1.0.0/24", "fd01::/64");
        fixture.HostNetwork.Use(links =>
        {
            var device = new LinkId(50, "up0");
            links.Execute(
                new LinkRequest("up0", new VethLink(new LinkRequest("up1"))) { Index = 50, Up = true },
                new AddressRequest(device, NetworkAddress.Of(IPAddress.Parse("192.0.2.9"), 28)),
                new RouteRequest(new NetworkRoute(IPNetwork.Parse("10.64.0.0/10")) { Gateway = IPAddress.Parse("192.0.2.1") }),
                new RouteRequest(new NetworkRoute(NetworkRoute.AnyV4) { Gateway = IPAddress.Parse("192.0.2.1") }),
                new RouteRequest(new NetworkRoute(IPNetwork.Parse("0.0.0.0/1")) { LinkIndex = 50, Scope = RouteScope.Link }),
                new RouteRequest(new NetworkRoute(IPNetwork.Parse("198.51.100.0/24")) { LinkIndex = 50, Scope = RouteScope.Link }));
            return 0;
        });
        Assert.Equal(["10.1.0.0/24", "192.0.2.0/28", "198.51.100.0/24", "fd01::/64"], HostRoutes.Read(fixture.HostNetwork).Select(network => network.ToString()).Order());
    }

    [Fact]
    public void A_host_that_learns_its_way_out_from_a_router_goes_on_doing_so()
    {
        fixture.HostNetwork.Use(links =>
        {
            var device = new LinkId(50, "up0");
            links.Execute(
                new LinkRequest("up0", new VethLink(new LinkRequest("up1"))) { Index = 50, Up = true },
                new LinkChange(new LinkId(0, "up1")) { Up = true },
                new AddressRequest(device, NetworkAddress.Of(IPAddress.Parse("2001:db8::2"), 64)),
                new RouteRequest(new NetworkRoute(IPNetwork.Parse("2001:db8:1::/64")) { LinkIndex = 50, Gateway = IPAddress.Parse("2001:db8::1"), Protocol = 9 }));
            return 0;
        });
        fixture.Make("10.1.0.0/24");
        Assert.Equal("1", NetworkSettings.Read(fixture.Host, "ipv6/conf/up0/accept_ra"));
        fixture.Make(null, "fd01::/64");
        Assert.Equal(("2", "1"), (NetworkSettings.Read(fixture.Host, "ipv6/conf/up0/accept_ra"), NetworkSettings.Read(fixture.Host, "ipv6/conf/up1/accept_ra")));
    }

    private string? Setting(Network network, int version, string name) => NetworkSettings.Read(fixture.Host, $"ipv{version}/conf/{network.Device}/{name}");

    private IEnumerable<string> Addresses(Network network) => fixture.HostNetwork.Use(links => links.Addresses(links.Find(network.Device)!.Id.Index))
        .Where(address => !address.Address!.IsIPv6LinkLocal).Select(address => address.ToString()).Order();
}
