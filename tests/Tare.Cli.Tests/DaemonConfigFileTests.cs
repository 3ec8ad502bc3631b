using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Roles;
using Tare.Engine.Networks;

namespace Tare.Cli.Tests;

/// <summary>The daemon's file of options, and its options of networks.</summary>
public sealed class DaemonConfigFileTests
{
    private readonly FlagSet _flags = new();
    private readonly DaemonNetworkFlags _networks;
    private readonly ListFlag _labels;
    private readonly NumberFlag _downloads;

    public DaemonConfigFileTests()
    {
        _networks = new DaemonNetworkFlags(_flags);
        _labels = _flags.List("label", "");
        _downloads = _flags.Number("max-concurrent-downloads", "", initial: 3);
        _flags.Switch("version", "");
    }

    [Fact]
    public void Members_are_options()
    {
        Apply("""{"labels": ["a=b", "c=d"], "max-concurrent-downloads": 7, "bip": "10.9.0.1/24", "icc": false, "ip": "127.0.0.1", "mtu": 1400, "userland-proxy": false}""");
        Assert.Equal(["a=b", "c=d"], _labels.Values);
        Assert.Equal(7, _downloads.Value);
        var bridge = _networks.Read().DefaultBridge;
        Assert.Equal(("10.9.0.1/24", false, "127.0.0.1", 1400), (bridge.Address4!.ToString(), bridge.InterContainer, bridge.HostBinding.ToString(), bridge.Mtu));
    }

    [Theory]
    [InlineData("--default-address-pool base=10.30.0.0/16,size=24 --default-network-opt bridge=com.docker.network.driver.mtu=1234 --dns 192.0.2.1 --dns-opt ndots:2 --dns-search a.test --host-gateway-ip 192.0.2.9 --host-gateway-ip fd00::9 --ip-forward=false", "{}")]
    [InlineData("", """{"default-address-pools": [{"base": "10.30.0.0/16", "size": 24}], "default-network-opts": {"bridge": {"com.docker.network.driver.mtu": "1234"}}, "dns": ["192.0.2.1"], "dns-opts": ["ndots:2"], "dns-search": ["a.test"], "host-gateway-ips": ["192.0.2.9", "fd00::9"], "ip-forward": false}""")]
    public void Lists_and_maps_are_the_same_on_the_command_line_and_in_the_file(string line, string file)
    {
        _flags.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), _ => { });
        Apply(file);
        NetworkOptions options = _networks.Read();
        Assert.Equal("10.30.0.0/16 24", string.Join(", ", options.Pools.Select(pool => $"{pool.Range} {pool.Size}")));
        Assert.Equal("1234", options.DefaultOptions["bridge"]["com.docker.network.driver.mtu"]);
        Assert.Equal(["192.0.2.1"], options.Dns.Servers);
        Assert.Equal(["ndots:2"], options.Dns.Options);
        Assert.Equal(["a.test"], options.Dns.Search);
        Assert.Equal("192.0.2.9 fd00::9", string.Join(' ', options.HostGateways));
        Assert.False(options.EnablesForwarding);
    }

    [Theory]
    [InlineData("", """{"foo": 1, "label": []}""", "the following directives don't match any configuration option: foo, label")]
    [InlineData("", """{"version": true}""", "the following directives don't match any configuration option: version")]
    [InlineData("--icc=false", """{"icc": true}""", "the following directives are specified both as a flag and in the configuration file: icc")]
    [InlineData("--dns 192.0.2.1", """{"dns": ["192.0.2.1"]}""", "the following directives are specified both as a flag and in the configuration file: dns")]
    [InlineData("", """{"dns": ["one"]}""", "dns: invalid string being converted to IP address: one")]
    [InlineData("", """{"host-gateway-ips": ["192.0.2.1", "192.0.2.2"]}""", "only one IPv4 host gateway IP address can be specified")]
    [InlineData("", """{"default-address-pools": [{"base": "10.0.0.0/8"}]}""", "it is base=SUBNET,size=BITS")]
    [InlineData("", """{"default-address-pools": [{"base": "10.0.0.0/24", "size": 16}]}""", "larger than it is")]
    [InlineData("", """{"default-address-pools": ["10.0.0.0/8"]}""", "default-address-pools is no list of objects")]
    [InlineData("", """{"bip": 3}""", "bip: 3 is no string")]
    [InlineData("", """{"mtu": "3"}""", "mtu is no whole number")]
    [InlineData("", """{"icc": "yes"}""", "icc is neither true nor false")]
    [InlineData("", """{"iptables": false}""", "iptables=false is not possible")]
    [InlineData("", """{"ip6tables": false}""", "ip6tables=false is not possible")]
    [InlineData("", """{"bridge": "br0"}""", "only \"none\" can be said")]
    [InlineData("--bridge none", """{"bip": "10.9.0.1/24"}""", "You specified -b & --bip, mutually exclusive options")]
    [InlineData("", """{"bip": "10.9.0.1"}""", "parse bip failed: invalid CIDR address: 10.9.0.1")]
    [InlineData("", """{"mtu": 12}""", "invalid MTU number: 12")]
    [InlineData("", """{"mtu": -1}""", "invalid default MTU: -1")]
    public void What_is_wrong_is_said(string line, string file, string expected)
    {
        _flags.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), _ => { });
        Assert.Contains(expected, Assert.ThrowsAny<Exception>(() =>
        {
            Apply(file);
            _networks.Read();
        }).Message, StringComparison.Ordinal);
    }

    private void Apply(string json)
    {
        using var document = JsonDocument.Parse(json);
        DaemonConfigFile.Apply(document.RootElement, _flags);
    }
}
