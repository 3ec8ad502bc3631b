using Tare.Engine.Networks;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Tests;

public sealed class NetworkFilterTests
{
    private static readonly NetworkInspect Bridge = new() { Name = "bridge", Id = "abc123", Driver = "bridge", Scope = "local" };

    private static readonly NetworkInspect Web = new() { Name = "web-1", Id = "def456", Driver = "bridge", Scope = "local", Labels = new Dictionary<string, string> { ["a"] = "b" } };

    [Theory]
    [InlineData("""{}""", true, true)]
    [InlineData("""{"driver":["bridge"]}""", true, true)]
    [InlineData("""{"driver":["bri"]}""", false, false)]
    [InlineData("""{"name":["web"]}""", false, true)]
    [InlineData("""{"name":["^web$"]}""", false, false)]
    [InlineData("""{"id":["c12"]}""", true, false)]
    [InlineData("""{"label":["a"]}""", false, true)]
    [InlineData("""{"label":["a=b"]}""", false, true)]
    [InlineData("""{"label":["a=c"]}""", false, false)]
    [InlineData("""{"scope":["swarm"]}""", false, false)]
    [InlineData("""{"type":["builtin"]}""", true, false)]
    [InlineData("""{"type":["custom"]}""", false, true)]
    [InlineData("""{"type":["custom","builtin"]}""", true, true)]
    [InlineData("""{"dangling":["true"]}""", false, true)]
    [InlineData("""{"dangling":{"0":true}}""", true, false)]
    [InlineData("""{"name":["web","bri"],"type":["custom"]}""", false, true)]
    public void Networks_without_containers_match(string filters, bool bridge, bool web)
    {
        var filter = new NetworkFilter(Filters.Parse(filters));
        Assert.Equal((bridge, web), (filter.Matches(Bridge, isUsed: false), filter.Matches(Web, isUsed: false)));
    }

    [Fact]
    public void A_network_with_a_container_is_not_dangling()
    {
        Assert.False(new NetworkFilter(Filters.Of("dangling", "1")).Matches(Web, isUsed: true));
        Assert.True(new NetworkFilter(Filters.Of("dangling", "false")).Matches(Web, isUsed: true));
    }

    [Theory]
    [InlineData("foo", "1", "invalid filter 'foo'")]
    [InlineData("type", "x", "invalid filter: 'type'='x'")]
    [InlineData("dangling", "x", "invalid value for filter 'dangling', must be \"true\" (or \"1\"), or \"false\" (or \"0\")")]
    public void Wrong_filters_are_refused(string key, string value, string message)
        => Assert.Equal(message, Assert.Throws<TareException>(() => new NetworkFilter(Filters.Of(key, value))).Message);
}
