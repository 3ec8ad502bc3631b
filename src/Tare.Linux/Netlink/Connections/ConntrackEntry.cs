using System.Net;

namespace Tare.Linux.Netlink.Connections;

/// <summary>One direction of a connection: from where to where.</summary>
/// <param name="Source">The address that it comes from.</param>
/// <param name="Destination">The address that it goes to.</param>
/// <param name="Protocol">Such as 6 for TCP and 17 for UDP.</param>
/// <param name="SourcePort">0 for protocols without ports.</param>
/// <param name="DestinationPort">0 for protocols without ports.</param>
public sealed record ConntrackTuple(IPAddress Source, IPAddress Destination, byte Protocol, ushort SourcePort, ushort DestinationPort)
{
    private const ushort CTA_TUPLE_IP = 1;
    private const ushort CTA_TUPLE_PROTO = 2;
    private const ushort CTA_PROTO_NUM = 1;
    private const ushort CTA_PROTO_SRC_PORT = 2;
    private const ushort CTA_PROTO_DST_PORT = 3;

    private const ushort CTA_IP_V4_SRC = 1;
    private const ushort CTA_IP_V4_DST = 2;
    private const ushort CTA_IP_V6_SRC = 3;
    private const ushort CTA_IP_V6_DST = 4;

    /// <inheritdoc/>
    public override string ToString() => $"protocol {Protocol}, {new IPEndPoint(Source, SourcePort)} to {new IPEndPoint(Destination, DestinationPort)}";

    /// <summary>The attributes of CTA_TUPLE_ORIG or CTA_TUPLE_REPLY; null when there is an address missing.</summary>
    internal static ConntrackTuple? Read(NetlinkAttributes attributes)
    {
        var (source, destination) = (default(IPAddress), default(IPAddress));
        var (protocol, sourcePort, destinationPort) = ((byte)0, (ushort)0, (ushort)0);
        while (attributes.Next())
        {
            for (var nested = attributes.Nested; nested.Next();)
            {
                switch (attributes.Kind, nested.Kind)
                {
                    case (CTA_TUPLE_IP, CTA_IP_V4_SRC or CTA_IP_V6_SRC): source = nested.Address; break;
                    case (CTA_TUPLE_IP, CTA_IP_V4_DST or CTA_IP_V6_DST): destination = nested.Address; break;
                    case (CTA_TUPLE_PROTO, CTA_PROTO_NUM): protocol = nested.Byte; break;
                    case (CTA_TUPLE_PROTO, CTA_PROTO_SRC_PORT): sourcePort = nested.Network16; break;
                    case (CTA_TUPLE_PROTO, CTA_PROTO_DST_PORT): destinationPort = nested.Network16; break;
                    default: break;
                }
            }
        }
        return source is null || destination is null ? null : new ConntrackTuple(source, destination, protocol, sourcePort, destinationPort);
    }

    /// <summary>The attributes of a filter: those parts that are given, with addresses of IPv4.</summary>
    internal static void Write(NetlinkWriter writer, IPAddress? source, IPAddress? destination, byte? protocol, ushort? destinationPort)
    {
        if (source is not null || destination is not null)
        {
            writer.Nest(CTA_TUPLE_IP, addresses =>
            {
                if (source is not null) addresses.Address(CTA_IP_V4_SRC, source);
                if (destination is not null) addresses.Address(CTA_IP_V4_DST, destination);
            });
        }
        if (protocol is not { } number) return;
        writer.Nest(CTA_TUPLE_PROTO, ports =>
        {
            ports.Byte(CTA_PROTO_NUM, number);
            if (destinationPort is { } to) ports.Network16(CTA_PROTO_DST_PORT, to);
        });
    }
}

/// <summary>A connection that the kernel tracks.</summary>
/// <param name="Original">As its first packet was, before it was translated.</param>
/// <param name="Reply">As answers come: what differs from the original turned around has been translated.</param>
public sealed record ConntrackEntry(ConntrackTuple Original, ConntrackTuple Reply)
{
    internal const ushort CTA_TUPLE_ORIG = 1;
    internal const ushort CTA_TUPLE_REPLY = 2;
    internal const ushort CTA_ID = 12;
    internal const ushort CTA_ZONE = 18;
    private const ushort CTA_STATUS = 3;
    private const ushort CTA_MARK = 8;

    /// <summary>The kernel's number of it.</summary>
    public uint Id { get; init; }

    /// <summary>IPS_ bits of linux/netfilter/nf_conntrack_common.h.</summary>
    public uint Status { get; init; }

    /// <summary>Its mark.</summary>
    public uint Mark { get; init; }

    /// <summary>Its zone.</summary>
    public ushort Zone { get; init; }

    /// <summary>The original direction with all that the protocol has besides ports, as the kernel has told it.</summary>
    internal byte[] Key { get; init; } = [];

    /// <summary>Of struct nfgenmsg.</summary>
    internal byte Family { get; init; }

    /// <summary>A message of the kernel; null when it is no connection.</summary>
    internal static ConntrackEntry? Read(ReadOnlySpan<byte> body)
    {
        var (original, reply) = (default(ConntrackTuple), default(ConntrackTuple));
        var (id, status, mark, zone) = (0u, 0u, 0u, (ushort)0);
        byte[] key = [];
        for (var attributes = NetlinkAttributes.After(body, 4); attributes.Next();)
        {
            switch (attributes.Kind)
            {
                case CTA_TUPLE_ORIG: (original, key) = (ConntrackTuple.Read(attributes.Nested), attributes.Value.ToArray()); break;
                case CTA_TUPLE_REPLY: reply = ConntrackTuple.Read(attributes.Nested); break;
                case CTA_ID: id = attributes.Network32; break;
                case CTA_STATUS: status = attributes.Network32; break;
                case CTA_MARK: mark = attributes.Network32; break;
                case CTA_ZONE: zone = attributes.Network16; break;
                default: break;
            }
        }
        if (original is null || reply is null) return null;
        return new ConntrackEntry(original, reply) { Id = id, Status = status, Mark = mark, Zone = zone, Key = key, Family = body[0] };
    }
}
