using System.Net;
using Tare.Errors;
using Tare.Networks.Addresses;

namespace Tare.Networks.Tests.Addresses;

/// <summary>Addresses that containers get.</summary>
public sealed class SubnetLeasesTests
{
    [Fact]
    public void The_lowest_free_one_is_given()
    {
        var leases = Leases("10.0.0.0/24", gateway: "10.0.0.1");
        Assert.Equal(["10.0.0.2", "10.0.0.3", "10.0.0.4"], Take(leases, 3));
        leases.Return(IPAddress.Parse("10.0.0.2"));
        leases.Return(IPAddress.Parse("10.0.0.3"));
        leases.Return(IPAddress.Parse("10.0.0.3"));
        Assert.Equal(["10.0.0.2", "10.0.0.3", "10.0.0.5"], Take(leases, 3));
    }

    [Fact]
    public void All_are_given_once_and_then_none()
    {
        var leases = Leases("10.0.0.0/29", gateway: "10.0.0.1");
        Assert.Equal(["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"], Take(leases, 5));
        var error = Assert.Throws<TareException>(() => leases.Take());
        Assert.Equal((ErrorKind.Conflict, "no available IPv4 addresses on this network's address pools: 10.0.0.0/29"), (error.Kind, error.Message));
        leases.Return(IPAddress.Parse("10.0.0.6"));
        Assert.Equal(["10.0.0.6"], Take(leases, 1));
        Assert.Throws<TareException>(() => leases.Take());
    }

    [Fact]
    public void What_is_asked_for_is_given_when_nobody_has_it()
    {
        var leases = Leases("10.0.0.0/24", gateway: "10.0.0.1", range: "10.0.0.128/25", auxiliary: "10.0.0.129");
        leases.Take(IPAddress.Parse("10.0.0.9"));
        Assert.Equal("Address already in use", Assert.Throws<TareException>(() => leases.Take(IPAddress.Parse("10.0.0.9"))).Message);
        Assert.Equal("Address already in use", Assert.Throws<TareException>(() => leases.Take(IPAddress.Parse("10.0.0.1"))).Message);
        Assert.Equal("no configured subnet contains IP address 10.0.1.9", Assert.Throws<TareException>(() => leases.Take(IPAddress.Parse("10.0.1.9"))).Message);
        Assert.Equal("no configured subnet contains IP address fd00::1", Assert.Throws<TareException>(() => leases.Take(IPAddress.Parse("fd00::1"))).Message);
        leases.Take(IPAddress.Parse("10.0.0.130"));
        Assert.Equal(["10.0.0.128", "10.0.0.131"], Take(leases, 2));
        // What lies outside of the range does not come back into it.
        leases.Return(IPAddress.Parse("10.0.0.9"));
        Assert.Equal(["10.0.0.132"], Take(leases, 1));
    }

    [Fact]
    public void What_is_nobodys_to_give_cannot_be_returned()
    {
        var leases = Leases("10.0.0.0/29", gateway: "10.0.0.1", auxiliary: "10.0.0.2");
        foreach (var address in new[] { "10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.7" }) leases.Return(IPAddress.Parse(address));
        Assert.Equal(["10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"], Take(leases, 4));
    }

    [Fact]
    public void A_subnet_of_two_has_two_and_IPv6_has_its_last()
    {
        Assert.Equal(["10.0.0.0", "10.0.0.1"], Take(Leases("10.0.0.0/31"), 2));
        Assert.Equal(["10.0.0.5"], Take(Leases("10.0.0.5/32"), 1));
        Assert.Equal(["fd00::1", "fd00::2", "fd00::3"], Take(Leases("fd00::/126"), 3));
        var last = Leases("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffc/126");
        Assert.EndsWith(":ffff", Take(last, 3)[2], StringComparison.Ordinal);
        Assert.Throws<TareException>(() => last.Take());
    }

    [Fact]
    public void What_is_kept_is_given_to_others_last()
    {
        var leases = Leases("10.0.0.0/29", gateway: "10.0.0.1");
        Assert.Equal(["10.0.0.2", "10.0.0.3"], [leases.Keep("a")!.ToString(), leases.Keep("b")!.ToString()]);
        Assert.False(leases.Keep(IPAddress.Parse("10.0.0.3"), "c"));
        Assert.Equal(["10.0.0.4", "10.0.0.5"], Take(leases, 2));
        Assert.False(leases.TakeKept(IPAddress.Parse("10.0.0.3"), "a"));
        Assert.True(leases.TakeKept(IPAddress.Parse("10.0.0.3"), "b"));
        Assert.False(leases.TakeKept(IPAddress.Parse("10.0.0.3"), "b"));
        // The last free one first, then what is kept, and then nothing.
        Assert.Equal(["10.0.0.6", "10.0.0.2"], Take(leases, 2));
        Assert.Throws<TareException>(() => leases.Take());
        Assert.Null(leases.Keep("c"));
        Assert.False(leases.TakeKept(IPAddress.Parse("10.0.0.2"), "a"));
        // It is another's now, and stays it.
        leases.Release(IPAddress.Parse("10.0.0.2"), "a");
        Assert.False(leases.Keep(IPAddress.Parse("10.0.0.2"), "a"));
        leases.Return(IPAddress.Parse("10.0.0.3"));
        Assert.Equal("10.0.0.3", leases.Keep("d")!.ToString());
        leases.Release(IPAddress.Parse("10.0.0.3"), "d");
        Assert.Equal(["10.0.0.3"], Take(leases, 1));
        // Who asks for just this one gets it.
        leases.Return(IPAddress.Parse("10.0.0.4"));
        Assert.True(leases.Keep(IPAddress.Parse("10.0.0.4"), "e"));
        leases.Take(IPAddress.Parse("10.0.0.4"));
        Assert.False(leases.TakeKept(IPAddress.Parse("10.0.0.4"), "e"));
    }

    [Fact]
    public void Of_two_families_both_are_kept_or_none()
    {
        var network = new Network
        {
            Id = "1", Name = "n", Driver = "bridge", Device = "br-1", Created = DateTimeOffset.UnixEpoch, HasIPv4 = true, HasIPv6 = true,
            Subnets = [new Subnet { Network = IPNetwork.Parse("10.0.0.0/30"), Gateway = IPAddress.Parse("10.0.0.1") }, new Subnet { Network = IPNetwork.Parse("fd00::/64"), Gateway = IPAddress.Parse("fd00::1") }],
        };
        var leases = new NetworkLeases(network);
        var (first4, first6) = leases.Keep(null, null, "a");
        Assert.Equal(("10.0.0.2", "fd00::2"), (first4!.ToString(), first6!.ToString()));
        Assert.Equal((null, null), leases.Keep(null, null, "b"));
        Assert.Equal((null, null), leases.Keep(null, IPAddress.Parse("fd00::9"), "b"));
        Assert.True(leases.TakeKept(first4, first6, "a"));
        leases.Return(first4);
        Assert.Equal((first4, IPAddress.Parse("fd00::9")), leases.Keep(null, IPAddress.Parse("fd00::9"), "b"));
        // Another has got one of them: neither is given, and nothing stays kept.
        leases.Take(IPAddress.Parse("10.0.0.2"), IPAddress.Parse("fd00::7"));
        Assert.False(leases.TakeKept(first4, IPAddress.Parse("fd00::9"), "b"));
        Assert.True(leases.TryTake(IPAddress.Parse("fd00::9")));
    }

    [Fact]
    public void Many_at_once_get_different_ones()
    {
        var leases = Leases("10.0.0.0/16", gateway: "10.0.0.1");
        var given = new System.Collections.Concurrent.ConcurrentBag<string>();
        Parallel.For(0, 8, worker =>
        {
            for (var i = 0; i < 1000; i++)
            {
                var address = leases.Take();
                if (i % 3 == worker % 3) leases.Return(address);
                else given.Add(address.ToString());
            }
        });
        Assert.Equal(given.Count, given.Distinct().Count());
    }

    private static string[] Take(SubnetLeases leases, int count) => [.. Enumerable.Range(0, count).Select(_ => leases.Take().ToString())];

    private static SubnetLeases Leases(string network, string? gateway = null, string? range = null, string? auxiliary = null) => new(new Subnet
    {
        Network = IPNetwork.Parse(network),
        Gateway = gateway is null ? null : IPAddress.Parse(gateway),
        Range = range is null ? null : IPNetwork.Parse(range),
        Auxiliary = auxiliary is null ? new Dictionary<string, IPAddress>() : new Dictionary<string, IPAddress> { ["other"] = IPAddress.Parse(auxiliary) },
    });
}
