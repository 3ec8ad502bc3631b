using System.Net;
using Tare.Errors;
using Tare.Networks.Addresses;
using Tare.Networks.Bridges;
using Tare.Store;

namespace Tare.Networks.Tests.Bridges;

/// <summary>The default bridge, by the options of the engine and by what it was before.</summary>
public sealed class DefaultBridgeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tare-networks-").FullName;
    private readonly Database _database;

    public DefaultBridgeTests() => _database = Database.Open(Path.Combine(_folder, "tare.db"), NetworkStore.Schema);

    public void Dispose()
    {
        _database.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Without_options_it_is_as_it_always_was()
    {
        var bridge = Open(new DefaultBridgeOptions());
        Assert.Equal("172.17.0.0/16  172.17.0.1", Describe(bridge));
        Assert.Equal(("1500", "0.0.0.0", "true"), (bridge.Options["com.docker.network.driver.mtu"], bridge.Options["com.docker.network.bridge.host_binding_ipv4"], bridge.Options["com.docker.network.bridge.enable_icc"]));
        Assert.Equal(bridge.Id, Open(new DefaultBridgeOptions()).Id);
    }

    [Fact]
    public void It_has_what_was_asked_for()
    {
        var bridge = Open(new DefaultBridgeOptions
        {
            Address4 = BridgeAddress.TryParse("10.9.0.5/24"),
            Range4 = IPNetwork.Parse("10.9.0.128/25"),
            Router4 = IPAddress.Parse("10.9.0.9"),
            Address6 = BridgeAddress.TryParse("fd00:9::1/64"),
            HasIPv6 = true,
            Mtu = 1400,
            InterContainer = false,
            Masquerade = false,
            HostBinding = IPAddress.Loopback,
        });
        Assert.Equal("10.9.0.0/24 10.9.0.128/25 10.9.0.5, fd00:9::/64  fd00:9::1", Describe(bridge));
        Assert.Equal("10.9.0.9", bridge.Subnets[0].Router!.ToString());
        Assert.Equal("fd00:9::1", bridge.Subnets[1].Router!.ToString());
        Assert.Equal(("1400", "127.0.0.1", "false", "false"), (bridge.Options["com.docker.network.driver.mtu"], bridge.Options["com.docker.network.bridge.host_binding_ipv4"], bridge.Options["com.docker.network.bridge.enable_icc"], bridge.Options["com.docker.network.bridge.enable_ip_masquerade"]));
    }

    [Fact]
    public void A_range_alone_is_the_network() => Assert.Equal("10.9.4.0/24 10.9.4.0/24 10.9.4.1", Describe(Open(new DefaultBridgeOptions { Range4 = IPNetwork.Parse("10.9.4.0/24") })));

    [Fact]
    public void The_users_pools_are_for_it_too()
    {
        var pools = new NetworkStoreOptions { Pools = [new AddressPool(IPNetwork.Parse("10.30.0.0/16"), 24)], HasOwnPools = true };
        Assert.Equal("10.30.0.0/24  10.30.0.1", Describe(Open(new DefaultBridgeOptions(), pools)));
        // What could be chosen still stays; what could not does not.
        Assert.Equal("10.30.0.0/24  10.30.0.1", Describe(Open(new DefaultBridgeOptions(), pools with { HostRoutes = () => [IPNetwork.Parse("10.30.0.0/24")] })));
        Assert.Equal("172.17.0.0/16  172.17.0.1", Describe(Open(new DefaultBridgeOptions())));
    }

    [Fact]
    public void It_changes_with_the_options_when_it_is_renewed_and_keeps_its_id()
    {
        var first = Open(new DefaultBridgeOptions());
        var store = NetworkStore.Open(_database, new NetworkStoreOptions { DefaultBridge = new DefaultBridgeOptions { Address4 = BridgeAddress.TryParse("10.9.0.1/24") } });
        Assert.False(store.IsDefaultBridgeAsWanted);
        Assert.Equal("172.17.0.0/16  172.17.0.1", Describe(store.DefaultBridge!));
        Assert.Equal("172.17.0.2", store.LeasesOf(store.DefaultBridge!).Take(null, null).IPv4!.ToString());
        store.RenewDefaultBridge();
        Assert.True(store.IsDefaultBridgeAsWanted);
        Assert.Equal(first.Id, store.DefaultBridge!.Id);
        Assert.Equal("10.9.0.2", store.LeasesOf(store.DefaultBridge).Take(null, null).IPv4!.ToString());
        Assert.Equal(["bridge", "host", "none"], store.Catalog.All.Select(network => network.Name).Order());
        Assert.Equal("172.17.0.0/16  172.17.0.1", Describe(Open(new DefaultBridgeOptions())));
    }

    [Fact]
    public void It_is_not_there_when_nobody_wants_it()
    {
        Open(new DefaultBridgeOptions());
        var store = NetworkStore.Open(_database, new NetworkStoreOptions { DefaultBridge = new DefaultBridgeOptions { IsAbsent = true } });
        Assert.False(store.IsDefaultBridgeAsWanted);
        store.RenewDefaultBridge();
        Assert.Equal(["host", "none"], store.Catalog.All.Select(network => network.Name).Order());
        Assert.True(store.IsDefaultBridgeAsWanted);
        Assert.Equal("172.17.0.0/16  172.17.0.1", Describe(Open(new DefaultBridgeOptions())));
    }

    [Fact]
    public void Another_networks_subnet_is_not_for_it()
    {
        var store = NetworkStore.Open(_database, new NetworkStoreOptions());
        store.Complete(store.Begin(new NetworkRequest { Name = "one", Subnets = [new SubnetRequest("10.9.0.0/16", "", "", new Dictionary<string, string>())] }));
        store = NetworkStore.Open(_database, new NetworkStoreOptions { DefaultBridge = new DefaultBridgeOptions { Address4 = BridgeAddress.TryParse("10.9.3.1/24") } });
        Assert.Contains("Pool overlaps", Assert.Throws<TareException>(() => store.IsDefaultBridgeAsWanted).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fd00::1/64", null, null, "no IPv4 address")]
    [InlineData("10.9.0.1/24", "10.9.0.0/16", null, "invalid fixed-cidr 10.9.0.0/16: it is not within bip 10.9.0.1/24")]
    [InlineData("10.9.0.1/24", null, "10.8.0.1", "default gateway ip must be part of the network")]
    [InlineData(null, "fd00::/64", null, "no IPv4 subnet")]
    public void What_does_not_go_together_is_said(string? address, string? range, string? router, string expected)
    {
        var options = new DefaultBridgeOptions
        {
            Address4 = address is null ? null : BridgeAddress.TryParse(address),
            Range4 = range is null ? null : IPNetwork.Parse(range),
            Router4 = router is null ? null : IPAddress.Parse(router),
        };
        Assert.Contains(expected, Assert.Throws<TareException>(options.Check).Message, StringComparison.Ordinal);
    }

    private static string Describe(Network bridge) => string.Join(", ", bridge.Subnets.Select(subnet => $"{subnet.Network} {subnet.Range} {subnet.Gateway}"));

    private Network Open(DefaultBridgeOptions wanted, NetworkStoreOptions? options = null)
    {
        var store = NetworkStore.Open(_database, (options ?? new NetworkStoreOptions()) with { DefaultBridge = wanted });
        store.RenewDefaultBridge();
        return store.DefaultBridge!;
    }
}
