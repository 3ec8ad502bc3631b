using System.Net;
using System.Net.Sockets;
using Tare.Linux.Netlink;
using Tare.Linux.Netlink.Tables;

namespace Tare.Linux.Tests.Netlink;

/// <summary>Packets that rules translate, accept and drop, between network namespaces of the case's own.</summary>
public sealed class NftTrafficTests : IDisposable
{
    private const byte Tcp = 6;
    private static readonly NftTable Table = new(NftFamily.Inet, "tare");
    private static readonly NftChain Before = new(Table, "prerouting", new NftBase(NftChainType.Nat, NftHook.PreRouting, NftPriority.DestinationNat));
    private static readonly NftChain Local = new(Table, "output", new NftBase(NftChainType.Nat, NftHook.Output, NftPriority.DestinationNat));
    private static readonly NftChain After = new(Table, "postrouting", new NftBase(NftChainType.Nat, NftHook.PostRouting, NftPriority.SourceNat));
    private static readonly NftChain Forward = new(Table, "forward", new NftBase(NftChainType.Filter, NftHook.Forward, NftPriority.Filter));
    private static readonly NftSet Published = new(Table, "published", NftType.IPv4Address, NftType.Protocol, NftType.Service) { Value = [NftType.IPv4Address, NftType.Service] };
    private static readonly NftSet Published6 = new(Table, "published6", NftType.Protocol, NftType.Service) { Value = [NftType.IPv6Address, NftType.Service] };

    private readonly TestNetwork network = new();
    private readonly NftNetlink tables;

    public NftTrafficTests() => tables = NftNetlink.OpenIn(network.Host);

    public void Dispose()
    {
        tables.Dispose();
        network.Dispose();
    }

    [Fact]
    public void A_published_port_leads_to_the_server_which_sees_the_client()
    {
        var (first, second, outside) = (network.AddMachine(2), network.AddMachine(3), network.AddOutside(knowsTheBridge: false));
        using var one = network.Listen(first, new IPEndPoint(IPAddress.Any, 80));
        using var two = network.Listen(second, new IPEndPoint(IPAddress.Any, 8080));
        Publish();
        tables.Commit(new NftBatch().AddElements(Published, [Port(8001, 2, 80), Port(8002, 3, 8080)]));
        Assert.Equal("192.0.2.2", network.AssertPasses(outside, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 8001), one).ToString());
        Assert.Equal("192.0.2.2", network.AssertPasses(outside, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 8002), two).ToString());
        // The host itself, by the address that others use.
        Assert.Equal("192.0.2.1", network.AssertPasses(network.Host, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 8002), two).ToString());
        Assert.Null(network.TryConnect(outside, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 8003)));
        tables.Commit(new NftBatch().RemoveElements(Published, [Port(8002, 3, 8080)]));
        Assert.Null(network.TryConnect(outside, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 8002)));
    }

    [Fact]
    public void A_published_port_of_IPv6()
    {
        var (machine, outside) = (network.AddMachine(2), network.AddOutside(knowsTheBridge: false));
        using var server = network.Listen(machine, new IPEndPoint(IPAddress.IPv6Any, 80));
        Publish();
        var element = new NftElement(new NftData().AddProtocol(Tcp).AddPort(8001).ToBytes(), new NftData().Add(IPAddress.Parse("fd01::2")).AddPort(80).ToBytes());
        tables.Commit(new NftBatch().AddElements(Published6, [element]));
        Assert.Equal("2001:db8::2", network.AssertPasses(outside, new IPEndPoint(IPAddress.Parse("2001:db8::1"), 8001), server).ToString());
    }

    [Fact]
    public void A_machine_reaches_itself_by_its_published_port_with_hairpin()
    {
        var machine = network.AddMachine(2);
        network.AddOutside(knowsTheBridge: false);
        using var server = network.Listen(machine, new IPEndPoint(IPAddress.Any, 80));
        Publish();
        tables.Commit(new NftBatch().AddElements(Published, [Port(8001, 2, 80)]).Add(Rule(After, rule => rule.Source(IPNetwork.Parse("10.1.0.2/32")).Destination(IPNetwork.Parse("10.1.0.2/32")).Masquerade())));
        Assert.Null(network.TryConnect(machine, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 8001), 300));
        network.HostLinks.Execute(new BridgePortChange(new LinkId(0, "veth2")) { Hairpin = true });
        Assert.Equal("10.1.0.1", network.AssertPasses(machine, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 8001), server).ToString());
    }

    [Fact]
    public void Masquerade_gives_what_leaves_the_address_of_the_host()
    {
        var (machine, outside) = (network.AddMachine(2), network.AddOutside(knowsTheBridge: false));
        using var server = network.Listen(outside, new IPEndPoint(IPAddress.Any, 80));
        var target = new IPEndPoint(IPAddress.Parse("192.0.2.2"), 80);
        // It does not know the way back.
        Assert.Null(network.TryConnect(machine, target, 300));
        tables.Commit(new NftBatch().Add(Table).Add(After).Add(Rule(After, rule => rule.Source(IPNetwork.Parse("10.1.0.0/24")).To("br0", not: true).Masquerade(NftNatFlags.FullyRandom))));
        Assert.Equal("192.0.2.1", network.AssertPasses(machine, target, server).ToString());
    }

    [Fact]
    public void What_was_not_published_is_dropped_and_what_was_asked_for_is_let_in()
    {
        var (machine, outside) = (network.AddMachine(2), network.AddOutside(knowsTheBridge: true));
        using var server = network.Listen(machine, new IPEndPoint(IPAddress.Any, 80));
        using var outer = network.Listen(outside, new IPEndPoint(IPAddress.Any, 80));
        Publish();
        tables.Commit(new NftBatch()
            .AddElements(Published, [Port(8001, 2, 80)])
            .Add(Rule(Forward, rule => rule.To("br0").State(NftStates.Established | NftStates.Related).Then(NftVerdict.Accept)))
            .Add(Rule(Forward, rule => rule.To("br0").Status(NftStatus.DestinationTranslated).Then(NftVerdict.Accept)))
            .Add(Rule(Forward, rule => rule.To("br0").Count().Then(NftVerdict.Drop))));
        Assert.Null(network.TryConnect(outside, new IPEndPoint(IPAddress.Parse("10.1.0.2"), 80), 300));
        network.AssertPasses(outside, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 8001), server);
        network.AssertPasses(machine, new IPEndPoint(IPAddress.Parse("192.0.2.2"), 80), outer);
    }

    [Fact]
    public void A_map_to_verdicts_sends_packets_to_chains()
    {
        var (machine, outside) = (network.AddMachine(2), network.AddOutside(knowsTheBridge: true));
        using var server = network.Listen(machine, new IPEndPoint(IPAddress.Any, 80));
        var (dropping, bridges) = (new NftChain(Table, "dropping"), new NftSet(Table, "bridges", NftType.InterfaceName, NftType.InterfaceName) { Value = [NftType.Verdict] });
        var element = new NftElement(new NftData().AddInterface("up0").AddInterface("br0").ToBytes(), Verdict: NftVerdict.Jump("dropping"));
        tables.Commit(new NftBatch().Add(Table).Add(Forward).Add(dropping).Add(bridges)
            .Add(Rule(dropping, rule => rule.Then(NftVerdict.Drop)))
            .Add(Rule(Forward, rule => rule.In(bridges, default, not: false, NftField.InputName, NftField.OutputName))));
        var target = new IPEndPoint(IPAddress.Parse("10.1.0.2"), 80);
        network.AssertPasses(outside, target, server);
        tables.Commit(new NftBatch().AddElements(bridges, [element]));
        Assert.Null(network.TryConnect(outside, target, 300));
    }

    [Fact]
    public void Marks_are_set_and_seen_and_ranges_are_matched()
    {
        var (machine, outside) = (network.AddMachine(2), network.AddOutside(knowsTheBridge: true));
        using var server = network.Listen(machine, new IPEndPoint(IPAddress.Any, 80));
        var marking = new NftChain(Table, "marking", new NftBase(NftChainType.Filter, NftHook.PreRouting, NftPriority.Mangle));
        var ranges = new NftSet(Table, "ranges", NftType.IPv4Address) { Intervals = true };
        tables.Commit(new NftBatch().Add(Table).Add(Forward).Add(marking).Add(ranges)
            .AddElements(ranges, [new NftElement([192, 0, 2, 0]) { Last = [192, 0, 2, 1] }])
            .Add(Rule(marking, rule => rule.In(ranges, NftFamily.IPv4, not: false, NftField.SourceAddress).SetMark(0x70)))
            .Add(Rule(Forward, rule => rule.Mark(0x10, 0x10).DestinationPort(Tcp, 80).Add(new NftReject(Reset: true)))));
        var target = new IPEndPoint(IPAddress.Parse("10.1.0.2"), 80);
        network.AssertPasses(outside, target, server);
        tables.Commit(new NftBatch().Flush(ranges).AddElements(ranges, [new NftElement([192, 0, 2, 0]) { Last = [192, 0, 2, 255] }]));
        Assert.Null(network.TryConnect(outside, target));
    }

    private static NftRule Rule(NftChain chain, Func<NftRuleBuilder, NftRuleBuilder> build) => new(chain, build(new NftRuleBuilder(NftFamily.Inet)).Expressions);

    private static NftElement Port(ushort hostPort, byte machine, ushort port) => new(
        new NftData().Add(IPAddress.Parse("192.0.2.1")).AddProtocol(Tcp).AddPort(hostPort).ToBytes(),
        new NftData().Add(new IPAddress([10, 1, 0, machine])).AddPort(port).ToBytes());

    private void Publish()
    {
        var batch = new NftBatch().Add(Table).Add(Published).Add(Published6).Add(Before).Add(Local).Add(After).Add(Forward);
        foreach (var chain in new[] { Before, Local })
        {
            batch.Add(Rule(chain, rule => rule.TranslateDestinationBy(Published, NftFamily.IPv4, NftField.DestinationAddress, NftField.TransportProtocol, NftField.DestinationPort)));
            batch.Add(Rule(chain, rule => rule.ToThisHost().TranslateDestinationBy(Published6, NftFamily.IPv6, NftField.TransportProtocol, NftField.DestinationPort)));
        }
        tables.Commit(batch);
    }
}
