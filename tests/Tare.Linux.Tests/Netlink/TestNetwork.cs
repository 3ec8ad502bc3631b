using System.Net;
using System.Net.Sockets;
using Tare.Linux.Netlink;

namespace Tare.Linux.Tests.Netlink;

/// <summary>A host with a bridge, and machines on it, each in a network namespace of its own. All ends with the last descriptor.</summary>
internal sealed class TestNetwork : IDisposable
{
    public const int Timeout = 10_000;

    private readonly List<IDisposable> owned = [];

    /// <summary>The host has the addresses 10.1.0.1/24 and fd01::1/64 on the bridge br0, and forwards.</summary>
    public TestNetwork()
    {
        Host = NewNamespace();
        HostLinks = RouteNetlink.OpenIn(Host);
        owned.Add(HostLinks);
        // Until a link-local address is known to be nobody else's, the kernel does not ask from it for the hardware of those it passes packets on to.
        NetworkSettings.Write(Host, ("ipv6/conf/default/dad_transmits", "0"));
        HostLinks.Execute(new LinkRequest("br0", new BridgeLink()) { HardwareAddress = new HardwareAddress(0x02420A010001), Index = 10, Up = true });
        Bridge = HostLinks.Find("br0")!.Id;
        HostLinks.Execute(
            new AddressRequest(Bridge, NetworkAddress.Of(IPAddress.Parse("10.1.0.1"), 24)),
            new AddressRequest(Bridge, NetworkAddress.Of(IPAddress.Parse("fd01::1"), 64)));
        NetworkSettings.Write(Host, ("ipv4/ip_forward", "1"), ("ipv6/conf/all/forwarding", "1"));
    }

    public Fd Host { get; }

    public RouteNetlink HostLinks { get; }

    public LinkId Bridge { get; }

    public Fd NewNamespace()
    {
        var network = Namespaces.NewNetwork();
        owned.Add(network);
        return network;
    }

    /// <summary>A machine on the bridge with the addresses 10.1.0.N and fd01::N, whose way out is the host; everything for it in two sends.</summary>
    public Fd AddMachine(byte number)
    {
        var network = NewNamespace();
        var eth0 = new LinkId(2, "eth0");
        var peer = new LinkRequest("eth0") { Network = network, Index = 2, HardwareAddress = new HardwareAddress(0x02420A010000ul | number), Mtu = 1400 };
        var port = $"veth{number}";
        HostLinks.Execute(new LinkRequest(port, new VethLink(peer)) { Master = Bridge, Mtu = 1400, Up = true }, new LinkChange(new LinkId(0, port)) { Alias = $"machine {number}" });
        using var links = RouteNetlink.OpenIn(network);
        links.Execute(
            new LinkChange(eth0) { Up = true },
            new AddressRequest(eth0, NetworkAddress.Of(new IPAddress([10, 1, 0, number]), 24)),
            new AddressRequest(eth0, NetworkAddress.Of(IPAddress.Parse($"fd01::{number:x}"), 64)),
            new RouteRequest(new NetworkRoute(NetworkRoute.AnyV4) { Gateway = IPAddress.Parse("10.1.0.1") }),
            new RouteRequest(new NetworkRoute(NetworkRoute.AnyV6) { Gateway = IPAddress.Parse("fd01::1") }));
        WaitUntilRunning(links, "eth0", $"fd01::{number:x}");
        WaitUntilRunning(HostLinks, port);
        WaitUntilRunning(HostLinks, Bridge.Name, "fd01::1");
        return network;
    }

    /// <summary>A machine beyond the host, on a cable of its own: 192.0.2.2 and 2001:db8::2, the host has .1 and ::1; it knows no way to the bridge unless told.</summary>
    public Fd AddOutside(bool knowsTheBridge)
    {
        var network = NewNamespace();
        var (uplink, eth0) = (new LinkId(20, "up0"), new LinkId(2, "eth0"));
        HostLinks.Execute(
            new LinkRequest("up0", new VethLink(new LinkRequest("eth0") { Network = network, Index = 2 })) { Index = 20, Up = true },
            new AddressRequest(uplink, NetworkAddress.Of(IPAddress.Parse("192.0.2.1"), 24)),
            new AddressRequest(uplink, NetworkAddress.Of(IPAddress.Parse("2001:db8::1"), 64)));
        using var links = RouteNetlink.OpenIn(network);
        links.Execute(
            new LinkChange(eth0) { Up = true },
            new AddressRequest(eth0, NetworkAddress.Of(IPAddress.Parse("192.0.2.2"), 24)),
            new AddressRequest(eth0, NetworkAddress.Of(IPAddress.Parse("2001:db8::2"), 64)));
        if (knowsTheBridge) links.Execute(new RouteRequest(new NetworkRoute(IPNetwork.Parse("10.1.0.0/24")) { Gateway = IPAddress.Parse("192.0.2.1") }));
        WaitUntilRunning(links, "eth0", "2001:db8::2");
        WaitUntilRunning(HostLinks, "up0", "2001:db8::1");
        return network;
    }

    /// <summary>Listens in a namespace.</summary>
    public Socket Listen(Fd network, IPEndPoint at) => Keep(Namespaces.InNetwork(network, () =>
    {
        var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(at);
        socket.Listen();
        return socket;
    }));

    /// <summary>A datagram socket in a namespace.</summary>
    public Socket Datagrams(Fd network, IPEndPoint at) => Keep(Namespaces.InNetwork(network, () =>
    {
        var socket = new Socket(at.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = Timeout };
        socket.Bind(at);
        return socket;
    }));

    /// <summary>Connects from a namespace; null when nobody answers within a time.</summary>
    public Socket? TryConnect(Fd network, IPEndPoint to, int milliseconds = Timeout)
    {
        var socket = Keep(Namespaces.InNetwork(network, () => new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = Timeout }));
        if (socket.TryConnect(to, milliseconds)) return socket;
        // Or the kernel goes on trying, and gets through when the case does not expect it.
        socket.Dispose();
        return null;
    }

    /// <summary>Connects, sends a byte, and gives the address that the server sees.</summary>
    public IPAddress AssertPasses(Fd client, IPEndPoint to, Socket server)
    {
        using var connection = TryConnect(client, to);
        Assert.NotNull(connection);
        using var accepted = server.Accept();
        accepted.ReceiveTimeout = Timeout;
        Assert.Equal(1, connection.Send([42]));
        var answer = new byte[1];
        Assert.Equal(1, accepted.Receive(answer));
        Assert.Equal(42, answer[0]);
        return ((IPEndPoint)accepted.RemoteEndPoint!).Address;
    }

    public void Dispose()
    {
        for (var i = owned.Count - 1; i >= 0; i--) owned[i].Dispose();
    }

    /// <summary>Until packets pass, and neighbours find the address: the kernel joins its group (RFC 4291, 2.7.1) from a work queue, and who asks before waits a second.</summary>
    private static void WaitUntilRunning(RouteNetlink links, string name, string? address = null)
    {
        Assert.True(SpinWait.SpinUntil(() => links.Find(name)!.IsRunning, Timeout));
        if (address is null) return;
        IPAddress group = new([0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, .. IPAddress.Parse(address).GetAddressBytes()[13..]]);
        Assert.True(SpinWait.SpinUntil(() => links.Groups(links.Find(name)!.Id.Index).Contains(group), Timeout));
    }

    private Socket Keep(Socket socket)
    {
        owned.Add(socket);
        return socket;
    }
}
