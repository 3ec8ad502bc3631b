using System.Net;
using System.Net.Sockets;
using Tare.Errors;
using Tare.Networks.Addresses;

namespace Tare.Networks.Tests.Addresses;

/// <summary>Subnets that networks get.</summary>
public sealed class AddressPoolTests
{
    [Theory]
    [InlineData("172.18.0.0/24")]
    [InlineData("172.18.1.0/24", "172.18.0.0/24")]
    [InlineData("172.18.0.0/24", "172.18.1.0/24")]
    [InlineData("172.18.3.0/24", "172.18.0.0/23", "172.18.2.77/32")]
    [InlineData("172.20.0.0/24", "172.16.0.0/14")]
    [InlineData("192.168.0.0/24", "172.16.0.0/12", "10.0.0.0/8")]
    [InlineData("192.168.2.0/24", "172.16.0.0/12", "192.168.0.0/24", "192.168.1.128/25")]
    public void The_first_that_overlaps_nothing(string expected, params string[] taken) =>
        Assert.Equal(IPNetwork.Parse(expected), AddressPool.Choose(AddressPool.Defaults, AddressFamily.InterNetwork, taken.Select(text => IPNetwork.Parse(text))));

    [Fact]
    public void Every_subnet_of_the_pools_is_given_once()
    {
        var taken = new List<IPNetwork>();
        AddressPool[] pools = [new(IPNetwork.Parse("10.0.0.0/22"), 24), new(IPNetwork.Parse("10.9.0.0/29"), 30)];
        for (var i = 0; i < 6; i++) taken.Add(AddressPool.Choose(pools, AddressFamily.InterNetwork, taken));
        Assert.Equal(["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24", "10.9.0.0/30", "10.9.0.4/30"], taken.Select(network => network.ToString()));
        var error = Assert.Throws<TareException>(() => AddressPool.Choose(pools, AddressFamily.InterNetwork, taken));
        Assert.Equal("all predefined address pools have been fully subnetted", error.Message);
    }

    [Fact]
    public void What_the_whole_machine_routes_elsewhere_leaves_nothing() =>
        Assert.Throws<TareException>(() => AddressPool.Choose(AddressPool.Defaults, AddressFamily.InterNetwork, [IPNetwork.Parse("0.0.0.0/0")]));

    [Fact]
    public void At_the_end_of_all_addresses_it_ends()
    {
        AddressPool[] pools = [new(IPNetwork.Parse("255.255.255.0/24"), 30)];
        Assert.Equal(IPNetwork.Parse("255.255.255.252/30"), AddressPool.Choose(pools, AddressFamily.InterNetwork, [IPNetwork.Parse("255.255.255.0/25"), IPNetwork.Parse("255.255.255.128/26"), IPNetwork.Parse("255.255.255.192/27"), IPNetwork.Parse("255.255.255.224/28"), IPNetwork.Parse("255.255.255.240/29"), IPNetwork.Parse("255.255.255.248/30")]));
        Assert.Throws<TareException>(() => AddressPool.Choose(pools, AddressFamily.InterNetwork, [IPNetwork.Parse("255.255.255.0/24")]));
        AddressPool[] six = [new(IPNetwork.Parse("ffff::/16"), 64)];
        Assert.Throws<TareException>(() => AddressPool.Choose(six, AddressFamily.InterNetworkV6, [IPNetwork.Parse("ffff::/16")]));
    }

    [Fact]
    public void Unique_local_addresses_are_one_machines()
    {
        var pool = AddressPool.UniqueLocal("machine"u8);
        Assert.Equal((48, 64, (byte)0xfd), (pool.Range.PrefixLength, pool.Size, pool.Range.BaseAddress.GetAddressBytes()[0]));
        Assert.Equal(pool, AddressPool.UniqueLocal("machine"u8));
        Assert.NotEqual(pool, AddressPool.UniqueLocal("another"u8));
        var first = AddressPool.Choose([pool], AddressFamily.InterNetworkV6, []);
        var second = AddressPool.Choose([pool], AddressFamily.InterNetworkV6, [first]);
        Assert.Equal(AddressMath.First(first) + (UInt128.One << 64), AddressMath.First(second));
        Assert.Equal(IPNetwork.Parse("172.18.0.0/24"), AddressPool.Choose([pool, .. AddressPool.Defaults], AddressFamily.InterNetwork, [first]));
    }

    [Theory]
    [InlineData("10.0.0.0/24", 23)]
    [InlineData("10.0.0.0/24", 31)]
    [InlineData("fd00::/64", 127)]
    public void Pools_that_make_no_sense(string range, int size) => Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<TareException>(() => new AddressPool(IPNetwork.Parse(range), size)).Kind);

    [Theory]
    [InlineData("10.0.0.7/24", "10.0.0.7", "10.0.0.0/24")]
    [InlineData("10.0.0.7/32", "10.0.0.7", "10.0.0.7/32")]
    [InlineData("10.0.0.7/0", "10.0.0.7", "0.0.0.0/0")]
    [InlineData("fd00::1:2/112", "fd00::1:2", "fd00::1:0/112")]
    [InlineData("::1/0", "::1", "::/0")]
    public void Networks_are_read(string text, string address, string network)
    {
        Assert.True(AddressMath.TryParse(text, out var readAddress, out var readNetwork));
        Assert.Equal((IPAddress.Parse(address), IPNetwork.Parse(network)), (readAddress, readNetwork));
    }

    [Theory]
    [InlineData("")]
    [InlineData("10.0.0.7")]
    [InlineData("10.0.0.7/")]
    [InlineData("10.0.0.7/33")]
    [InlineData("10.0.0.7/08")]
    [InlineData("10.0.0.7/+8")]
    [InlineData("10.0.0/8")]
    [InlineData("010.0.0.1/8")]
    [InlineData("0x0a000001/8")]
    [InlineData("fe80::1%lo/64")]
    [InlineData("[::1]/64")]
    [InlineData("::/129")]
    [InlineData("foo")]
    public void What_is_no_network_is_refused(string text) => Assert.False(AddressMath.TryParse(text, out _, out _));
}
