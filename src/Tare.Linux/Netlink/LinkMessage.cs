using System.Buffers.Binary;

namespace Tare.Linux.Netlink;

/// <summary>A network device as the kernel tells of it.</summary>
/// <param name="Id">Index and name.</param>
public sealed record NetworkLink(LinkId Id)
{
    /// <summary>IFF_ flags of netdevice(7).</summary>
    public uint Flags { get; init; }

    /// <summary>The name of its kind, such as <c>bridge</c>; null: a physical device or the loopback.</summary>
    public string? Kind { get; init; }

    /// <summary>Its hardware address, where it is an Ethernet one.</summary>
    public HardwareAddress? HardwareAddress { get; init; }

    /// <summary>The largest packet, in bytes.</summary>
    public int Mtu { get; init; }

    /// <summary>The index of the bridge whose port it is; 0: none's.</summary>
    public int MasterIndex { get; init; }

    /// <summary>The index of the device that it lies on, or of a cable's other end, which may be in another namespace; 0: none.</summary>
    public int ParentIndex { get; init; }

    /// <summary>The remark.</summary>
    public string? Alias { get; init; }

    /// <summary>Of a bridge's port: whether a frame may leave by the port that it came by.</summary>
    public bool Hairpin { get; init; }

    /// <summary>Of a bridge's port: whether it exchanges nothing with other isolated ports.</summary>
    public bool Isolated { get; init; }

    /// <summary>Whether it is set up.</summary>
    public bool IsUp => (Flags & LinkMessage.IFF_UP) != 0;

    /// <summary>
    /// Whether packets pass. The kernel sees to that some time after both ends of a cable are up, and until then drops what is sent, and tells nobody.
    /// </summary>
    public bool IsRunning => (Flags & LinkMessage.IFF_RUNNING) != 0;
}

/// <summary>struct ifinfomsg of linux/rtnetlink.h and the attributes that follow it, of linux/if_link.h.</summary>
internal static class LinkMessage
{
    public const ushort RTM_NEWLINK = 16;
    public const ushort RTM_DELLINK = 17;
    public const ushort RTM_GETLINK = 18;
    public const ushort IFLA_ADDRESS = 1;
    public const ushort IFLA_IFNAME = 3;
    public const ushort IFLA_MTU = 4;
    public const ushort IFLA_LINK = 5;
    public const ushort IFLA_MASTER = 10;
    public const ushort IFLA_LINKINFO = 18;
    public const ushort IFLA_IFALIAS = 20;
    public const ushort IFLA_NET_NS_FD = 28;
    public const uint IFF_UP = 1;
    public const uint IFF_RUNNING = 0x40;
    private const ushort IFLA_INFO_KIND = 1;
    private const int Size = 16;

    /// <summary>The structure.</summary>
    public static void WriteHeader(NetlinkWriter writer, int index, bool? up) =>
        writer.U8(0).U8(0).U16(0).U32((uint)index).U32(up == true ? IFF_UP : 0).U32(up is null ? 0 : IFF_UP);

    /// <summary>The structure for a device that is there.</summary>
    public static void WriteTarget(NetlinkWriter writer, LinkId link, bool? up)
    {
        WriteHeader(writer, link.Index, up);
        if (link.Index == 0) writer.Text(IFLA_IFNAME, link.Name);
    }

    /// <summary>A device; null when the message is none.</summary>
    public static NetworkLink? Read(ushort kind, ReadOnlySpan<byte> body)
    {
        if (kind != RTM_NEWLINK || body.Length < Size) return null;
        var link = new NetworkLink(new LinkId(BinaryPrimitives.ReadInt32LittleEndian(body[4..]), "")) { Flags = BinaryPrimitives.ReadUInt32LittleEndian(body[8..]) };
        for (var attributes = NetlinkAttributes.After(body, Size); attributes.Next();)
        {
            link = attributes.Kind switch
            {
                IFLA_IFNAME => link with { Id = link.Id with { Name = attributes.Text } },
                IFLA_ADDRESS when attributes.Value.Length == HardwareAddress.Size => link with { HardwareAddress = HardwareAddress.From(attributes.Value) },
                IFLA_MTU => link with { Mtu = (int)attributes.UInt32 },
                IFLA_LINK => link with { ParentIndex = (int)attributes.UInt32 },
                IFLA_MASTER => link with { MasterIndex = (int)attributes.UInt32 },
                IFLA_IFALIAS => link with { Alias = attributes.Text },
                IFLA_LINKINFO => ReadInfo(link, attributes.Nested),
                _ => link,
            };
        }
        return link;
    }

    private static NetworkLink ReadInfo(NetworkLink link, NetlinkAttributes info)
    {
        var port = false;
        while (info.Next())
        {
            if (info.Kind == IFLA_INFO_KIND) link = link with { Kind = info.Text };
            if (info.Kind == BridgePortChange.IFLA_INFO_SLAVE_KIND) port = info.Text == "bridge";
            if (info.Kind != BridgePortChange.IFLA_INFO_SLAVE_DATA || !port) continue;
            for (var data = info.Nested; data.Next();)
            {
                if (data.Kind == BridgePortChange.IFLA_BRPORT_MODE) link = link with { Hairpin = data.Byte != 0 };
                if (data.Kind == BridgePortChange.IFLA_BRPORT_ISOLATED) link = link with { Isolated = data.Byte != 0 };
            }
        }
        return link;
    }
}
