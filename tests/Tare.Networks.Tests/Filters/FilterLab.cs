using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tare.Linux;
using Tare.Linux.Tests.Netlink;
using Tare.Linux.Netlink;
using Tare.Networks.Addresses;
using Tare.Networks.Endpoints;
using Tare.Networks.Filters;

namespace Tare.Networks.Tests.Filters;

/// <summary>
/// A host (192.0.2.1, 2001:db8::1) with bridges br1 (10.1.0.1/24, fd01::1/64), br2 and so on, sandboxes on them, and a machine outside (192.0.2.2,
/// 2001:db8::2) that has routes to the bridges; each in a network namespace of its own.
/// </summary>
internal sealed class FilterLab : IDisposable
{
    public const int Timeout = 20_000;

    private const int Short = 400;
    private readonly List<IDisposable> owned = [];
    private readonly RouteNetlink hostLinks;
    private readonly RouteNetlink outsideLinks;
    private int lastIndex = 100;

    public FilterLab(bool restore = true)
    {
        (Host, Outside) = (Keep(Namespaces.NewNetwork()), Keep(Namespaces.NewNetwork()));
        (hostLinks, outsideLinks) = (Keep(RouteNetlink.OpenIn(Host)), Keep(RouteNetlink.OpenIn(Outside)));
        var (uplink, eth0) = (new LinkId(20, "up0"), new LinkId(2, "eth0"));
        hostLinks.Execute(
            new LinkRequest("up0", new VethLink(new LinkRequest("eth0") { Network = Outside, Index = 2 })) { Index = 20, Up = true },
            new AddressRequest(uplink, NetworkAddress.Of(IPAddress.Parse("192.0.2.1"), 24)),
            new AddressRequest(uplink, NetworkAddress.Of(IPAddress.Parse("2001:db8::1"), 64)));
        outsideLinks.Execute(
            new LinkChange(eth0) { Up = true },
            new AddressRequest(eth0, NetworkAddress.Of(IPAddress.Parse("192.0.2.2"), 24)),
            new AddressRequest(eth0, NetworkAddress.Of(IPAddress.Parse("2001:db8::2"), 64)));
        // Its bridges are plain ones, whose link-local addresses the kernel makes: they are to be there at once.
        NetworkSettings.Write(Host, ("ipv4/ip_forward", "1"), ("ipv6/conf/all/forwarding", "1"), ("ipv6/conf/default/dad_transmits", "0"));
        WaitUntilRunning(outsideLinks, "eth0");
        WaitUntilRunning(hostLinks, "up0");
        Filter = Keep(BridgeFilter.Open("tare", Host));
        if (restore) Filter.Restore([], []);
    }

    public Fd Host { get; }

    public Fd Outside { get; }

    public BridgeFilter Filter { get; }

    public static IPEndPoint HostAt(int port) => new(IPAddress.Parse("192.0.2.1"), port);

    public static IPEndPoint HostAt6(int port) => new(IPAddress.Parse("2001:db8::1"), port);

    /// <summary>A bridge of the host, and the network as the filter knows it, which it does not do yet.</summary>
    public Network AddBridge(byte number, bool isInternal = false, params (string Name, string Value)[] options)
    {
        var device = new LinkId(30 + number, $"br{number}");
        hostLinks.Execute(
            new LinkRequest(device.Name, new BridgeLink()) { Index = device.Index, HardwareAddress = new HardwareAddress(0x024200000000ul | number), Up = true },
            new AddressRequest(device, NetworkAddress.Of(new IPAddress([10, number, 0, 1]), 24)),
            new AddressRequest(device, NetworkAddress.Of(IPAddress.Parse($"fd{number:x2}::1"), 64)));
        NetworkSettings.Write(Host, ($"ipv4/conf/{device.Name}/route_localnet", "1"));
        outsideLinks.Execute(
            new RouteRequest(new NetworkRoute(new IPNetwork(new IPAddress([10, number, 0, 0]), 24)) { Gateway = IPAddress.Parse("192.0.2.1") }),
            new RouteRequest(new NetworkRoute(IPNetwork.Parse($"fd{number:x2}::/64")) { Gateway = IPAddress.Parse("2001:db8::1") }));
        return NetworkOf(number, isInternal, options);
    }

    public static Network NetworkOf(byte number, bool isInternal = false, params (string Name, string Value)[] options) => new()
    {
        Id = $"{number:x64}",
        Name = $"net{number}",
        Driver = "bridge",
        Created = DateTimeOffset.UnixEpoch,
        Device = $"br{number}",
        IsInternal = isInternal,
        HasIPv6 = true,
        Options = options.ToDictionary(option => "com.docker.network." + option.Name, option => option.Value),
        Subnets = [new Subnet { Network = new IPNetwork(new IPAddress([10, number, 0, 0]), 24) }, new Subnet { Network = IPNetwork.Parse($"fd{number:x2}::/64") }],
    };

    /// <summary>A container with the addresses 10.BRIDGE.0.NUMBER and fdBRIDGE::NUMBER.</summary>
    public Fd AddSandbox(byte bridge, byte number)
    {
        var network = Keep(Namespaces.NewNetwork());
        var (eth0, port) = (new LinkId(2, "eth0"), $"veth{bridge}.{number}");
        var index = lastIndex++;
        var peer = new LinkRequest("eth0") { Network = network, Index = 2, HardwareAddress = new HardwareAddress(0x024200000000ul | ((ulong)bridge << 16) | number) };
        hostLinks.Execute(
            new LinkRequest(port, new VethLink(peer)) { Index = index, Master = new LinkId(30 + bridge, $"br{bridge}"), Up = true },
            new BridgePortChange(new LinkId(index, port)) { Hairpin = true });
        using var links = RouteNetlink.OpenIn(network);
        links.Execute(
            new LinkChange(eth0) { Up = true },
            new AddressRequest(eth0, NetworkAddress.Of(new IPAddress([10, bridge, 0, number]), 24)),
            new AddressRequest(eth0, NetworkAddress.Of(IPAddress.Parse($"fd{bridge:x2}::{number:x}"), 64)),
            new RouteRequest(new NetworkRoute(NetworkRoute.AnyV4) { Gateway = new IPAddress([10, bridge, 0, 1]) }),
            new RouteRequest(new NetworkRoute(NetworkRoute.AnyV6) { Gateway = IPAddress.Parse($"fd{bridge:x2}::1") }));
        WaitUntilRunning(links, "eth0");
        WaitUntilRunning(hostLinks, port);
        WaitUntilRunning(hostLinks, $"br{bridge}");
        return network;
    }

    /// <summary>What such a container is to the filter.</summary>
    public static BridgeEndpoint EndpointOf(byte bridge, byte number, params PublishedPort[] ports) => new()
    {
        Id = $"{(bridge * 256) + number:x64}",
        NetworkId = $"{bridge:x64}",
        ContainerId = $"{(bridge * 256) + number:x64}",
        HardwareAddress = new HardwareAddress(0x024200000000ul),
        IPv4 = new IPAddress([10, bridge, 0, number]),
        IPv6 = IPAddress.Parse($"fd{bridge:x2}::{number:x}"),
        Ports = ports,
    };

    public static PublishedPort Tcp(string hostAddress, ushort hostPort, ushort port) => new(TransportProtocol.Tcp, port, IPAddress.Parse(hostAddress), hostPort);

    public static PublishedPort Udp(string hostAddress, ushort hostPort, ushort port) => new(TransportProtocol.Udp, port, IPAddress.Parse(hostAddress), hostPort);

    /// <summary>Listens in a namespace.</summary>
    public Socket Listen(Fd network, int port, bool six = false, string? at = null) => Keep(Namespaces.InNetwork(network, () =>
    {
        var address = at is not null ? IPAddress.Parse(at) : six ? IPAddress.IPv6Any : IPAddress.Any;
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, port));
        socket.Listen();
        return socket;
    }));

    /// <summary>A datagram socket in a namespace.</summary>
    public Socket Datagrams(Fd network, int port, bool six = false) => Keep(Namespaces.InNetwork(network, () =>
    {
        var address = six ? IPAddress.IPv6Any : IPAddress.Any;
        var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = Timeout };
        socket.Bind(new IPEndPoint(address, port));
        return socket;
    }));

    /// <summary>Connects from a namespace; null when nobody answers within a time.</summary>
    public Socket? TryConnect(Fd network, IPEndPoint to, int milliseconds = Timeout)
    {
        var socket = Keep(Namespaces.InNetwork(network, () => new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = Timeout, SendTimeout = Timeout }));
        if (socket.TryConnect(to, milliseconds)) return socket;
        // Or the kernel goes on trying, and gets through when the case does not expect it.
        socket.Dispose();
        return null;
    }

    /// <summary>A byte goes there and another comes back.</summary>
    /// <returns>The address that the server sees.</returns>
    public string AssertPasses(Fd client, IPEndPoint to, Socket server)
    {
        using var connection = TryConnect(client, to);
        Assert.NotNull(connection);
        using var accepted = server.Accept();
        accepted.ReceiveTimeout = Timeout;
        AssertCarries(connection, accepted, 42);
        AssertCarries(accepted, connection, 43);
        return ((IPEndPoint)accepted.RemoteEndPoint!).Address.ToString();
    }

    /// <summary>Runs a program of the administrator's in the host's namespace; null when the machine has it not.</summary>
    public string? Run(string program, params string[] arguments) => Namespaces.InNetwork(Host, () =>
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var text = process.StandardOutput.ReadToEnd();
            var error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? text : $"exit code {process.ExitCode}: {error}";
        }
        catch (Win32Exception)
        {
            return null;
        }
    });

    public void AssertFails(Fd client, IPEndPoint to) => Assert.Null(TryConnect(client, to, Short));

    public static void AssertCarries(Socket from, Socket to, byte value)
    {
        var received = new byte[1];
        Assert.Equal(1, from.Send([value]));
        Assert.Equal(1, to.Receive(received));
        Assert.Equal(value, received[0]);
    }

    public T Keep<T>(T thing)
        where T : IDisposable
    {
        owned.Add(thing);
        return thing;
    }

    public void Dispose()
    {
        for (var i = owned.Count - 1; i >= 0; i--) owned[i].Dispose();
    }

    private static void WaitUntilRunning(RouteNetlink links, string name) =>
        Assert.True(SpinWait.SpinUntil(() => links.Find(name)!.IsRunning, Timeout), string.Create(CultureInfo.InvariantCulture, $"{name} does not run"));
}
