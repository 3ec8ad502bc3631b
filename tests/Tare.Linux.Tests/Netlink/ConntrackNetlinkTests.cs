using System.Net;
using System.Net.Sockets;
using Tare.Linux.Netlink.Connections;
using Tare.Linux.Netlink.Tables;

namespace Tare.Linux.Tests.Netlink;

/// <summary>Tracked connections between network namespaces of the case's own, listed and forgotten.</summary>
public sealed class ConntrackNetlinkTests : IDisposable
{
    private const byte Tcp = 6;
    private const byte Udp = 17;
    private static readonly NftTable Table = new(NftFamily.Inet, "tare");
    private static readonly NftChain Before = new(Table, "prerouting", new NftBase(NftChainType.Nat, NftHook.PreRouting, NftPriority.DestinationNat));
    private static readonly NftSet Published = new(Table, "published", NftType.Protocol, NftType.Service) { Value = [NftType.IPv4Address, NftType.Service] };
    private static readonly NftSet Published6 = new(Table, "published6", NftType.Protocol, NftType.Service) { Value = [NftType.IPv6Address, NftType.Service] };

    private readonly TestNetwork network = new();
    private readonly NftNetlink tables;
    private readonly ConntrackNetlink connections;

    public ConntrackNetlinkTests()
    {
        tables = NftNetlink.OpenIn(network.Host);
        connections = ConntrackNetlink.OpenIn(network.Host);
        tables.Commit(new NftBatch().Add(Table).Add(Published).Add(Published6).Add(Before)
            .Add(new NftRule(Before, new NftRuleBuilder(NftFamily.Inet).ToThisHost().TranslateDestinationBy(Published, NftFamily.IPv4, NftField.TransportProtocol, NftField.DestinationPort).Expressions))
            .Add(new NftRule(Before, new NftRuleBuilder(NftFamily.Inet).ToThisHost().TranslateDestinationBy(Published6, NftFamily.IPv6, NftField.TransportProtocol, NftField.DestinationPort).Expressions)));
    }

    public void Dispose()
    {
        connections.Dispose();
        tables.Dispose();
        network.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Datagrams_go_to_the_new_machine_when_the_connection_is_forgotten(bool v6)
    {
        var (first, second, outside) = (network.AddMachine(2), network.AddMachine(3), network.AddOutside(knowsTheBridge: false));
        var any = v6 ? IPAddress.IPv6Any : IPAddress.Any;
        var map = v6 ? Published6 : Published;
        using var one = network.Datagrams(first, new IPEndPoint(any, 53));
        using var two = network.Datagrams(second, new IPEndPoint(any, 53));
        using var client = network.Datagrams(outside, new IPEndPoint(any, 4000));
        var target = new IPEndPoint(IPAddress.Parse(v6 ? "2001:db8::1" : "192.0.2.1"), 5300);
        tables.Commit(new NftBatch().AddElements(map, [Port(2)]));
        AssertArrives(one, 1);

        tables.Commit(new NftBatch().RemoveElements(map, [Port(2)]).AddElements(map, [Port(3)]));
        AssertArrives(one, 2); // the connection is as it was
        var tracked = Assert.Single(connections.List(ConntrackFilter.ToPort(any, Udp, 5300)));
        Assert.Equal(v6 ? "fd01::2" : "10.1.0.2", tracked.Reply.Source.ToString());
        Assert.Equal((4000, 5300, 53), (tracked.Original.SourcePort, tracked.Original.DestinationPort, tracked.Reply.SourcePort));
        Assert.Equal(1, connections.Forget(ConntrackFilter.ToPort(target.Address, Udp, 5300)));
        AssertArrives(two, 3);
        Assert.Equal(0, connections.Forget(ConntrackFilter.OfAddress(IPAddress.Parse(v6 ? "fd01::2" : "10.1.0.2"))));
        Assert.Equal(1, connections.Forget(ConntrackFilter.OfAddress(IPAddress.Parse(v6 ? "fd01::3" : "10.1.0.3"))));
        Assert.Empty(connections.List(ConntrackFilter.ToPort(any, Udp, 5300)));

        NftElement Port(byte machine) => new(
            new NftData().AddProtocol(Udp).AddPort(5300).ToBytes(),
            new NftData().Add(IPAddress.Parse(v6 ? $"fd01::{machine}" : $"10.1.0.{machine}")).AddPort(53).ToBytes());

        void AssertArrives(Socket server, byte number)
        {
            client.SendTo([number], target);
            var received = new byte[2];
            Assert.Equal(1, server.Receive(received));
            Assert.Equal(number, received[0]);
        }
    }

    [Fact]
    public void Only_the_connections_that_are_meant_are_forgotten()
    {
        var (first, second, outside) = (network.AddMachine(2), network.AddMachine(3), network.AddOutside(knowsTheBridge: true));
        using var outer = network.Datagrams(outside, new IPEndPoint(IPAddress.Any, 9));
        using var server = network.Listen(second, new IPEndPoint(IPAddress.Any, 80));
        using var one = network.Datagrams(first, new IPEndPoint(IPAddress.Any, 4001));
        using var two = network.Datagrams(second, new IPEndPoint(IPAddress.Any, 4002));
        one.SendTo([1], new IPEndPoint(IPAddress.Parse("192.0.2.2"), 9));
        two.SendTo([2], new IPEndPoint(IPAddress.Parse("192.0.2.2"), 9));
        // It stays open and says nothing: every packet would be tracked anew.
        Assert.NotNull(network.TryConnect(outside, new IPEndPoint(IPAddress.Parse("10.1.0.3"), 80)));
        using var accepted = server.Accept();
        var received = new byte[1];
        for (var i = 0; i < 2; i++) outer.Receive(received);
        Assert.Equal(["10.1.0.2 17", "10.1.0.3 17", "192.0.2.2 6"], Tracked());
        Assert.InRange(connections.Forget(ConntrackFilter.OfAddress(IPAddress.Parse("10.1.0.2"))), 1, 2);
        Assert.Equal(["10.1.0.3 17", "192.0.2.2 6"], Tracked());
        Assert.InRange(connections.Forget(ConntrackFilter.OfAddress(IPAddress.Parse("10.1.0.3"))), 2, 3);
        Assert.Empty(Tracked());

        // What the kernel itself sends (IGMP) may be tracked too.
        IEnumerable<string> Tracked() => connections.List(new ConntrackFilter(V6: false)).Where(entry => entry.Id != 0 && entry.Original.Protocol is Tcp or Udp).Select(entry => $"{entry.Original.Source} {entry.Original.Protocol}").Order();
    }

    [Fact]
    public void Many_connections_are_forgotten_at_once()
    {
        var (machine, outside) = (network.AddMachine(2), network.AddOutside(knowsTheBridge: true));
        using var outer = network.Datagrams(outside, new IPEndPoint(IPAddress.Any, 9));
        using var client = network.Datagrams(machine, new IPEndPoint(IPAddress.Any, 4000));
        // Only the way there is tracked: the ports need not be open.
        for (ushort port = 10_000; port < 11_000; port++) client.SendTo([1], new IPEndPoint(IPAddress.Parse("192.0.2.2"), port));
        client.SendTo([1], new IPEndPoint(IPAddress.Parse("192.0.2.2"), 9));
        outer.Receive(new byte[1]);
        var mine = new ConntrackFilter(V6: false) { Source = IPAddress.Parse("10.1.0.2"), Protocol = Udp };
        var count = connections.List(mine).Count;
        Assert.Equal(1001, count);
        // What the kernel itself sends may be tracked too.
        Assert.InRange(connections.Count(), 1001u, 1020u);
        Assert.Equal(count, connections.Forget(mine));
        Assert.Empty(connections.List(mine));
        Assert.InRange(connections.Count(), 0u, 19u);
    }
}
