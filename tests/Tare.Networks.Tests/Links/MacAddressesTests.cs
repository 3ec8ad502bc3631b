using System.Net;
using Tare.Networks.Links;

namespace Tare.Networks.Tests.Links;

public sealed class MacAddressesTests
{
    [Theory]
    [InlineData("172.17.0.2", null, "02:42:ac:11:00:02")]
    [InlineData("172.17.0.2", "fd00::2", "02:42:ac:11:00:02")]
    [InlineData(null, "fd00::2", "02:43:00:00:00:02")]
    public void An_endpoints_follows_from_its_address(string? v4, string? v6, string expected) =>
        Assert.Equal(expected, MacAddresses.OfEndpoint(Parse(v4), Parse(v6)).ToString());

    [Fact]
    public void Addresses_of_a_subnet_have_different_ones()
    {
        var all = Enumerable.Range(0, 3).SelectMany(high => Enumerable.Range(1, 500).Select(low => MacAddresses.OfEndpoint(null, IPAddress.Parse($"fd00::{high:x}:0:{low:x}")))).ToList();
        Assert.Equal(all.Count, all.Distinct().Count());
        Assert.Throws<ArgumentException>(() => MacAddresses.OfEndpoint(null, null));
    }

    [Fact]
    public void A_bridges_follows_from_its_network() => Assert.Equal("06:01:23:45:67:89", MacAddresses.OfBridge("0123456789abcdef").ToString());

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    public void An_engine_is_one_word(string engine) => Assert.Throws<ArgumentException>(() => new DeviceOwner(engine));

    [Fact]
    public void Remarks_tell_engines_apart()
    {
        var owner = new DeviceOwner("a.1");
        Assert.Equal("x", owner.NetworkOf(owner.OfNetwork("x")));
        Assert.Equal("x", owner.EndpointOf(owner.OfEndpoint("x")));
        Assert.Null(owner.NetworkOf(owner.OfEndpoint("x")));
        Assert.Null(owner.NetworkOf(new DeviceOwner("a.12").OfNetwork("x")));
        Assert.Null(owner.NetworkOf(null));
    }

    private static IPAddress? Parse(string? text) => text is null ? null : IPAddress.Parse(text);
}
