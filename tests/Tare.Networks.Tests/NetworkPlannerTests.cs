using System.Net;
using Tare.Errors;
using Tare.Networks.Addresses;
using Tare.Networks.Catalogs;

namespace Tare.Networks.Tests;

/// <summary>What becomes of a request for a network, with the texts and kinds of dockerd 28.5.</summary>
public sealed class NetworkPlannerTests
{
    private const string Prefix = "com.docker.network.bridge.";
    private static readonly string Id = "0123456789abcdef" + new string('0', 48);

    [Fact]
    public void Without_any_wish_it_is_a_bridge_with_a_subnet_from_the_pools()
    {
        var network = Plan(new NetworkRequest { Name = "one" });
        Assert.Equal(("bridge", "br-0123456789ab", true, false), (network.Driver, network.Device, network.HasIPv4, network.HasIPv6));
        Assert.Equal("172.18.0.0/24  172.18.0.1 True", Describe(network.Subnets.Single()));
        Assert.Equal("172.18.2.0/24  172.18.2.1 True", Describe(Plan(new NetworkRequest { Name = "two" }, [network with { Device = "br-other" }], "172.18.1.64/26").Subnets.Single()));
    }

    [Fact]
    public void With_IPv6_it_has_one_of_each()
    {
        var network = Plan(new NetworkRequest { Name = "one", HasIPv6 = true });
        Assert.Equal(2, network.Subnets.Count);
        Assert.StartsWith("fd", network.Subnets[1].Network.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("::1", network.Subnets[1].Gateway!.ToString(), StringComparison.Ordinal);
        Assert.Equal(["fd00:5::/64  fd00:5::1 False"], Plan(new NetworkRequest { Name = "six", HasIPv4 = false, HasIPv6 = true, Subnets = [Subnet("fd00:5::/64")] }).Subnets.Select(Describe));
        Assert.Equal(["172.18.0.0/24  172.18.0.1 True"], Plan(new NetworkRequest { Name = "four", Subnets = [Subnet("fd00:5::/64")] }).Subnets.Select(Describe));
    }

    [Theory]
    [InlineData("10.77.0.0/24", "", "", "10.77.0.0/24  10.77.0.1 False")]
    [InlineData("10.77.0.0/24", "10.77.0.128/25", "", "10.77.0.0/24 10.77.0.128/25 10.77.0.128 False")]
    [InlineData("10.77.0.0/24", "10.77.0.8/30", "10.77.0.9", "10.77.0.0/24 10.77.0.8/30 10.77.0.9 True")]
    [InlineData("10.77.0.0/31", "", "", "10.77.0.0/31  10.77.0.0 False")]
    public void Subnets_that_are_asked_for(string subnet, string range, string gateway, string expected) =>
        Assert.Equal(expected, Describe(Plan(new NetworkRequest { Name = "one", Subnets = [Subnet(subnet, range, gateway)] }, [], "10.77.0.0/16").Subnets.Single()));

    [Fact]
    public void An_isolated_network_has_no_gateway() =>
        Assert.Equal("172.18.0.0/24   False", Describe(Plan(new NetworkRequest { Name = "one", IsInternal = true, Options = new Dictionary<string, string> { [Prefix + "gateway_mode_ipv4"] = "isolated" } }).Subnets.Single()));

    [Theory]
    [InlineData("macvlan", "", "dm-0123456789ab")]
    [InlineData("ipvlan", "", "di-0123456789ab")]
    [InlineData("macvlan", "eth0.50", "eth0.50")]
    public void Networks_on_one_of_the_hosts_devices_have_that_and_may_share_it(string driver, string parent, string device)
    {
        var there = new Network { Id = new string('f', 64), Name = "there", Driver = driver, Created = default, Device = device, Subnets = [new Subnet { Network = IPNetwork.Parse("10.9.0.0/24") }] };
        var request = new NetworkRequest { Name = "one", Driver = driver, Options = new Dictionary<string, string> { ["parent"] = parent }, Subnets = [Subnet("10.1.0.0/24"), Subnet("10.2.0.0/24", gateway: "10.2.0.9")] };
        var network = Plan(request, [there]);
        Assert.Equal((driver, device), (network.Driver, network.Device));
        Assert.Equal(["10.1.0.0/24  10.1.0.1 False", "10.2.0.0/24  10.2.0.9 True"], network.Subnets.Select(Describe));
    }

    [Fact]
    public void A_configuration_takes_no_subnet_and_says_what_others_are()
    {
        var asked = new NetworkRequest { Name = "config", IsConfigOnly = true, HasIPv6 = true, Subnets = [Subnet("10.1.0.0/24", "10.1.0.128/25", "10.1.0.7")], Options = new Dictionary<string, string> { ["parent"] = "nosuch" }, Labels = new Dictionary<string, string> { ["a"] = "b" } };
        var config = Plan(asked);
        Assert.Equal(("null", "", true, false), (config.Driver, config.Device, config.IsConfigOnly, config.HasDevice));
        Assert.Equal(["10.1.0.0/24 10.1.0.128/25 10.1.0.7 True"], config.Subnets.Select(Describe));
        Assert.Equal("10.1.0.0/24  10.1.0.1 False", Describe(Plan(new NetworkRequest { Name = "own", Subnets = [Subnet("10.1.0.0/24")] }, [config]).Subnets.Single()));
        var network = Plan(new NetworkRequest { Name = "one", Driver = "macvlan", ConfigFrom = "config", IsInternal = true }, [config]);
        Assert.Equal(("macvlan", "nosuch", "config", true, true), (network.Driver, network.Device, network.ConfigFrom, network.IsInternal, network.HasIPv6));
        Assert.Equal("10.1.0.0/24 10.1.0.128/25 10.1.0.7 True", Describe(network.Subnets[0]));
        Assert.Equal((2, "b"), (network.Subnets.Count, network.Labels["a"]));
    }

    public static TheoryData<NetworkRequest, ErrorKind, string> Refused => new()
    {
        { new NetworkRequest { Name = "a", ConfigFrom = "there" }, ErrorKind.NotFound, "configuration network \"there\" does not exist" },
        { new NetworkRequest { Name = "a", IsConfigOnly = true, ConfigFrom = "there" }, ErrorKind.Forbidden, "a configuration network cannot depend on another configuration network" },
        { new NetworkRequest { Name = "a", ConfigFrom = "there", HasIPv6 = true }, ErrorKind.Forbidden, "user specified configurations are not supported if the network depends on a configuration network" },
        { new NetworkRequest { Name = "" }, ErrorKind.InvalidArgument, "invalid name: name is empty" },
        { new NetworkRequest { Name = "none" }, ErrorKind.Forbidden, "operation is not permitted on predefined none network " },
        { new NetworkRequest { Name = "there" }, ErrorKind.Conflict, "network with name there already exists" },
        { new NetworkRequest { Name = "a", Driver = "host" }, ErrorKind.Forbidden, "only one instance of \"host\" network is allowed" },
        { new NetworkRequest { Name = "a", Driver = "foo" }, ErrorKind.NotFound, "plugin \"foo\" not found" },
        { new NetworkRequest { Name = "a", IpamDriver = "foo" }, ErrorKind.NotFound, "plugin \"foo\" not found" },
        { new NetworkRequest { Name = "a", Driver = "macvlan", Options = new Dictionary<string, string> { ["macvlan_mode"] = "x" } }, ErrorKind.InvalidArgument, "requested macvlan mode 'x' is not valid, 'bridge' mode is the macvlan driver default" },
        { new NetworkRequest { Name = "a", HasIPv4 = false }, ErrorKind.InvalidArgument, "IPv4 or IPv6 must be enabled" },
        { new NetworkRequest { Name = "a", Subnets = [Subnet("10.1.0.0/24"), Subnet("10.2.0.0/24")] }, ErrorKind.Forbidden, "bridge driver doesn't support multiple subnets" },
        { new NetworkRequest { Name = "a", Subnets = [Subnet("10.9.0.128/25")] }, ErrorKind.Forbidden, "invalid pool request: Pool overlaps with other one on this address space" },
        { new NetworkRequest { Name = "a", Subnets = [Subnet("10.1.0.0/24", gateway: "10.1.0.255")] }, ErrorKind.Forbidden, "failed to allocate gateway (10.1.0.255): Address already in use" },
        { new NetworkRequest { Name = "a", Subnets = [Subnet("10.1.0.0/24") with { Auxiliary = new Dictionary<string, string> { ["x"] = "10.1.0.1" } }] }, ErrorKind.Forbidden, "failed to allocate secondary ip address (x:10.1.0.1): Address already in use" },
        { new NetworkRequest { Name = "a", Options = new Dictionary<string, string> { [Prefix + "name"] = "br0" } }, ErrorKind.Forbidden, $"cannot create network {Id} (br0): conflicts with network {new string('f', 64)} (br0): networks have same bridge name" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_cannot_be_is_told(NetworkRequest request, ErrorKind kind, string message)
    {
        var there = new Network { Id = new string('f', 64), Name = "there", Driver = "bridge", Created = default, Device = "br0", Subnets = [new Subnet { Network = IPNetwork.Parse("10.9.0.0/24") }] };
        var error = Assert.Throws<TareException>(() => Plan(request, [there]));
        Assert.Equal((kind, message), (error.Kind, error.Message));
    }

    private static Network Plan(NetworkRequest request, IEnumerable<Network>? existing = null, params string[] routes) => new NetworkPlanner([.. AddressPool.Defaults, AddressPool.UniqueLocal("machine"u8)])
        .Plan(request, Id, new NetworkCatalog(existing ?? []), [.. routes.Select(text => IPNetwork.Parse(text))], DateTimeOffset.UnixEpoch);

    private static SubnetRequest Subnet(string subnet, string range = "", string gateway = "") => new(subnet, range, gateway, new Dictionary<string, string>());

    private static string Describe(Subnet subnet) => $"{subnet.Network} {subnet.Range} {subnet.Gateway} {subnet.HasGivenGateway}";
}
