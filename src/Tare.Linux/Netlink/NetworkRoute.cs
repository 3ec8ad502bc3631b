using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Tare.Linux.Netlink;

/// <summary>How far the destinations of a route are (enum rt_scope_t).</summary>
public enum RouteScope : byte
{
    Universe = 0,
    Site = 200,
    Link = 253,
    Host = 254,
    Nowhere = 255,
}

/// <summary>What becomes of a packet that takes a route (RTN_ of linux/rtnetlink.h).</summary>
public enum RouteType : byte
{
    Unspecified = 0,
    Unicast = 1,
    Local = 2,
    Broadcast = 3,
    Anycast = 4,
    Multicast = 5,
    Blackhole = 6,
    Unreachable = 7,
    Prohibit = 8,
    Throw = 9,
}

/// <summary>A route: struct rtmsg and its attributes.</summary>
/// <param name="Destination">The network that it leads to; with the prefix length 0 it is the default route of its family.</param>
public sealed record NetworkRoute(IPNetwork Destination)
{
    internal const ushort RTM_NEWROUTE = 24;
    internal const ushort RTM_DELROUTE = 25;
    internal const ushort RTM_GETROUTE = 26;
    private const ushort RTA_DST = 1;
    private const ushort RTA_OIF = 4;
    private const ushort RTA_GATEWAY = 5;
    private const ushort RTA_PRIORITY = 6;
    private const ushort RTA_PREFSRC = 7;
    private const ushort RTA_TABLE = 15;
    private const ushort RTA_VIA = 18;
    private const uint RTNH_F_ONLINK = 4;
    private const uint RTM_F_CLONED = 0x200;
    private const byte RT_TABLE_MAIN = 254;
    private const byte RTPROT_STATIC = 4;
    private const int Size = 12;

    /// <summary>Every IPv4 address.</summary>
    public static IPNetwork AnyV4 { get; } = new(IPAddress.Any, 0);

    /// <summary>Every IPv6 address.</summary>
    public static IPNetwork AnyV6 { get; } = new(IPAddress.IPv6Any, 0);

    /// <summary>The index of the device that it leads over; 0: that of the gateway, or in a list, several.</summary>
    public int LinkIndex { get; init; }

    /// <summary>The router; null: the destination is on the device's own network.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>Whether the gateway is taken to be on the device's network though no address says so.</summary>
    public bool OnLink { get; init; }

    /// <summary>The address that packets get which have none yet.</summary>
    public IPAddress? Source { get; init; }

    /// <summary>Of routes to the same network the one with the lowest is taken.</summary>
    public uint Metric { get; init; }

    /// <summary>How far the destinations are.</summary>
    public RouteScope Scope { get; init; }

    /// <summary>What becomes of the packets.</summary>
    public RouteType Type { get; init; } = RouteType.Unicast;

    /// <summary>The table that it is in.</summary>
    public uint Table { get; init; } = RT_TABLE_MAIN;

    /// <summary>Who has made it (RTPROT_).</summary>
    public byte Protocol { get; init; } = RTPROT_STATIC;

    /// <inheritdoc/>
    public override string ToString() => Gateway is null ? Destination.ToString() : $"{Destination} via {Gateway}";

    internal static NetworkRoute? Read(ushort kind, ReadOnlySpan<byte> body)
    {
        if (kind != RTM_NEWROUTE || body.Length < Size) return null;
        var v6 = body[0] == RouteCommand.AF_INET6;
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(body[8..]);
        // What the kernel has found by itself on the way, and families that are no IP.
        if ((!v6 && body[0] != RouteCommand.AF_INET) || (flags & RTM_F_CLONED) != 0) return null;
        var (prefix, destination) = (body[1], v6 ? IPAddress.IPv6Any : IPAddress.Any);
        var route = new NetworkRoute(default(IPNetwork)) { Table = body[4], Protocol = body[5], Scope = (RouteScope)body[6], Type = (RouteType)body[7], OnLink = (flags & RTNH_F_ONLINK) != 0 };
        for (var attributes = NetlinkAttributes.After(body, Size); attributes.Next();)
        {
            switch (attributes.Kind)
            {
                case RTA_DST: destination = attributes.Address ?? destination; break;
                case RTA_OIF: route = route with { LinkIndex = (int)attributes.UInt32 }; break;
                case RTA_GATEWAY: route = route with { Gateway = attributes.Address }; break;
                case RTA_VIA when attributes.Value.Length is 6 or 18: route = route with { Gateway = new IPAddress(attributes.Value[2..]) }; break;
                case RTA_PREFSRC: route = route with { Source = attributes.Address }; break;
                case RTA_PRIORITY: route = route with { Metric = attributes.UInt32 }; break;
                case RTA_TABLE: route = route with { Table = attributes.UInt32 }; break;
                default: break;
            }
        }
        return IsNetwork(destination, prefix) ? route with { Destination = new IPNetwork(destination, prefix) } : null;
    }

    /// <summary>struct rtmsg and its attributes.</summary>
    internal void Write(NetlinkWriter writer)
    {
        var v6 = Destination.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6;
        writer.U8(v6 ? RouteCommand.AF_INET6 : RouteCommand.AF_INET).U8((byte)Destination.PrefixLength).U8(0).U8(0);
        writer.U8(Table <= byte.MaxValue ? (byte)Table : (byte)0).U8(Protocol).U8((byte)Scope).U8((byte)Type).U32(OnLink ? RTNH_F_ONLINK : 0);
        if (Destination.PrefixLength != 0) writer.Address(RTA_DST, Destination.BaseAddress);
        if (LinkIndex != 0) writer.UInt32(RTA_OIF, (uint)LinkIndex);
        if (Gateway is not null) writer.Address(RTA_GATEWAY, Gateway);
        if (Source is not null) writer.Address(RTA_PREFSRC, Source);
        if (Metric != 0) writer.UInt32(RTA_PRIORITY, Metric);
        if (Table > byte.MaxValue) writer.UInt32(RTA_TABLE, Table);
    }

    private static bool IsNetwork(IPAddress address, int prefix)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var count);
        if (prefix > count * 8) return false;
        for (var bit = prefix; bit < count * 8; bit++)
        {
            if ((bytes[bit / 8] & (0x80 >> (bit % 8))) != 0) return false;
        }
        return true;
    }
}

/// <summary>A route to be added: RTM_NEWROUTE.</summary>
public sealed record RouteRequest(NetworkRoute Route) : RouteCommand
{
    private const ushort NLM_F_REPLACE = 0x100;

    /// <summary>Whether it takes the place of the route to the same network with the same metric, where there is one.</summary>
    public bool Replace { get; init; }

    /// <inheritdoc/>
    public override string Operation => $"add the route to {Route}";

    /// <inheritdoc/>
    public override void Write(NetlinkWriter writer)
    {
        writer.Begin(NetworkRoute.RTM_NEWROUTE, Replace ? (ushort)(Change | NetlinkSocket.NLM_F_CREATE | NLM_F_REPLACE) : Create);
        Route.Write(writer);
        writer.End();
    }
}

/// <summary>A route to be removed: RTM_DELROUTE. The scope has to be told as it is.</summary>
public sealed record RouteRemoval(NetworkRoute Route) : RouteCommand
{
    /// <inheritdoc/>
    public override string Operation => $"remove the route to {Route}";

    /// <inheritdoc/>
    public override void Write(NetlinkWriter writer)
    {
        writer.Begin(NetworkRoute.RTM_DELROUTE, Change);
        Route.Write(writer);
        writer.End();
    }
}
