using System.Net;
using Tare.Errors;
using Tare.Networks.Addresses;

namespace Tare.Networks.Tests.Addresses;

/// <summary>Subnets that clients ask for, with the texts of dockerd 28.5.</summary>
public sealed class SubnetRequestTests
{
    [Fact]
    public void What_is_right_is_read()
    {
        var subnet = Assert.Single(SubnetRequest.Read([Request("10.1.0.0/24", "10.1.0.128/25", "10.1.0.1", ("a", "10.1.0.7"))], withIPv6: false));
        Assert.Equal((IPNetwork.Parse("10.1.0.0/24"), IPNetwork.Parse("10.1.0.128/25"), IPAddress.Parse("10.1.0.1")), (subnet.Network, subnet.Range!.Value, subnet.Gateway!));
        Assert.Equal(IPAddress.Parse("10.1.0.7"), subnet.Auxiliary["a"]);
        Assert.Null(SubnetRequest.Read([Request("10.1.0.0/24")], withIPv6: false)[0].Gateway);
    }

    [Fact]
    public void IPv6_counts_where_the_network_has_it()
    {
        Assert.Equal(2, SubnetRequest.Read([Request("10.1.0.0/24"), Request("fd00::/64")], withIPv6: true).Count);
        Assert.Single(SubnetRequest.Read([Request("10.1.0.0/24"), Request("fd00::1/64", gateway: "10.0.0.1")], withIPv6: false));
    }

    [Theory]
    [InlineData("10.1.0.0/33", "", "", "invalid subnet 10.1.0.0/33: invalid CIDR block notation")]
    [InlineData("", "", "10.1.0.1", "invalid subnet : invalid CIDR block notation")]
    [InlineData("10.1.0.1/24", "", "", "invalid subnet 10.1.0.1/24: it should be 10.1.0.0/24")]
    [InlineData("10.1.0.0/24", "10.2.0.0/25", "", "invalid ip-range 10.2.0.0/25: parent subnet 10.1.0.0/24 doesn't contain ip-range")]
    [InlineData("10.1.0.0/24", "10.1.0.1/25", "", "invalid ip-range 10.1.0.1/25: it should be 10.1.0.0/25")]
    [InlineData("10.1.0.0/24", "x", "", "invalid ip-range x: invalid CIDR block notation")]
    [InlineData("10.1.0.0/24", "fd00::/64", "", "invalid ip-range fd00::/64: parent subnet is an IPv4 block")]
    [InlineData("10.1.0.0/24", "", "x", "invalid gateway x: invalid address")]
    [InlineData("10.1.0.0/24", "", "fd00::1", "invalid gateway fd00::1: parent subnet is an IPv4 block")]
    [InlineData("fd00::/64", "", "10.0.0.1", "invalid gateway 10.0.0.1: parent subnet is an IPv6 block")]
    public void What_is_wrong_is_told(string subnet, string range, string gateway, string fault)
    {
        var error = Assert.Throws<TareException>(() => SubnetRequest.Read([Request(subnet, range, gateway)], withIPv6: true));
        Assert.Equal((ErrorKind.InvalidArgument, "invalid network config:\n" + fault), (error.Kind, error.Message));
    }

    [Fact]
    public void All_faults_are_told_at_once() => Assert.Equal(
        """
        invalid network config:
        * invalid subnet 10.1.0.1/24: it should be 10.1.0.0/24
        * invalid ip-range 10.2.0.0/16: CIDR block is bigger than its parent subnet 10.1.0.1/24
        * invalid ip-range 10.2.0.0/16: parent subnet 10.1.0.1/24 doesn't contain ip-range
        * invalid gateway 10.3.0.1: parent subnet 10.1.0.1/24 doesn't contain this address
        * invalid auxiliary address a: parent subnet 10.1.0.1/24 doesn't contain this address
        """,
        Assert.Throws<TareException>(() => SubnetRequest.Read([Request("10.1.0.1/24", "10.2.0.0/16", "10.3.0.1", ("a", "10.4.0.1"))], withIPv6: false)).Message);

    [Fact]
    public void Subnets_of_one_network_do_not_overlap() => Assert.Equal(
        "invalid pool request: Pool overlaps with other one on this address space",
        Assert.Throws<TareException>(() => SubnetRequest.Read([Request("10.1.0.0/24"), Request("10.1.0.0/25")], withIPv6: false)).Message);

    private static SubnetRequest Request(string subnet, string range = "", string gateway = "", params (string Name, string Address)[] auxiliary) =>
        new(subnet, range, gateway, auxiliary.ToDictionary(pair => pair.Name, pair => pair.Address));
}
