using System.Diagnostics;
using System.Net;
using Tare.Linux.Netlink;
using Tare.Linux.Netlink.Tables;
using Xunit.Abstractions;

namespace Tare.Linux.Tests.Netlink;

/// <summary>nf_tables in a network namespace of the case's own: what is made is told again.</summary>
public sealed class NftNetlinkTests : IDisposable
{
    private static readonly NftTable Table = new(NftFamily.Inet, "t");
    private static readonly NftChain Forward = new(Table, "forward", new NftBase(NftChainType.Filter, NftHook.Forward, NftPriority.Filter, NftPolicy.Drop));
    private static readonly NftChain Plain = new(Table, "plain");

    private readonly ITestOutputHelper output;
    private readonly Fd network;
    private readonly NftNetlink netlink;

    public NftNetlinkTests(ITestOutputHelper output)
    {
        this.output = output;
        network = Namespaces.NewNetwork();
        netlink = NftNetlink.OpenIn(network);
    }

    public void Dispose()
    {
        netlink.Dispose();
        network.Dispose();
    }

    [Fact]
    public void Tables_and_chains_are_made_listed_and_removed()
    {
        netlink.Commit(new NftBatch());
        Assert.Empty(netlink.Tables());
        foreach (var family in new[] { NftFamily.Inet, NftFamily.IPv4, NftFamily.IPv6, NftFamily.Bridge })
        {
            var table = new NftTable(family, "t");
            var chain = new NftChain(table, "c", new NftBase(NftChainType.Filter, NftHook.Forward, -5, NftPolicy.Drop));
            netlink.Commit(new NftBatch().Add(table).Add(chain).Add(new NftChain(table, "d")).Add(table));
            Assert.Contains(table, netlink.Tables());
            Assert.Equal([chain, new NftChain(table, "d")], netlink.Chains(family));
        }
        netlink.Commit(new NftBatch().Remove(new NftChain(Table, "d")).Remove(new NftTable(NftFamily.Bridge, "t")));
        Assert.Single(netlink.Chains(NftFamily.Inet));
        Assert.DoesNotContain(netlink.Tables(), table => table.Family == NftFamily.Bridge);
    }

    [Fact]
    public void Every_expression_is_taken_by_the_kernel()
    {
        var set = new NftSet(Table, "s", NftType.IPv4Address);
        var names = new NftSet(Table, "n", NftType.InterfaceName, NftType.InterfaceName) { Value = [NftType.Verdict] };
        var map4 = new NftSet(Table, "m4", NftType.IPv4Address, NftType.Protocol, NftType.Service) { Value = [NftType.IPv4Address, NftType.Service] };
        var map6 = new NftSet(Table, "m6", NftType.IPv6Address, NftType.Protocol, NftType.Service) { Value = [NftType.IPv6Address, NftType.Service] };
        var sources = new NftSet(Table, "sources", NftType.IPv4Address) { Value = [NftType.IPv4Address] };
        var before = new NftChain(Table, "before", new NftBase(NftChainType.Nat, NftHook.PreRouting, NftPriority.DestinationNat));
        var after = new NftChain(Table, "after", new NftBase(NftChainType.Nat, NftHook.PostRouting, NftPriority.SourceNat));
        NftField[] fields = [NftField.DestinationAddress, NftField.TransportProtocol, NftField.DestinationPort];
        var batch = new NftBatch().Add(Table).Add(set).Add(names).Add(map4).Add(map6).Add(sources).Add(Forward).Add(Plain).Add(before).Add(after);
        Rule(Forward, "names", rule => rule.From("br0", not: true).To("br0").Count().Then(NftVerdict.Drop));
        Rule(Forward, "networks", rule => rule.Source(IPNetwork.Parse("10.0.0.0/8")).Destination(IPNetwork.Parse("10.1.0.0/16"), not: true).Then(NftVerdict.Jump("plain")));
        Rule(Forward, "networks of IPv6", rule => rule.Source(IPNetwork.Parse("fd00::/8")).Destination(IPNetwork.Parse("fd01::1/128")).Then(NftVerdict.Goto("plain")));
        Rule(Forward, "connections", rule => rule.State(NftStates.Established | NftStates.Related).Status(NftStatus.DestinationTranslated, not: true).Direction(NftDirection.Original).OriginalDestination(IPNetwork.Parse("192.0.2.1/32")).Then(NftVerdict.Accept));
        Rule(Forward, "connections of IPv6", rule => rule.OriginalDestination(IPNetwork.Parse("2001:db8::1/128")).Then(NftVerdict.Return));
        Rule(Forward, "marks", rule => rule.Mark(0x10, 0xf0).SetMark(7));
        Rule(Forward, "in a set", rule => rule.In(set, NftFamily.IPv4, not: true, NftField.SourceAddress).DestinationPort(17, 53).Add(new NftReject()));
        Rule(Forward, "reset", rule => rule.Protocol(6).Add(new NftReject(Reset: true)));
        Rule(Forward, "to verdicts", rule => rule.In(names, default, not: false, NftField.InputName, NftField.OutputName));
        Rule(before, "published", rule => rule.ToThisHost().TranslateDestinationBy(map4, NftFamily.IPv4, fields));
        Rule(before, "published of IPv6", rule => rule.ToThisHost().TranslateDestinationBy(map6, NftFamily.IPv6, fields));
        Rule(before, "one port", rule => rule.DestinationPort(6, 80).TranslateDestination(IPAddress.Parse("10.1.0.2"), 8080));
        Rule(after, "masquerade", rule => rule.OfFamily(NftFamily.IPv4).Masquerade(NftNatFlags.FullyRandom));
        Rule(after, "snat", rule => rule.TranslateSource(IPAddress.Parse("192.0.2.1"), NftNatFlags.FullyRandom | NftNatFlags.Persistent));
        Rule(after, "snat by a map", rule => rule.TranslateSourceBy(sources, NftFamily.IPv4, NftField.SourceAddress));
        netlink.Commit(batch);
        var rules = netlink.Rules(Table);
        Assert.Equal(15, rules.Count);
        Assert.Equal(["meta", "cmp", "meta", "cmp", "counter", "immediate"], rules.Single(rule => rule.Comment == "names").ExpressionNames);
        Assert.Equal(["fib", "cmp", "meta", "cmp", "payload", "meta", "payload", "lookup", "nat"], rules.Single(rule => rule.Comment == "published").ExpressionNames);
        var sets = netlink.Sets(Table);
        Assert.Equal(["m4", "m6", "n", "s", "sources"], sets.Select(static set => set.Name).Order());
        foreach (var made in (NftSet[])[set, names, map4, map6, sources]) Assert.Equal([made.Name], sets.Where(found => found.IsLike(made)).Select(static found => found.Name));
        foreach (var other in (NftSet[])[names with { Value = [] }, map4 with { Key = map6.Key }, map4 with { Value = map6.Value }, sources with { Intervals = true }]) Assert.DoesNotContain(sets, found => found.IsLike(other));

        netlink.Commit(new NftBatch().RemoveRule(Forward, rules.Single(rule => rule.Comment == "marks").Handle).Flush(after));
        Assert.Equal(11, netlink.Rules(Table).Count);
        netlink.Commit(new NftBatch().Flush(Table).Remove(map4));
        Assert.Empty(netlink.Rules(Table));

        void Rule(NftChain chain, string comment, Action<NftRuleBuilder> build)
        {
            var builder = new NftRuleBuilder(NftFamily.Inet);
            build(builder);
            batch.Add(new NftRule(chain, builder.Expressions) { Comment = comment });
        }
    }

    [Fact]
    public void Elements_are_added_told_and_removed()
    {
        var map = new NftSet(Table, "m", NftType.Protocol, NftType.Service) { Value = [NftType.IPv4Address, NftType.Service] };
        var first = new NftElement(Key(80), Value(2, 8080));
        var second = new NftElement(Key(81), Value(3, 8081));
        netlink.Commit(new NftBatch().Add(Table).Add(map).AddElements(map, [first, second]));
        Assert.Equal([(80, 2), (81, 3)], netlink.Elements(map).Select(element => ((element.Key[4] << 8) + element.Key[5], (int)element.Value![3])).Order());
        // The same once more is nothing; another value for the key is an error.
        netlink.Commit(new NftBatch().AddElements(map, [first]));
        Assert.Equal(Errno.EEXIST, Assert.Throws<LinuxException>(() => netlink.Commit(new NftBatch().AddElements(map, [first with { Value = Value(9, 9) }]))).Error);
        netlink.Commit(new NftBatch().RemoveElements(map, [first]).AddElements(map, [first with { Value = Value(9, 9) }]));
        Assert.Equal([3, 9], netlink.Elements(map).Select(element => (int)element.Value![3]).Order());
        netlink.Commit(new NftBatch().Flush(map).AddElements(map, []));
        Assert.Empty(netlink.Elements(map));
        var gone = Assert.Throws<LinuxException>(() => netlink.Commit(new NftBatch().RemoveElements(map, [first])));
        Assert.Equal("remove 1 elements from the set m of the table inet t: no such file or directory (ENOENT)", gone.Message);

        static byte[] Key(ushort port) => new NftData().AddProtocol(6).AddPort(port).ToBytes();
        static byte[] Value(byte machine, ushort port) => new NftData().Add(new IPAddress([10, 1, 0, machine])).AddPort(port).ToBytes();
    }

    [Fact]
    public void Ranges_and_verdicts_are_told_as_they_were_given()
    {
        var ranges = new NftSet(Table, "r", NftType.IPv4Address) { Intervals = true };
        var both = new NftSet(Table, "b", NftType.IPv4Address, NftType.Service) { Intervals = true };
        var verdicts = new NftSet(Table, "v", NftType.InterfaceName) { Value = [NftType.Verdict] };
        netlink.Commit(new NftBatch().Add(Table).Add(Plain).Add(ranges).Add(both).Add(verdicts)
            .AddElements(ranges, [new NftElement([10, 0, 0, 0]) { Last = [10, 255, 255, 255] }, new NftElement([224, 0, 0, 0]) { Last = [255, 255, 255, 255] }])
            .AddElements(both, [new NftElement([10, 0, 0, 0, 0, 80, 0, 0]) { Last = [10, 0, 0, 255, 0, 90, 0, 0] }])
            .AddElements(verdicts, [new NftElement(new NftData().AddInterface("br0").ToBytes(), Verdict: NftVerdict.Jump("plain")), new NftElement(new NftData().AddInterface("br1").ToBytes(), Verdict: NftVerdict.Drop)]));
        Assert.Equal(["0A000000 False", "0B000000 True", "E0000000 False"], netlink.Elements(ranges).Select(element => $"{Convert.ToHexString(element.Key)} {element.IsRangeEnd}").Where(static line => line != "00000000 True").Order());
        var range = Assert.Single(netlink.Elements(both));
        Assert.Equal([10, 0, 0, 255, 0, 90, 0, 0], range.Last!);
        Assert.Equal([NftVerdict.Jump("plain"), NftVerdict.Drop], netlink.Elements(verdicts).OrderBy(element => element.Key[2]).Select(element => element.Verdict!.Value));
    }

    [Fact]
    public void A_batch_is_carried_out_as_a_whole_or_not_at_all()
    {
        netlink.Commit(new NftBatch().Add(Table));
        var generation = netlink.Generation();
        var failed = Assert.Throws<LinuxException>(() => netlink.Commit(new NftBatch().Add(new NftTable(NftFamily.IPv4, "u")).Add(new NftRule(Plain, []) { Comment = "lost" }).Add(Plain)));
        Assert.Equal("add the rule \"lost\" to the chain plain of the table inet t: no such file or directory (ENOENT)", failed.Message);
        Assert.Equal([Table], netlink.Tables());
        Assert.Equal(generation, netlink.Generation());
        netlink.Commit(new NftBatch().Add(Plain));
        Assert.NotEqual(generation, netlink.Generation());
        Assert.Contains("list the elements of the set nosuch of the table inet t", Assert.Throws<LinuxException>(() => netlink.Elements(new NftSet(Table, "nosuch", NftType.Mark))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ten_thousand_elements_are_added_and_removed()
    {
        var map = new NftSet(Table, "m", NftType.IPv4Address, NftType.Protocol, NftType.Service) { Value = [NftType.IPv4Address, NftType.Service] };
        netlink.Commit(new NftBatch().Add(Table).Add(map));
        var elements = Enumerable.Range(0, 10_000).Select(number => new NftElement(
            new NftData().Add(IPAddress.Parse("192.0.2.1")).AddProtocol(6).AddPort((ushort)(20_000 + number)).ToBytes(),
            new NftData().Add(new IPAddress([10, 1, (byte)(number >> 8), (byte)number])).AddPort(80).ToBytes())).ToList();
        for (var round = 0; round < 2; round++)
        {
            var clock = Stopwatch.StartNew();
            netlink.Commit(new NftBatch().AddElements(map, elements));
            output.WriteLine($"10,000 elements added in {clock.Elapsed.TotalMilliseconds:f1} ms");
            clock.Restart();
            Assert.Equal(10_000, netlink.Elements(map).Count);
            output.WriteLine($"listed in {clock.Elapsed.TotalMilliseconds:f1} ms");
            clock.Restart();
            netlink.Commit(new NftBatch().RemoveElements(map, elements));
            output.WriteLine($"removed in {clock.Elapsed.TotalMilliseconds:f1} ms");
            Assert.Empty(netlink.Elements(map));
        }
    }

    [KernelFact(5, 12)]
    public void A_table_goes_with_the_socket_that_owns_it()
    {
        Assert.True(netlink.SupportedFlags().HasFlag(NftTableFlags.Owner));
        using (var owner = NftNetlink.OpenIn(network))
        {
            owner.Commit(new NftBatch().Add(Table with { Flags = NftTableFlags.Owner }));
            Assert.Equal(owner.Port, Assert.Single(netlink.Tables()).OwnerPort);
            Assert.Equal(Errno.EPERM, Assert.Throws<LinuxException>(() => netlink.Commit(new NftBatch().Add(Plain))).Error);
            owner.Commit(new NftBatch().Add(Plain));
        }
        Assert.Empty(netlink.Tables());
    }

    [KernelFact(6, 9)]
    public void A_table_that_persists_outlives_its_owner_and_gets_another()
    {
        Assert.Equal(NftTableFlags.Owner | NftTableFlags.Persist, netlink.SupportedFlags());
        Assert.Empty(netlink.Tables());
        var table = Table with { Flags = NftTableFlags.Owner | NftTableFlags.Persist };
        using (var owner = NftNetlink.OpenIn(network)) owner.Commit(new NftBatch().Add(table).Add(Plain));
        Assert.Equal(0u, Assert.Single(netlink.Tables()).OwnerPort);
        using var next = NftNetlink.OpenIn(network);
        next.Commit(new NftBatch().Add(table));
        Assert.Equal(next.Port, Assert.Single(netlink.Tables()).OwnerPort);
        Assert.Equal("plain", Assert.Single(netlink.Chains(NftFamily.Inet)).Name);
    }

    [Fact]
    public void Changes_of_others_are_noticed()
    {
        using var monitor = NftMonitor.OpenIn(network);
        Assert.False(monitor.Wait(0));
        netlink.Commit(new NftBatch().Add(Table).Add(Plain));
        using (var stranger = NftNetlink.OpenIn(network)) stranger.Commit(new NftBatch().Remove(Table));
        Assert.True(monitor.Wait(10_000));
        var changes = new List<NftChange>();
        Assert.True(monitor.Take(changes));
        Assert.Contains(new NftChange(NftChangeKind.Table, false, NftFamily.Inet, "t", null, netlink.Port), changes);
        Assert.Contains(new NftChange(NftChangeKind.Chain, false, NftFamily.Inet, "t", "plain", netlink.Port), changes);
        var flushed = Assert.Single(changes, change => change is { Kind: NftChangeKind.Table, IsRemoval: true });
        Assert.Equal("t", flushed.Table);
        Assert.NotEqual(netlink.Port, flushed.Port);
        Assert.Contains(changes, change => change is { Kind: NftChangeKind.Generation, Thread: > 0, ThreadName.Length: > 0 });
        Assert.False(monitor.Wait(0));
    }

    [Fact]
    public void Lost_notices_are_told()
    {
        using var monitor = NftMonitor.Listen(network, queue: 64 * 1024);
        var set = new NftSet(Table, "s", NftType.IPv4Address);
        netlink.Commit(new NftBatch().Add(Table).Add(set).AddElements(set, [.. Enumerable.Range(0, 5_000).Select(number => new NftElement([10, 0, (byte)(number >> 8), (byte)number]))]));
        var changes = new List<NftChange>();
        Assert.False(monitor.Take(changes));
        Assert.True(monitor.Take(changes));
        netlink.Commit(new NftBatch().Remove(Table));
        changes.Clear();
        Assert.True(monitor.Take(changes));
        Assert.Contains(changes, change => change is { Kind: NftChangeKind.Table, IsRemoval: true });
    }
}
