using System.Net;
using Tare.Linux.Netlink;

namespace Tare.Linux.Tests.Netlink;

/// <summary>Devices that the kernel makes, and packets that pass over them.</summary>
public sealed class LinkTests : IDisposable
{
    private readonly TestNetwork network = new();

    public void Dispose() => network.Dispose();

    [Fact]
    public void Machines_on_a_bridge_reach_each_other()
    {
        var (first, second) = (network.AddMachine(2), network.AddMachine(3));
        using var server = network.Listen(second, new IPEndPoint(IPAddress.Any, 80));
        Assert.Equal("10.1.0.2", network.AssertPasses(first, new IPEndPoint(IPAddress.Parse("10.1.0.3"), 80), server).ToString());
        Assert.Equal("10.1.0.1", network.AssertPasses(network.Host, new IPEndPoint(IPAddress.Parse("10.1.0.3"), 80), server).ToString());
        using var server6 = network.Listen(second, new IPEndPoint(IPAddress.IPv6Any, 81));
        Assert.Equal("fd01::2", network.AssertPasses(first, new IPEndPoint(IPAddress.Parse("fd01::3"), 81), server6).ToString());
    }

    [Fact]
    public void A_cable_is_made_as_it_was_asked_for()
    {
        var machine = network.AddMachine(2);
        var port = network.HostLinks.Find("veth2")!;
        Assert.True(port is { Kind: "veth", Mtu: 1400, Alias: "machine 2", IsUp: true, MasterIndex: 10, Hairpin: false, Isolated: false });
        using var links = RouteNetlink.OpenIn(machine);
        var eth0 = links.Find("eth0")!;
        Assert.Equal(new LinkId(2, "eth0"), eth0.Id);
        Assert.Equal("02:42:0a:01:00:02", eth0.HardwareAddress.ToString());
        Assert.True(eth0 is { Mtu: 1400, IsUp: true });
        Assert.Equal(port.Id.Index, eth0.ParentIndex);
        Assert.Equal(["lo", "eth0"], links.Links().Select(link => link.Id.Name));
        network.HostLinks.Execute(new LinkRemoval(port.Id));
        Assert.Null(links.Find("eth0"));
    }

    [Fact]
    public void Ports_of_a_bridge_are_set()
    {
        network.AddMachine(2);
        var port = network.HostLinks.Find("veth2")!.Id;
        network.HostLinks.Execute(new BridgePortChange(port) { Hairpin = true });
        Assert.True(network.HostLinks.Find("veth2") is { Hairpin: true, Isolated: false });
        network.HostLinks.Execute(new BridgePortChange(port) { Isolated = true, Hairpin = false });
        Assert.True(network.HostLinks.Find("veth2") is { Hairpin: false, Isolated: true });
    }

    [Fact]
    public void Isolated_ports_reach_the_host_and_not_each_other()
    {
        var (first, second) = (network.AddMachine(2), network.AddMachine(3));
        foreach (var name in new[] { "veth2", "veth3" }) network.HostLinks.Execute(new BridgePortChange(network.HostLinks.Find(name)!.Id) { Isolated = true });
        using var server = network.Listen(second, new IPEndPoint(IPAddress.Any, 80));
        network.AssertPasses(network.Host, new IPEndPoint(IPAddress.Parse("10.1.0.3"), 80), server);
        Assert.Null(network.TryConnect(first, new IPEndPoint(IPAddress.Parse("10.1.0.3"), 80), 300));
    }

    [Fact]
    public void A_device_is_renamed_released_and_moved()
    {
        var machine = network.AddMachine(2);
        var port = network.HostLinks.Find("veth2")!.Id;
        network.HostLinks.Execute(new LinkChange(port) { Master = new LinkId(0, "none"), Up = false }, new LinkChange(port) { Name = "loose0", Mtu = 1300, HardwareAddress = new HardwareAddress(0x020000000005), Alias = "loose" });
        Assert.True(network.HostLinks.Find("loose0") is { MasterIndex: 0, IsUp: false, Mtu: 1300, Alias: "loose", HardwareAddress.Value: 0x020000000005 });
        network.HostLinks.Execute(new LinkChange(port) { Network = machine, Name = "eth1" });
        Assert.Null(network.HostLinks.Find("loose0"));
        using var links = RouteNetlink.OpenIn(machine);
        Assert.NotNull(links.Find("eth1"));
    }

    [Fact]
    public void Macvlans_of_one_parent_reach_each_other()
    {
        network.AddOutside(knowsTheBridge: false);
        var parent = network.HostLinks.Find("up0")!.Id;
        var machines = new[] { 5u, 6u }.Select(Fd? (number) =>
        {
            var machine = network.NewNamespace();
            var request = new LinkRequest("eth0", new MacvlanLink(parent, MacvlanMode.Bridge)) { Network = machine, HardwareAddress = new HardwareAddress(0x020000000100ul | number) };
            if (network.HostLinks.TryExecute(request)[0] is { IsSuccess: false } refused) return refused.Error == Errno.EOPNOTSUPP ? null : throw refused.ToException(request.Operation);
            using var links = RouteNetlink.OpenIn(machine);
            var eth0 = links.Find("eth0")!.Id;
            links.Execute(new LinkChange(eth0) { Up = true }, new AddressRequest(eth0, NetworkAddress.Of(new IPAddress([192, 0, 2, (byte)number]), 24)));
            return machine;
        }).ToArray();
        if (machines.Contains(null)) return; // a kernel without macvlan
        using var server = network.Listen(machines[1]!, new IPEndPoint(IPAddress.Any, 80));
        Assert.Equal("192.0.2.5", network.AssertPasses(machines[0]!, new IPEndPoint(IPAddress.Parse("192.0.2.6"), 80), server).ToString());
    }

    [Theory]
    [InlineData("dummy")]
    [InlineData("ipvlan")]
    [InlineData("vlan")]
    public void Other_kinds_are_made_or_refused_by_name(string kind)
    {
        LinkKind asked = kind switch
        {
            "dummy" => new DummyLink(),
            "ipvlan" => new IpvlanLink(Uplink(), IpvlanMode.L2),
            _ => new VlanLink(Uplink(), 50),
        };
        var answer = network.HostLinks.TryExecute(new LinkRequest("x0", asked) { Up = true })[0];
        if (answer.IsSuccess)
        {
            Assert.Equal(kind, network.HostLinks.Find("x0")!.Kind);
            return;
        }
        // A kernel without it.
        Assert.Equal(Errno.EOPNOTSUPP, answer.Error);
        Assert.Equal($"create the {kind} device x0: operation not supported (EOPNOTSUPP); the kernel says: Unknown device type", answer.ToException(new LinkRequest("x0", asked).Operation).Message);

        LinkId Uplink()
        {
            network.AddOutside(knowsTheBridge: false);
            return network.HostLinks.Find("up0")!.Id;
        }
    }

    [Fact]
    public void A_neighbour_is_known_without_being_asked()
    {
        var machine = network.AddMachine(2);
        network.HostLinks.Execute(new NeighbourRequest(network.Bridge, IPAddress.Parse("10.1.0.2"), new HardwareAddress(0x02420A0100FF)));
        using var server = network.Listen(machine, new IPEndPoint(IPAddress.Any, 80));
        // It is sent to a machine that is not there.
        Assert.Null(network.TryConnect(network.Host, new IPEndPoint(IPAddress.Parse("10.1.0.2"), 80), 300));
        network.HostLinks.Execute(new NeighbourRequest(network.Bridge, IPAddress.Parse("10.1.0.2"), new HardwareAddress(0x02420A010002)));
        network.AssertPasses(network.Host, new IPEndPoint(IPAddress.Parse("10.1.0.2"), 80), server);
    }
}
