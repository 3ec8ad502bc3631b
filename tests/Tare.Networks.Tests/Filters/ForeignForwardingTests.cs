using System.Net;
using Tare.Linux;
using Tare.Linux.Netlink.Tables;
using Tare.Networks.Filters;
using static Tare.Networks.Tests.Filters.FilterLab;

namespace Tare.Networks.Tests.Filters;

/// <summary>Somebody else's filter that drops what is forwarded is found, and mended where that is wanted.</summary>
public sealed class ForeignForwardingTests : IDisposable
{
    private static readonly NftTable Filter = new(NftFamily.IPv4, "filter");
    private static readonly NftChain Forward = new(Filter, "FORWARD", new NftBase(NftChainType.Filter, NftHook.Forward, NftPriority.Filter, NftPolicy.Drop));

    private readonly FilterLab lab = new();
    private readonly NftNetlink tables;
    private readonly ForeignForwarding foreign;

    public ForeignForwardingTests()
    {
        tables = NftNetlink.OpenIn(lab.Host);
        foreign = new ForeignForwarding(tables, "tare");
    }

    public void Dispose()
    {
        tables.Dispose();
        lab.Dispose();
    }

    [Fact]
    public void A_policy_that_drops_is_found_and_mended_and_the_mend_taken_out_again()
    {
        lab.Filter.Add(lab.AddBridge(1));
        var web = lab.AddSandbox(1, 2);
        using var server = lab.Listen(web, 80);
        using var hidden = lab.Listen(web, 81);
        lab.Filter.Add(EndpointOf(1, 2, Tcp("0.0.0.0", 8080, 80)));
        Assert.Empty(Found("br1"));
        var other = new NftChain(Filter, "user");
        tables.Commit(new NftBatch().Add(Filter).Add(Forward).Add(other).Add(new NftRule(Forward, new NftRuleBuilder(NftFamily.IPv4).Then(NftVerdict.Jump("user")).Expressions) { Comment = "theirs" }));
        lab.AssertFails(lab.Outside, HostAt(8080));
        var obstacle = Assert.Single(Found("br1"));
        Assert.Equal(Forward, obstacle.Chain);
        Assert.StartsWith("the chain FORWARD of the table ip filter, which is not this engine's, has the policy drop: ", obstacle.Sentence, StringComparison.Ordinal);
        Assert.Contains("iptables -I FORWARD -i BRIDGE -j ACCEPT", obstacle.Sentence, StringComparison.Ordinal);

        foreign.Mend(Forward, ["br1"]);
        Assert.Empty(Found("br1"));
        Assert.Single(Found("br1", "br2"));
        lab.AssertPasses(lab.Outside, HostAt(8080), server);
        lab.AssertFails(lab.Outside, new IPEndPoint(IPAddress.Parse("10.1.0.2"), 81));
        var before = Rules();
        foreign.Mend(Forward, ["br1"]);
        Assert.Equal(before, Rules());
        foreign.Mend(Forward, ["br1", "br2"]);
        Assert.Empty(Found("br1", "br2"));
        foreign.Mend(Forward, ["br2"]);
        Assert.Equal(["tare: br2", "tare: br2", "theirs"], Rules().Select(rule => rule.Comment));
        foreign.Withdraw(Forward);
        foreign.Withdraw(Forward);
        Assert.Equal("theirs", Assert.Single(Rules()).Comment);
    }

    [Fact]
    public void A_chain_that_refuses_all_at_its_end_is_found_and_one_that_only_drops_some_is_not()
    {
        var firewalld = new NftTable(NftFamily.Inet, "firewalld");
        var chain = new NftChain(firewalld, "filter_FORWARD", new NftBase(NftChainType.Filter, NftHook.Forward, 10));
        tables.Commit(new NftBatch().Add(firewalld).Add(chain)
            .Add(new NftRule(chain, new NftRuleBuilder(NftFamily.Inet).State(NftStates.Invalid).Then(NftVerdict.Drop).Expressions))
            .Add(new NftRule(chain, new NftRuleBuilder(NftFamily.Inet).Count().Expressions)));
        Assert.Empty(Found("br1"));
        tables.Commit(new NftBatch().Add(new NftRule(chain, new NftRuleBuilder(NftFamily.Inet).Count().Add(new NftReject()).Expressions)));
        Assert.Contains("ends with a rule that refuses everything", Assert.Single(Found("br1")).Sentence, StringComparison.Ordinal);
        Assert.Contains("firewall-cmd", Found("br1")[0].Sentence, StringComparison.Ordinal);
        tables.Commit(new NftBatch().Flush(chain));
        Assert.Empty(Found("br1"));
        tables.Commit(new NftBatch().Add(new NftRule(chain, new NftRuleBuilder(NftFamily.Inet).Then(NftVerdict.Drop).Expressions)));
        Assert.Single(Found("br1"));
        tables.Commit(new NftBatch().Insert(new NftRule(chain, new NftRuleBuilder(NftFamily.Inet).Count().Then(NftVerdict.Accept).Expressions)));
        Assert.Empty(Found("br1"));
    }

    [Fact]
    public void All_chains_that_drop_are_mended_and_those_that_do_so_no_more_are_left()
    {
        var bare = new NftChain(new NftTable(NftFamily.Inet, "theirs"), "forward", new NftBase(NftChainType.Filter, NftHook.Forward, 0, NftPolicy.Drop));
        var open = new NftChain(new NftTable(NftFamily.IPv6, "open"), "forward", new NftBase(NftChainType.Filter, NftHook.Forward, 0));
        tables.Commit(new NftBatch().Add(Filter).Add(Forward).Add(bare.Table).Add(bare).Add(open.Table).Add(open));
        Assert.Equal(2, Found("br1").Count);
        Assert.Empty(foreign.MendAll(["br1", "br2"]));
        Assert.Empty(Found("br1", "br2"));
        Assert.Equal((4, 4, 0), (Rules().Length, tables.Rules(bare.Table).Count, tables.Rules(open.Table).Count));

        // One of them accepts by now.
        tables.Commit(new NftBatch().Add(bare with { Base = bare.Base! with { Policy = NftPolicy.Accept } }));
        Assert.Empty(foreign.MendAll(["br2"]));
        Assert.Equal((2, 0), (Rules().Length, tables.Rules(bare.Table).Count));
        Assert.Empty(foreign.MendAll([]));
        Assert.Empty(Rules());
    }

    [Fact]
    public void What_is_mended_is_what_iptables_shows()
    {
        // Where the machine has no iptables-nft, the case above has seen the same by netlink.
        if (lab.Run("iptables-nft", "-P", "FORWARD", "DROP") is not { Length: 0 }) return;
        var obstacle = Assert.Single(Found("br1"));
        Assert.Equal("filter", obstacle.Chain!.Table.Name);
        foreign.Mend(obstacle.Chain, ["br1"]);
        var shown = lab.Run("iptables-nft", "-S", "FORWARD");
        Assert.Contains("-P FORWARD DROP", shown, StringComparison.Ordinal);
        Assert.Contains("-A FORWARD -i br1 -m comment --comment \"tare: br1\" -j ACCEPT", shown, StringComparison.Ordinal);
        Assert.Contains("-A FORWARD -o br1 -m comment --comment \"tare: br1\" -j ACCEPT", shown, StringComparison.Ordinal);
        Assert.Equal("", lab.Run("iptables-nft", "-A", "FORWARD", "-i", "eth9", "-j", "ACCEPT"));
        foreign.Withdraw(obstacle.Chain);
        Assert.Equal("-P FORWARD DROP\n-A FORWARD -i eth9 -j ACCEPT\n", lab.Run("iptables-nft", "-S", "FORWARD"));
    }

    private IReadOnlyList<ForwardingObstacle> Found(params string[] devices) => foreign.Find(devices, lab.Host);

    private NftRuleInfo[] Rules() => [.. tables.Rules(Filter).Where(rule => rule.Chain == "FORWARD").Select(rule => rule with { ExpressionNames = [] })];
}
