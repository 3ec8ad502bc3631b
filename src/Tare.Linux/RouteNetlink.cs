using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Tare.Linux;

/// <summary>An address of a network device, with what the kernel has to be told to make it again on another (struct ifaddrmsg).</summary>
/// <param name="Family">AF_INET or AF_INET6.</param>
/// <param name="PrefixLength">Bits of the address that are its network's.</param>
/// <param name="Scope">How far it is known; 0, RT_SCOPE_UNIVERSE, is global.</param>
/// <param name="Flags">IFA_F_ flags.</param>
/// <param name="Attributes">The attributes that are not bound to the device or the moment: the address, its peer and broadcast address, priority, origin.</param>
public sealed record NetworkAddress(byte Family, byte PrefixLength, byte Scope, uint Flags, IReadOnlyList<(ushort Kind, byte[] Value)> Attributes)
{
    private const uint IFA_F_PERMANENT = 0x80;

    /// <summary>Whether somebody has set it for good, and it does not end by itself.</summary>
    public bool IsPermanent => (Flags & IFA_F_PERMANENT) != 0;

    /// <summary>Whether it is known everywhere, and not on the device's own network alone.</summary>
    public bool IsGlobal => Scope == 0;
}

/// <summary>
/// Network devices and their addresses, by routing netlink: netlink(7), rtnetlink(7). One request after the other; the namespace is the
/// one in which it was opened.
/// </summary>
public sealed partial class RouteNetlink : IDisposable
{
    private const int AF_NETLINK = 16;
    private const int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    private const int NETLINK_ROUTE = 0;
    private const ushort NLMSG_ERROR = 2;
    private const ushort NLMSG_DONE = 3;
    private const ushort RTM_NEWLINK = 16;
    private const ushort RTM_GETLINK = 18;
    private const ushort RTM_NEWADDR = 20;
    private const ushort RTM_GETADDR = 22;
    private const ushort NLM_F_REQUEST = 0x1;
    private const ushort NLM_F_ACK = 0x4;
    private const ushort NLM_F_DUMP_INTR = 0x10;
    private const ushort NLM_F_DUMP = 0x300;
    private const ushort NLM_F_EXCL_CREATE = 0x200 | 0x400;
    private const ushort IFLA_IFNAME = 3;
    private const ushort IFLA_NET_NS_FD = 28;
    private const ushort IFA_FLAGS = 8;
    private const uint IFF_UP = 1;
    private const int HeaderSize = 16;
    private const int LinkSize = 16;
    private const int AddressSize = 8;
    private const int AttributeHeader = 4;
    private const ushort AttributeKindMask = 0x3FFF;
    private const int DumpRetries = 8;

    /// <summary>IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_RT_PRIORITY, IFA_PROTO.</summary>
    private static readonly ushort[] KeptAttributes = [1, 2, 4, 9, 11];

    /// <summary>Those that are set from outside: NODAD, HOMEADDRESS, MANAGETEMPADDR, NOPREFIXROUTE, MCAUTOJOIN.</summary>
    private const uint SettableFlags = 0x02 | 0x10 | 0x100 | 0x200 | 0x400;

    private readonly Fd socket;

    /// <summary>More than the kernel puts into one answer.</summary>
    private readonly byte[] buffer = new byte[64 * 1024];

    private uint sequence;

    private RouteNetlink(Fd socket) => this.socket = socket;

    /// <summary>In the network namespace of this process.</summary>
    public static RouteNetlink Open() => new(NewSocket());

    /// <summary>In another network namespace.</summary>
    /// <exception cref="LinuxException">It cannot be entered.</exception>
    public static RouteNetlink OpenIn(Fd network) => new(Namespaces.InNetwork(network, NewSocket));

    /// <summary>The index of a device; 0 when there is none of the name.</summary>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public int Find(string name)
    {
        var request = Request(RTM_GETLINK, NLM_F_REQUEST, LinkSize);
        Add(request, IFLA_IFNAME, Terminated(name));
        var found = 0;
        var error = Exchange(request, (kind, body) =>
        {
            if (kind == RTM_NEWLINK && body.Length >= LinkSize) found = BinaryPrimitives.ReadInt32LittleEndian(body[4..]);
            return kind == RTM_NEWLINK;
        });
        return error is 0 or Errno.ENODEV ? found : throw new LinuxException($"look for the network device {name}", error);
    }

    /// <summary>All addresses of a device.</summary>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public IReadOnlyList<NetworkAddress> Addresses(int index)
    {
        var found = new List<NetworkAddress>();
        for (var attempt = 0; ; attempt++)
        {
            found.Clear();
            var error = Exchange(Request(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, AddressSize), (kind, body) =>
            {
                if (kind == RTM_NEWADDR && body.Length >= AddressSize && BinaryPrimitives.ReadInt32LittleEndian(body[4..]) == index) found.Add(ReadAddress(body));
                return false;
            });
            if (error == 0) return found;
            // Somebody has changed addresses meanwhile.
            if (error != Errno.EINTR || attempt == DumpRetries) throw new LinuxException($"list the addresses of the network device {index}", error);
        }
    }

    /// <summary>Moves a device into another network namespace and gives it a name there, which nothing there may have. It is down then, without addresses.</summary>
    /// <returns>0, or the error number.</returns>
    public int TryMove(int index, Fd network, string name)
    {
        var request = LinkRequest(index);
        Span<byte> descriptor = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(descriptor, network.Number);
        Add(request, IFLA_NET_NS_FD, descriptor);
        Add(request, IFLA_IFNAME, Terminated(name));
        return Exchange(request);
    }

    /// <summary>Gives a device an address.</summary>
    /// <returns>0, or the error number.</returns>
    public int TryAdd(int index, NetworkAddress address)
    {
        var request = Request(RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL_CREATE, AddressSize);
        var flags = address.Flags & SettableFlags;
        request[HeaderSize] = address.Family;
        request[HeaderSize + 1] = address.PrefixLength;
        request[HeaderSize + 2] = (byte)flags;
        request[HeaderSize + 3] = address.Scope;
        Write(request, HeaderSize + 4, (uint)index);
        Span<byte> all = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(all, flags);
        Add(request, IFA_FLAGS, all);
        foreach (var (kind, value) in address.Attributes) Add(request, kind, value);
        return Exchange(request);
    }

    /// <summary>Sets a device up.</summary>
    /// <returns>0, or the error number.</returns>
    public int TrySetUp(int index)
    {
        var request = LinkRequest(index);
        Write(request, HeaderSize + 8, IFF_UP);
        Write(request, HeaderSize + 12, IFF_UP);
        return Exchange(request);
    }

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();

    /// <summary>struct ifaddrmsg and its attributes.</summary>
    private static NetworkAddress ReadAddress(ReadOnlySpan<byte> body)
    {
        var attributes = new List<(ushort, byte[])>();
        uint flags = body[2];
        for (var rest = body[AddressSize..]; rest.Length >= AttributeHeader;)
        {
            var (length, kind) = (BinaryPrimitives.ReadUInt16LittleEndian(rest), (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]) & AttributeKindMask));
            if (length < AttributeHeader || length > rest.Length) break;
            var value = rest[AttributeHeader..length];
            // The byte of the structure has no room for all flags.
            if (kind == IFA_FLAGS && value.Length == 4) flags = BinaryPrimitives.ReadUInt32LittleEndian(value);
            else if (Array.IndexOf(KeptAttributes, kind) >= 0) attributes.Add((kind, value.ToArray()));
            rest = rest[Math.Min(rest.Length, Aligned(length))..];
        }
        return new NetworkAddress(body[0], body[1], body[3], flags, attributes);
    }

    private static Fd NewSocket()
    {
        var number = NewSocket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE);
        return number >= 0 ? new Fd(number) : throw new LinuxException("open a netlink socket", Marshal.GetLastPInvokeError());
    }

    private List<byte> LinkRequest(int index)
    {
        var request = Request(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, LinkSize);
        Write(request, HeaderSize + 4, (uint)index);
        return request;
    }

    /// <summary>struct nlmsghdr, and zeros for the structure that follows.</summary>
    private List<byte> Request(ushort kind, int flags, int bodySize)
    {
        var request = new List<byte>(new byte[HeaderSize + bodySize]);
        request[4] = (byte)kind;
        request[6] = (byte)flags;
        request[7] = (byte)(flags >> 8);
        Write(request, 8, ++sequence);
        return request;
    }

    private static void Add(List<byte> request, ushort kind, ReadOnlySpan<byte> value)
    {
        Span<byte> header = stackalloc byte[AttributeHeader];
        BinaryPrimitives.WriteUInt16LittleEndian(header, (ushort)(AttributeHeader + value.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], kind);
        request.AddRange(header);
        request.AddRange(value);
        while (request.Count != Aligned(request.Count)) request.Add(0);
    }

    private static void Write(List<byte> request, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(CollectionsMarshal.AsSpan(request)[at..], value);

    private static byte[] Terminated(string name) => [.. Encoding.UTF8.GetBytes(name), 0];

    private static int Aligned(int length) => (length + 3) & ~3;

    private int Exchange(List<byte> request) => Exchange(request, static (_, _) => false);

    /// <summary>Sends a request and takes what is answered, until that is the end.</summary>
    /// <param name="request">The request.</param>
    /// <param name="take">Gets each message; says whether it was the last.</param>
    /// <returns>The error number that the kernel answers; EINTR: what was listed has changed meanwhile.</returns>
    private unsafe int Exchange(List<byte> request, MessageTaker take)
    {
        Write(request, 0, (uint)request.Count);
        var interrupted = false;
        fixed (byte* data = CollectionsMarshal.AsSpan(request))
        {
            if (send(socket.Number, data, (nuint)request.Count, 0) < 0) return Marshal.GetLastPInvokeError();
        }
        while (true)
        {
            nint count;
            fixed (byte* data = buffer)
            {
                do count = recv(socket.Number, data, (nuint)buffer.Length, 0);
                while (count < 0 && Marshal.GetLastPInvokeError() == Errno.EINTR);
            }
            if (count < 0) return Marshal.GetLastPInvokeError();
            for (var rest = buffer.AsSpan(0, (int)count); rest.Length >= HeaderSize;)
            {
                var length = (int)Math.Min((uint)rest.Length, BinaryPrimitives.ReadUInt32LittleEndian(rest));
                if (length < HeaderSize) return Errno.EPROTO;
                var (kind, flags, answers) = (BinaryPrimitives.ReadUInt16LittleEndian(rest[4..]), BinaryPrimitives.ReadUInt16LittleEndian(rest[6..]), BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]));
                var body = rest[HeaderSize..length];
                rest = rest[Math.Min(rest.Length, Aligned(length))..];
                if (answers != sequence) continue;
                interrupted |= (flags & NLM_F_DUMP_INTR) != 0;
                if (kind == NLMSG_DONE) return interrupted ? Errno.EINTR : 0;
                if (kind == NLMSG_ERROR) return body.Length < 4 ? Errno.EPROTO : -BinaryPrimitives.ReadInt32LittleEndian(body);
                if (take(kind, body)) return 0;
            }
        }
    }

    private delegate bool MessageTaker(ushort kind, ReadOnlySpan<byte> body);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int NewSocket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint send(int fd, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint recv(int fd, byte* buffer, nuint length, int flags);
}
