using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Tare.Linux.Netlink;

/// <summary>
/// Network devices, addresses and routes by routing netlink: rtnetlink(7). What is to be changed are <see cref="RouteCommand"/>s, many of which
/// go in one send. The namespace is the one in which it was opened; for one thread at a time.
/// </summary>
public sealed class RouteNetlink : IDisposable
{
    private const ushort RTM_GETADDR = 22;
    private const ushort RTM_GETMULTICAST = 58;
    private const ushort IFA_MULTICAST = 7;
    private const ushort Dump = NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_DUMP;
    private const int AddressSize = 8;

    private readonly NetlinkSocket socket;

    private RouteNetlink(NetlinkSocket socket) => this.socket = socket;

    /// <summary>In the network namespace of this process.</summary>
    /// <exception cref="LinuxException">The socket cannot be made.</exception>
    public static RouteNetlink Open() => new(NetlinkSocket.Open(NetlinkSocket.Route, network: null));

    /// <summary>In another network namespace.</summary>
    /// <exception cref="LinuxException">It cannot be entered.</exception>
    public static RouteNetlink OpenIn(Fd network) => new(NetlinkSocket.Open(NetlinkSocket.Route, network));

    /// <summary>A device by its name; null when there is none.</summary>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public NetworkLink? Find(string name)
    {
        // No device has such a name, and the kernel refuses to look for it.
        if (Encoding.UTF8.GetByteCount(name) is 0 or > 15) return null;
        return Get($"look for the network device {name}", 0, name);
    }

    /// <summary>A device by its index; null when there is none.</summary>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public NetworkLink? Find(int index) => Get($"look for the network device {index}", index, name: null);

    /// <summary>All devices.</summary>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public IReadOnlyList<NetworkLink> Links() => socket.List<NetworkLink>(
        "list the network devices",
        writer =>
        {
            writer.Begin(LinkMessage.RTM_GETLINK, Dump);
            LinkMessage.WriteHeader(writer, 0, up: null);
            writer.End();
        },
        static (kind, body, list) =>
        {
            if (LinkMessage.Read(kind, body) is { } link) list.Add(link);
        });

    /// <summary>All addresses of a device, or of all devices.</summary>
    /// <param name="link">The device's index; 0: all.</param>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public IReadOnlyList<NetworkAddress> Addresses(int link = 0) => socket.List<NetworkAddress>(
        link == 0 ? "list the addresses of the network devices" : $"list the addresses of the network device {link}",
        static writer => writer.Begin(RTM_GETADDR, Dump).U32(0).U32(0).End(),
        (kind, body, list) =>
        {
            if (kind != AddressRequest.RTM_NEWADDR || body.Length < AddressSize) return;
            if (link == 0 || BinaryPrimitives.ReadInt32LittleEndian(body[4..]) == link) list.Add(NetworkAddress.Read(body));
        });

    /// <summary>
    /// The groups of IPv6 that a device listens to. Only when the group of an address's own (RFC 4291, 2.7.1) is among them do neighbours find the address, and the kernel
    /// joins it some time after it was given.
    /// </summary>
    /// <param name="link">The device's index.</param>
    /// <exception cref="LinuxException">The kernel refuses to tell; ENODEV: there is no such device.</exception>
    public IReadOnlyList<IPAddress> Groups(int link) => socket.List<IPAddress>(
        $"list the multicast groups of the network device {link}",
        writer => writer.Begin(RTM_GETMULTICAST, Dump).U8(RouteCommand.AF_INET6).U8(0).U16(0).U32((uint)link).End(),
        (_, body, list) =>
        {
            if (body.Length < AddressSize || body[0] != RouteCommand.AF_INET6 || BinaryPrimitives.ReadInt32LittleEndian(body[4..]) != link) return;
            for (var attributes = NetlinkAttributes.After(body, AddressSize); attributes.Next();)
            {
                if (attributes.Kind == IFA_MULTICAST && attributes.Address is { } group) list.Add(group);
            }
        });

    /// <summary>All routes of all tables, IPv4 and IPv6.</summary>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public IReadOnlyList<NetworkRoute> Routes() => socket.List<NetworkRoute>(
        "list the routes",
        static writer => writer.Begin(NetworkRoute.RTM_GETROUTE, Dump).U32(0).U32(0).U32(0).End(),
        static (kind, body, list) =>
        {
            if (NetworkRoute.Read(kind, body) is { } route) list.Add(route);
        });

    /// <summary>Carries commands out, all in one send. One that fails does not keep those after it from being carried out.</summary>
    /// <returns>The answers, in the order of the commands.</returns>
    /// <exception cref="LinuxException">They could not be sent.</exception>
    public IReadOnlyList<NetlinkAnswer> TryExecute(params ReadOnlySpan<RouteCommand> commands)
    {
        if (commands.IsEmpty) return [];
        var writer = socket.NewWriter();
        foreach (var command in commands) command.Write(writer);
        return socket.Exchange(writer);
    }

    /// <summary>Carries commands out, all in one send.</summary>
    /// <exception cref="LinuxException">The first that has failed; those after it may have been carried out all the same.</exception>
    public void Execute(params ReadOnlySpan<RouteCommand> commands)
    {
        var answers = TryExecute(commands);
        for (var i = 0; i < answers.Count; i++) answers[i].Check(commands[i].Operation);
    }

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();

    private NetworkLink? Get(string operation, int index, string? name)
    {
        var writer = socket.NewWriter();
        writer.Begin(LinkMessage.RTM_GETLINK, NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_ACK);
        LinkMessage.WriteHeader(writer, index, up: null);
        if (name is not null) writer.Text(LinkMessage.IFLA_IFNAME, name);
        writer.End();
        NetworkLink? found = null;
        var answer = socket.Query(writer, (kind, body) => found ??= LinkMessage.Read(kind, body));
        return answer.Error is 0 or Errno.ENODEV ? found : throw answer.ToException(operation);
    }
}
