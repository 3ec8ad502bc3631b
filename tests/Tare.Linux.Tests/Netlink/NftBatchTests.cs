using System.Net;
using Tare.Linux.Netlink;
using Tare.Linux.Netlink.Tables;

namespace Tare.Linux.Tests.Netlink;

/// <summary>Changes of nf_tables byte by byte, as linux/netfilter/nfnetlink.h and linux/netfilter/nf_tables.h have them. No kernel is asked.</summary>
public sealed class NftBatchTests
{
    private const string Begin = "14000000 1000 0100 07000000 00000000  00 00 000a";
    private const string NineEnds = "14000000 1100 0100 09000000 00000000  00 00 000a";
    private static readonly NftTable Table = new(NftFamily.Inet, "t");
    private static readonly NftChain Chain = new(Table, "c");

    [Fact]
    public void A_table_with_an_owner() => AssertWritten(
        new NftBatch().Add(Table with { Flags = NftTableFlags.Owner | NftTableFlags.Persist }),
        """
        24000000 000a 0504 08000000 00000000  01 00 0000
        0600 0100 7400 0000
        0800 0200 00000006
        """);

    [Fact]
    public void A_base_chain() => AssertWritten(
        new NftBatch().Add(Chain with { Base = new NftBase(NftChainType.Nat, NftHook.PreRouting, NftPriority.DestinationNat, NftPolicy.Accept) }),
        """
        48000000 030a 0504 08000000 00000000  01 00 0000
        0600 0100 7400 0000
        0600 0300 6300 0000
        1400 0480
          0800 0100 00000000
          0800 0200 ffffff9c
        0800 0500 00000001
        0800 0700 6e617400
        """);

    [Fact]
    public void A_rule_with_a_comment() => AssertWritten(
        new NftBatch().Add(new NftRule(Chain, new NftRuleBuilder(NftFamily.Inet).Protocol(6).Then(NftVerdict.Jump("d")).Expressions) { Comment = "hi" }),
        """
        bc000000 060a 050c 08000000 00000000  01 00 0000
        0600 0100 7400 0000
        0600 0200 6300 0000
        8c00 0480
          2400 0180
            0900 0100 6d65746100 000000
            1400 0280
              0800 0200 00000010
              0800 0100 00000008
          2c00 0180
            0800 0100 636d7000
            2000 0280
              0800 0100 00000008
              0800 0200 00000000
              0c00 0380
                0500 0100 06 000000
          3800 0180
            0e00 0100 696d6d65646961746500 0000
            2400 0280
              0800 0100 00000000
              1800 0280
                1400 0280
                  0800 0100 fffffffd
                  0600 0200 6400 0000
        0900 0700 00 03 686900 000000
        """);

    [Fact]
    public void A_map_with_concatenated_keys() => AssertWritten(
        new NftBatch().Add(new NftSet(Table, "m", NftType.IPv4Address, NftType.Protocol, NftType.Service) { Value = [NftType.IPv4Address, NftType.Service] }),
        // 7 << 12 | 12 << 6 | 13 and 7 << 6 | 13, as nft counts.
        """
        80000000 090a 0504 08000000 00000000  01 00 0000
        0600 0100 7400 0000
        0600 0200 6d00 0000
        0800 0300 00000088
        0800 0400 0000730d
        0800 0500 0000000c
        0800 0600 000001cd
        0800 0700 00000008
        0800 0a00 00000001
        2c00 0980
          2800 0280
            0c00 0180  0800 0100 00000004
            0c00 0180  0800 0100 00000001
            0c00 0180  0800 0100 00000002
        """);

    [Fact]
    public void Elements_of_a_map() => AssertWritten(
        new NftBatch().AddElements(
            new NftSet(Table, "m", NftType.Protocol, NftType.Service) { Value = [NftType.IPv4Address, NftType.Service] },
            [new NftElement(new NftData().AddProtocol(6).AddPort(8080).ToBytes(), new NftData().Add(IPAddress.Parse("10.1.0.2")).AddPort(80).ToBytes())]),
        """
        4c000000 0c0a 0504 08000000 00000000  01 00 0000
        0600 0100 7400 0000
        0600 0200 6d00 0000
        2800 0380
          2400 0180
            1000 0180  0c00 0100 06000000 1f900000
            1000 0280  0c00 0100 0a010002 00500000
        """);

    [Fact]
    public void Elements_to_verdicts_and_their_removal()
    {
        var map = new NftSet(Table, "m", NftType.Service) { Value = [NftType.Verdict] };
        var key = new NftData().AddPort(80).ToBytes();
        AssertWritten(
            new NftBatch().AddElements(map, [new NftElement(key, Verdict: NftVerdict.Drop)]),
            """
            48000000 0c0a 0504 08000000 00000000  01 00 0000
            0600 0100 7400 0000
            0600 0200 6d00 0000
            2400 0380
              2000 0180
                0c00 0180  0600 0100 0050 0000
                1000 0280  0c00 0280  0800 0100 00000000
            """);
        AssertWritten(
            new NftBatch().RemoveElements(map, [new NftElement(key)]),
            """
            38000000 0e0a 0500 08000000 00000000  01 00 0000
            0600 0100 7400 0000
            0600 0200 6d00 0000
            1400 0380
              1000 0180
                0c00 0180  0600 0100 0050 0000
            """);
    }

    [Fact]
    public void A_range_is_its_first_key_and_the_first_after_it() => AssertWritten(
        new NftBatch().AddElements(new NftSet(Table, "m", NftType.IPv4Address) { Intervals = true }, [new NftElement([10, 0, 0, 0]) { Last = [10, 0, 0, 255] }]),
        """
        50000000 0c0a 0504 08000000 00000000  01 00 0000
        0600 0100 7400 0000
        0600 0200 6d00 0000
        2c00 0380
          1000 0180
            0c00 0180  0800 0100 0a000000
          1800 0180
            0c00 0180  0800 0100 0a000100
            0800 0300 00000001
        """);

    [Fact]
    public void Only_the_last_change_asks_for_an_answer()
    {
        var writer = new NetlinkWriter(7);
        var operations = new NftBatch().Remove(Table).Add(Table).Write(writer);
        Bytes.AssertWritten(
            writer,
            $"""
            {Begin}
            1c000000 020a 0100 08000000 00000000  01 00 0000  0600 0100 7400 0000
            24000000 000a 0504 09000000 00000000  01 00 0000  0600 0100 7400 0000  0800 0200 00000000
            14000000 1100 0100 0a000000 00000000  00 00 000a
            """);
        Assert.Equal(["change the packet filter", "remove the table inet t", "make the table inet t", "change the packet filter"], operations);
    }

    [Fact]
    public void Expressions_are_those_that_nft_writes() => Assert.Equal(
        new NftExpression[]
        {
            new NftMeta(NftMetaKey.NetfilterProtocol), Equal(2),
            new NftPayload(NftHeader.Network, 16, 4), new NftBitwise([255, 255, 0, 0], [0, 0, 0, 0]), Equal(10, 1, 0, 0),
            new NftPayload(NftHeader.Network, 12, 4), new NftCompare(NftComparison.NotEqual, [10, 1, 2, 3]),
            new NftMeta(NftMetaKey.InputName), Equal([.. "br0"u8, .. new byte[13]]),
            new NftConnection(NftConnectionKey.State), new NftBitwise([6, 0, 0, 0], [0, 0, 0, 0]), new NftCompare(NftComparison.NotEqual, [0, 0, 0, 0]),
            new NftDestinationType(), Equal(2, 0, 0, 0),
            new NftConnection(NftConnectionKey.DestinationIPv4, NftDirection.Original), Equal(192, 0, 2, 1),
            new NftDecide(NftVerdict.Accept),
        }.Select(Written),
        new NftRuleBuilder(NftFamily.Inet)
            .Destination(IPNetwork.Parse("10.1.0.0/16")).Source(IPNetwork.Parse("10.1.2.3/32"), not: true).From("br0")
            .State(NftStates.Established | NftStates.Related).ToThisHost().OriginalDestination(IPNetwork.Parse("192.0.2.1/32")).Then(NftVerdict.Accept).Expressions.Select(Written));

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        var map = new NftSet(Table, "m", NftType.IPv4Address, NftType.Service);
        Assert.Throws<ArgumentException>(() => new NftRuleBuilder(NftFamily.Inet).In(map, NftFamily.IPv4, not: false, NftField.DestinationAddress));
        Assert.Throws<ArgumentException>(() => new NftBatch().AddElements(map, [new NftElement([1, 2, 3, 4])]).Write(new NetlinkWriter(1)));
        Assert.Throws<ArgumentException>(() => new NftBatch().Add(new NftRule(Chain, []) { Comment = new string('x', 128) }).Write(new NetlinkWriter(1)));
    }

    private static NftCompare Equal(params byte[] value) => new(NftComparison.Equal, value);

    private static string Written(NftExpression expression)
    {
        var writer = new NetlinkWriter(1);
        expression.Write(writer);
        return $"{expression.Name} {Convert.ToHexString(writer.Written)}";
    }

    private static void AssertWritten(NftBatch batch, string expected)
    {
        var writer = new NetlinkWriter(7);
        batch.Write(writer);
        Bytes.AssertWritten(writer, $"{Begin}\n{expected}\n{NineEnds}");
    }
}
