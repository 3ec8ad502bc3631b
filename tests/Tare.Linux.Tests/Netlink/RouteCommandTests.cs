using System.Net;
using Tare.Linux.Netlink;

namespace Tare.Linux.Tests.Netlink;

/// <summary>Requests of rtnetlink byte by byte, as linux/netlink.h, linux/rtnetlink.h and linux/if_link.h have them. No kernel is asked.</summary>
public sealed class RouteCommandTests
{
    private static readonly LinkId Eth0 = new(5, "eth0");

    [Fact]
    public void A_bridge() => Bytes.AssertWritten(
        new LinkRequest("br0", new BridgeLink()) { Mtu = 1500, HardwareAddress = new HardwareAddress(0x0242AC110001), Up = true },
        """
        4c000000 1000 0506 07000000 00000000
        00 00 0000 00000000 01000000 01000000
        0800 0300 62723000
        0a00 0100 0242ac110001 0000
        0800 0400 dc050000
        1000 1280
          0b00 0100 62726964676500 00
        """);

    [Fact]
    public void A_cable_with_its_other_end_in_another_namespace()
    {
        using var network = Namespaces.NewNetwork();
        var number = Convert.ToHexStringLower(BitConverter.GetBytes(network.Number));
        Bytes.AssertWritten(
            new LinkRequest("veth1", new VethLink(new LinkRequest("eth0") { Network = network, Index = 2 })) { Master = new LinkId(3, "br0") },
            $"""
            70000000 1000 0506 07000000 00000000
            00 00 0000 00000000 00000000 00000000
            0a00 0300 766574683100 0000
            0800 0a00 03000000
            3c00 1280
              0900 0100 7665746800 000000
              2c00 0280
                2800 0180
                  00 00 0000 02000000 00000000 00000000
                  0900 0300 6574683000 000000
                  0800 1c00 {number}
            """);
    }

    [Fact]
    public void A_macvlan() => Bytes.AssertWritten(
        new LinkRequest("m0", new MacvlanLink(Eth0, MacvlanMode.Bridge)),
        """
        4c000000 1000 0506 07000000 00000000
        00 00 0000 00000000 00000000 00000000
        0700 0300 6d3000 00
        0800 0500 05000000
        1c00 1280
          0c00 0100 6d6163766c616e00
          0c00 0280 0800 0100 04000000
        """);

    [Fact]
    public void An_ipvlan() => Bytes.AssertWritten(
        new LinkRequest("i0", new IpvlanLink(Eth0, IpvlanMode.L3, IpvlanIsolation.Private)),
        """
        54000000 1000 0506 07000000 00000000
        00 00 0000 00000000 00000000 00000000
        0700 0300 693000 00
        0800 0500 05000000
        2400 1280
          0b00 0100 697076 6c616e00 00
          1400 0280
            0600 0100 0100 0000
            0600 0200 0100 0000
        """);

    [Fact]
    public void A_port_of_a_bridge() => Bytes.AssertWritten(
        new BridgePortChange(Eth0) { Hairpin = true, Isolated = false },
        """
        44000000 1000 0500 07000000 00000000
        00 00 0000 05000000 00000000 00000000
        2400 1280
          0b00 0400 62726964676500 00
          1400 0580
            0500 0400 01 000000
            0500 2100 00 000000
        """);

    [Fact]
    public void A_change_to_down_with_another_name() => Bytes.AssertWritten(
        new LinkChange(Eth0) { Up = false, Name = "b" },
        """
        28000000 1000 0500 07000000 00000000
        00 00 0000 05000000 00000000 01000000
        0600 0300 6200 0000
        """);

    [Fact]
    public void Devices_are_told_by_name_when_the_index_is_not_known() => Bytes.AssertWritten(
        new LinkChange(new LinkId(0, "b")) { Alias = "t" },
        """
        30000000 1000 0500 07000000 00000000
        00 00 0000 00000000 00000000 00000000
        0600 0300 6200 0000
        0600 1400 7400 0000
        """);

    [Fact]
    public void Addresses()
    {
        Bytes.AssertWritten(
            new AddressRequest(Eth0, NetworkAddress.Of(IPAddress.Parse("10.1.2.3"), 24)),
            """
            38000000 1400 0506 07000000 00000000
            02 18 00 00 05000000
            0800 0800 00000000
            0800 0200 0a010203
            0800 0100 0a010203
            0800 0400 0a0102ff
            """);
        Bytes.AssertWritten(
            new AddressRemoval(Eth0, NetworkAddress.Of(IPAddress.Parse("fd00::1"), 64)),
            """
            48000000 1500 0500 07000000 00000000
            0a 40 02 00 05000000
            0800 0800 02000000
            1400 0200 fd000000000000000000000000000001
            1400 0100 fd000000000000000000000000000001
            """);
    }

    [Fact]
    public void Routes()
    {
        Bytes.AssertWritten(
            new RouteRequest(new NetworkRoute(NetworkRoute.AnyV4) { Gateway = IPAddress.Parse("10.1.2.1"), LinkIndex = 5, OnLink = true }),
            """
            2c000000 1800 0506 07000000 00000000
            02 00 00 00 fe 04 00 01 04000000
            0800 0400 05000000
            0800 0500 0a010201
            """);
        Bytes.AssertWritten(
            new RouteRemoval(new NetworkRoute(IPNetwork.Parse("10.9.0.0/16")) { LinkIndex = 5, Scope = RouteScope.Link, Metric = 7 }),
            """
            34000000 1900 0500 07000000 00000000
            02 10 00 00 fe 04 fd 01 00000000
            0800 0100 0a090000
            0800 0400 05000000
            0800 0600 07000000
            """);
    }

    [Fact]
    public void A_neighbour() => Bytes.AssertWritten(
        new NeighbourRequest(Eth0, IPAddress.Parse("10.1.2.9"), new HardwareAddress(0x0242AC110009)),
        """
        30000000 1c00 0505 07000000 00000000
        02 00 0000 05000000 8000 00 00
        0800 0100 0a010209
        0a00 0200 0242ac110009 0000
        """);

    [Fact]
    public void Messages_follow_each_other_with_numbers_of_their_own()
    {
        var writer = new NetlinkWriter(9);
        new LinkRemoval(Eth0).Write(writer);
        new LinkChange(Eth0) { Name = "abc" }.Write(writer);
        Assert.Equal(2, writer.Count);
        Bytes.AssertWritten(
            writer,
            """
            20000000 1100 0500 09000000 00000000  00 00 0000 05000000 00000000 00000000
            28000000 1000 0500 0a000000 00000000  00 00 0000 05000000 00000000 00000000  0800 0300 61626300
            """);
    }

    [Fact]
    public void What_has_no_room_is_refused()
    {
        var writer = new NetlinkWriter(1);
        writer.Begin(16, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Attribute(1, new byte[65532]));
        Assert.Throws<ArgumentException>(() => writer.Text(3, "a\0b"));
        Assert.Throws<InvalidOperationException>(() => writer.Begin(16, 1));
    }

    [Theory]
    [InlineData("02:42:ac:11:00:02", true)]
    [InlineData("02-42-AC-11-00-02", true)]
    [InlineData("02:42:ac:11:00", false)]
    [InlineData("02:42-ac:11:00:02", false)]
    [InlineData("0g:42:ac:11:00:02", false)]
    [InlineData("+2:42:ac:11:00:02", false)]
    public void Hardware_addresses_are_read(string text, bool valid)
    {
        Assert.Equal(valid, HardwareAddress.TryParse(text, out var address));
        if (valid) Assert.Equal("02:42:ac:11:00:02", address.ToString());
    }
}
