using System.Net;
using Tare.Errors;
using Tare.Networks.Bridges;

namespace Tare.Networks.Tests.Bridges;

/// <summary>Options of bridge networks, with the texts of dockerd 28.5 where it has some.</summary>
public sealed class BridgeOptionsTests
{
    private const string Prefix = "com.docker.network.bridge.";

    [Fact]
    public void Without_any_it_is_an_ordinary_bridge() => Assert.Equal(new BridgeOptions(), Read());

    [Fact]
    public void All_that_Docker_has_are_read()
    {
        var options = Read(
            (Prefix + "name", "br0"), (Prefix + "enable_icc", "false"), (Prefix + "enable_ip_masquerade", "0"), (Prefix + "host_binding_ipv4", "127.0.0.1"),
            (Prefix + "inhibit_ipv4", "t"), (Prefix + "default_bridge", "True"), (Prefix + "gateway_mode_ipv4", "routed"), (Prefix + "gateway_mode_ipv6", "nat-unprotected"),
            ("com.docker.network.driver.mtu", "9000"), ("com.docker.network.host_ipv4", "10.0.0.1"), ("com.docker.network.host_ipv6", "fd00::1"),
            ("com.docker.network.container_iface_prefix", "net"), ("what.nobody.knows", "x"));
        Assert.Equal(
            new BridgeOptions
            {
                DeviceName = "br0", InterContainer = false, Masquerade = false, HostBinding = IPAddress.Loopback, InhibitIPv4 = true, IsDefault = true,
                Gateway4 = GatewayMode.Routed, Gateway6 = GatewayMode.NatUnprotected, Mtu = 9000, HostAddress4 = IPAddress.Parse("10.0.0.1"), HostAddress6 = IPAddress.Parse("fd00::1"),
                ContainerPrefix = "net",
            },
            options);
    }

    [Theory]
    [InlineData(Prefix + "enable_icc", "maybe", "failed to parse com.docker.network.bridge.enable_icc value: maybe (strconv.ParseBool: parsing \"maybe\": invalid syntax)")]
    [InlineData(Prefix + "enable_icc", "", "failed to parse com.docker.network.bridge.enable_icc value:  (strconv.ParseBool: parsing \"\": invalid syntax)")]
    [InlineData(Prefix + "gateway_mode_ipv4", "foo", "failed to parse com.docker.network.bridge.gateway_mode_ipv4 value: foo (unknown gateway mode foo)")]
    [InlineData(Prefix + "gateway_mode_ipv6", "isolated", "gateway mode 'isolated' can only be used for an internal network")]
    [InlineData(Prefix + "host_binding_ipv4", "foo", "failed to parse com.docker.network.bridge.host_binding_ipv4 value: foo (nil ip)")]
    [InlineData("com.docker.network.driver.mtu", "x", "failed to parse com.docker.network.driver.mtu value: x (strconv.Atoi: parsing \"x\": invalid syntax)")]
    [InlineData("com.docker.network.driver.mtu", "-1", "invalid MTU number: -1")]
    [InlineData("com.docker.network.driver.mtu", "67", "invalid MTU number: 67: a bridge takes 68 to 65535 bytes, or 0 for what it has by itself")]
    [InlineData(Prefix + "name", "verylongbridgename", "invalid com.docker.network.bridge.name \"verylongbridgename\": it has 18 characters, and the kernel takes 15")]
    [InlineData(Prefix + "name", "a/b", "invalid com.docker.network.bridge.name \"a/b\": a name of a network device has neither blanks nor / nor :")]
    [InlineData(Prefix + "name", "..", "invalid com.docker.network.bridge.name \"..\": a name of a network device has neither blanks nor / nor :")]
    [InlineData("com.docker.network.container_iface_prefix", "fourteenletters", "invalid com.docker.network.container_iface_prefix \"fourteenletters\": it has 15 characters, and the kernel takes 13")]
    public void What_is_wrong_is_told(string name, string value, string message)
    {
        var error = Assert.Throws<TareException>(() => Read((name, value)));
        Assert.Equal((ErrorKind.InvalidArgument, message), (error.Kind, error.Message));
    }

    [Fact]
    public void An_internal_network_may_be_isolated() =>
        Assert.Equal(GatewayMode.Isolated, BridgeOptions.Read(new Dictionary<string, string> { [Prefix + "gateway_mode_ipv4"] = "isolated" }, isInternal: true).Gateway4);

    private static BridgeOptions Read(params (string Name, string Value)[] options) => BridgeOptions.Read(options.ToDictionary(pair => pair.Name, pair => pair.Value), isInternal: false);
}
