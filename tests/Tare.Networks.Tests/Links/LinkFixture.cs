using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tare.Linux;
using Tare.Linux.Tests.Netlink;
using Tare.Linux.Netlink;
using Tare.Networks.Addresses;
using Tare.Networks.Endpoints;
using Tare.Networks.Links;

namespace Tare.Networks.Tests.Links;

/// <summary>A host in a network namespace of its own, with what makes networks on it. All ends with the last descriptor.</summary>
internal sealed class LinkFixture : IDisposable
{
    public const string BridgePrefix = "com.docker.network.bridge.";
    private const int Timeout = 10_000;

    private readonly Stack<IDisposable> owned = [];
    private int lastId = 0x1000;

    public LinkFixture()
    {
        Host = Keep(Namespaces.NewNetwork());
        HostNetwork = Keep(new HostNetwork(Host));
        Bridges = new BridgeDevices(HostNetwork, Owner);
        Links = new SandboxLinks(HostNetwork, Owner);
        Readiness = new LinkReadiness(HostNetwork, Keep(new Poller()));
    }

    public Fd Host { get; }

    public HostNetwork HostNetwork { get; }

    public DeviceOwner Owner { get; } = new("engine-1");

    public BridgeDevices Bridges { get; }

    public SandboxLinks Links { get; }

    public LinkReadiness Readiness { get; }

    public IReadOnlyList<NetworkLink> HostDevices => HostNetwork.Use(links => links.Links());

    public NetworkLink? HostDevice(string name) => HostNetwork.Use(links => links.Find(name));

    /// <summary>64 digits, of which those differ that devices are called after.</summary>
    public string NewId() => string.Create(CultureInfo.InvariantCulture, $"{Interlocked.Increment(ref lastId):x11}").PadRight(64, '0');

    /// <summary>A network with the first address of each subnet as its gateway; nothing is made.</summary>
    public Network Plan(string? subnet4, string? subnet6 = null, params (string Name, string Value)[] options)
    {
        var id = NewId();
        return new Network
        {
            Id = id,
            Name = "n" + id[..12],
            Driver = "bridge",
            Created = DateTimeOffset.UnixEpoch,
            Device = options.FirstOrDefault(option => option.Name == BridgePrefix + "name").Value ?? "br-" + id[..12],
            HasIPv4 = subnet4 is not null,
            HasIPv6 = subnet6 is not null,
            Options = options.ToDictionary(option => option.Name, option => option.Value),
            Subnets = [.. new[] { subnet4, subnet6 }.OfType<string>().Select(subnet => new Subnet { Network = IPNetwork.Parse(subnet), Gateway = AddressOf(subnet, 1) })],
        };
    }

    public Network Make(string? subnet4, string? subnet6 = null, params (string Name, string Value)[] options)
    {
        var network = Plan(subnet4, subnet6, options);
        Bridges.Make(network);
        return network;
    }

    /// <summary>The address of a number in a network's subnet.</summary>
    public static BridgeEndpoint Endpoint(Network network, string id, byte number)
    {
        var addresses = network.Subnets.ToDictionary(subnet => subnet.Family, subnet => AddressOf(subnet.Network.ToString(), number));
        var (v4, v6) = (addresses.GetValueOrDefault(AddressFamily.InterNetwork), addresses.GetValueOrDefault(AddressFamily.InterNetworkV6));
        return new BridgeEndpoint { Id = id, NetworkId = network.Id, ContainerId = id, HardwareAddress = MacAddresses.OfEndpoint(v4, v6), IPv4 = v4, IPv6 = v6 };
    }

    public SandboxNetwork NewSandbox() => Keep(SandboxNetwork.New());

    /// <summary>Attaches a container, with the network's gateways as its ways out, and waits until packets pass.</summary>
    public BridgeEndpoint Attach(Network network, SandboxNetwork sandbox, byte number, string device = "eth0", bool isDefault = true)
    {
        var endpoint = Endpoint(network, NewId(), number);
        var link = Links.Attach(network, endpoint, sandbox, device);
        if (isDefault) SandboxLinks.SetGateways(sandbox, WayOut(network, device, AddressFamily.InterNetwork), WayOut(network, device, AddressFamily.InterNetworkV6));
        Assert.True(Readiness.WaitAsync(link, sandbox, TimeSpan.FromSeconds(10), CancellationToken.None).AsTask().GetAwaiter().GetResult());
        return endpoint;
    }

    public (SandboxNetwork Sandbox, BridgeEndpoint Endpoint) Container(Network network, byte number)
    {
        var sandbox = NewSandbox();
        return (sandbox, Attach(network, sandbox, number));
    }

    public static SandboxGateway? WayOut(Network network, string device, AddressFamily family) =>
        network.Subnets.FirstOrDefault(subnet => subnet.Family == family)?.Gateway is { } gateway ? new SandboxGateway(device, gateway) : null;

    public Socket Listen(Fd network, IPAddress at, int port) => Keep(Namespaces.InNetwork(network, () =>
    {
        var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(at, port));
        socket.Listen();
        return socket;
    }));

    /// <summary>The address that the server sees; null when the client does not reach it within a time.</summary>
    public IPAddress? Reach(Fd client, IPAddress to, Socket server, int milliseconds = Timeout)
    {
        using var socket = Namespaces.InNetwork(client, () => new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        if (!socket.TryConnect(new IPEndPoint(to, ((IPEndPoint)server.LocalEndPoint!).Port), milliseconds)) return null;
        using var accepted = server.Accept();
        return ((IPEndPoint)accepted.RemoteEndPoint!).Address;
    }

    public void Dispose()
    {
        while (owned.TryPop(out var last)) last.Dispose();
    }

    private static IPAddress AddressOf(string subnet, byte number)
    {
        var bytes = IPNetwork.Parse(subnet).BaseAddress.GetAddressBytes();
        bytes[^1] += number;
        return new IPAddress(bytes);
    }

    private T Keep<T>(T item)
        where T : IDisposable
    {
        lock (owned) owned.Push(item);
        return item;
    }
}
