using System.Net;
using Tare.Linux.Netlink;
using Tare.Linux.Netlink.Connections;

namespace Tare.Linux.Tests.Netlink;

/// <summary>Requests about tracked connections byte by byte, as linux/netfilter/nfnetlink_conntrack.h has them. No kernel is asked.</summary>
public sealed class ConntrackFilterTests
{
    private static readonly ConntrackEntry Entry = new(
        new ConntrackTuple(IPAddress.Parse("192.0.2.2"), IPAddress.Parse("192.0.2.1"), 17, 4000, 53),
        new ConntrackTuple(IPAddress.Parse("10.1.0.2"), IPAddress.Parse("192.0.2.2"), 17, 53, 4000))
    {
        Id = 0x01020304,
        Zone = 5,
        Family = 2,
        Key = [8, 0, 1, 0, 9, 9, 9, 9],
    };

    [Fact]
    public void All_of_a_family() => AssertWritten(new ConntrackFilter(V6: true), "14000000 0101 0103 07000000 00000000  0a 00 0000");

    [Fact]
    public void Those_to_a_port() => AssertWritten(
        ConntrackFilter.ToPort(IPAddress.Parse("192.0.2.1"), 17, 53),
        """
        4c000000 0101 0103 07000000 00000000  02 00 0000
        2400 0180
          0c00 0180  0800 0200 c0000201
          1400 0280
            0500 0100 11 000000
            0600 0300 0035 0000
        1400 1980
          0800 0100 2a000000
          0800 0200 00000000
        """);

    [Fact]
    public void Those_that_an_address_answers() => AssertWritten(
        ConntrackFilter.OfAddress(IPAddress.Parse("10.1.0.2"))[1],
        """
        38000000 0101 0103 07000000 00000000  02 00 0000
        1000 0280
          0c00 0180  0800 0100 0a010002
        1400 1980
          0800 0100 00000000
          0800 0200 01000000
        """);

    [Fact]
    public void The_kernel_is_not_asked_to_compare_addresses_of_IPv6()
    {
        AssertWritten(ConntrackFilter.OfAddress(IPAddress.Parse("fd01::2"))[0], "14000000 0101 0103 07000000 00000000  0a 00 0000");
        AssertWritten(
            ConntrackFilter.ToPort(IPAddress.Parse("fd01::2"), 17, 53),
            """
            40000000 0101 0103 07000000 00000000  0a 00 0000
            1800 0180
              1400 0280
                0500 0100 11 000000
                0600 0300 0035 0000
            1400 1980
              0800 0100 28000000
              0800 0200 00000000
            """);
    }

    [Fact]
    public void A_removal_names_the_one_connection()
    {
        var writer = new NetlinkWriter(7);
        ConntrackNetlink.WriteRemoval(writer, Entry);
        Bytes.AssertWritten(
            writer,
            """
            30000000 0201 0500 07000000 00000000  02 00 0000
            0c00 0180  0800 0100 09090909
            0800 0c00 01020304
            0600 1200 0005 0000
            """);
    }

    [Fact]
    public void Filters_match_what_they_say()
    {
        Assert.True(new ConntrackFilter(false).Matches(Entry));
        Assert.False(new ConntrackFilter(true).Matches(Entry));
        Assert.True(ConntrackFilter.ToPort(IPAddress.Any, 17, 53).Matches(Entry));
        Assert.False(ConntrackFilter.ToPort(IPAddress.Any, 6, 53).Matches(Entry));
        Assert.False(ConntrackFilter.ToPort(IPAddress.Any, 17, 4000).Matches(Entry));
        Assert.False(ConntrackFilter.ToPort(IPAddress.Parse("192.0.2.9"), 17, 53).Matches(Entry));
        Assert.Contains(ConntrackFilter.OfAddress(IPAddress.Parse("10.1.0.2")), filter => filter.Matches(Entry));
        Assert.Contains(ConntrackFilter.OfAddress(IPAddress.Parse("192.0.2.2")), filter => filter.Matches(Entry));
        Assert.DoesNotContain(ConntrackFilter.OfAddress(IPAddress.Parse("192.0.2.1")), filter => filter.Matches(Entry));
        Assert.Throws<InvalidOperationException>(() => ConntrackNetlink.WriteList(new NetlinkWriter(1), new ConntrackFilter(false) { DestinationPort = 1 }));
    }

    private static void AssertWritten(ConntrackFilter filter, string expected)
    {
        var writer = new NetlinkWriter(7);
        ConntrackNetlink.WriteList(writer, filter);
        Bytes.AssertWritten(writer, expected);
    }
}
