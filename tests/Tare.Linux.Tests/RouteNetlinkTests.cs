namespace Tare.Linux.Tests;

/// <summary>Routing netlink in a network namespace of the case's own, which has a loopback device and nothing else.</summary>
public sealed class RouteNetlinkTests
{
    private const byte AF_INET = 2;
    private const uint IFA_F_NOPREFIXROUTE = 0x200;

    [Fact]
    public void Devices_are_found_by_name()
    {
        using var network = Namespaces.NewNetwork();
        using var netlink = RouteNetlink.OpenIn(network);
        Assert.Equal(1, netlink.Find("lo"));
        Assert.Equal(0, netlink.Find("nosuch0"));
        using var own = RouteNetlink.Open();
        Assert.Equal(1, own.Find("lo"));
    }

    [Fact]
    public void Addresses_are_given_and_read()
    {
        using var network = Namespaces.NewNetwork();
        using var netlink = RouteNetlink.OpenIn(network);
        var loopback = Assert.Single(netlink.Addresses(1), address => address.Family == AF_INET);
        Assert.True(loopback is { IsPermanent: true, IsGlobal: false, PrefixLength: 8 });
        Assert.Empty(netlink.Addresses(77));
        byte[] wanted = [10, 9, 8, 7];
        Assert.Equal(0, netlink.TryAdd(1, new NetworkAddress(AF_INET, 24, 0, IFA_F_NOPREFIXROUTE, [(2, wanted), (1, wanted), (4, [10, 9, 8, 255])])));
        var given = Assert.Single(netlink.Addresses(1), address => address is { Family: AF_INET, IsGlobal: true });
        Assert.True(given.IsPermanent);
        Assert.Equal(IFA_F_NOPREFIXROUTE, given.Flags & IFA_F_NOPREFIXROUTE);
        Assert.Equal(24, given.PrefixLength);
        Assert.All(given.Attributes.Where(attribute => attribute.Kind is 1 or 2), attribute => Assert.Equal(wanted, attribute.Value));
        Assert.Equal([10, 9, 8, 255], given.Attributes.Single(attribute => attribute.Kind == 4).Value);
        Assert.Equal(Errno.EEXIST, netlink.TryAdd(1, given));
    }

    [Fact]
    public void What_the_kernel_refuses_is_an_error_number()
    {
        using var network = Namespaces.NewNetwork();
        using var other = Namespaces.NewNetwork();
        using var netlink = RouteNetlink.OpenIn(network);
        Assert.Equal(Errno.EINVAL, netlink.TryMove(1, other, "lo1"));
        Assert.Equal(Errno.ENODEV, netlink.TrySetUp(77));
        Assert.Equal(0, netlink.TrySetUp(1));
        Assert.Equal(Errno.ENODEV, netlink.TryAdd(77, netlink.Addresses(1)[0]));
    }
}
