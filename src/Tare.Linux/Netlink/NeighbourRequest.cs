using System.Net;
using System.Net.Sockets;

namespace Tare.Linux.Netlink;

/// <summary>The hardware address of a neighbour, which is never asked for then: RTM_NEWNEIGH with NUD_PERMANENT, struct ndmsg of linux/neighbour.h.</summary>
public sealed record NeighbourRequest(LinkId Link, IPAddress Address, HardwareAddress HardwareAddress) : RouteCommand
{
    private const ushort RTM_NEWNEIGH = 28;
    private const ushort NUD_PERMANENT = 0x80;
    private const ushort NDA_DST = 1;
    private const ushort NDA_LLADDR = 2;
    private const ushort NLM_F_REPLACE = 0x100;

    /// <inheritdoc/>
    public override string Operation => $"note the neighbour {Address} of the network device {Link.Name}";

    /// <inheritdoc/>
    public override void Write(NetlinkWriter writer)
    {
        writer.Begin(RTM_NEWNEIGH, Change | NetlinkSocket.NLM_F_CREATE | NLM_F_REPLACE);
        writer.U8(Address.AddressFamily == AddressFamily.InterNetworkV6 ? AF_INET6 : AF_INET).U8(0).U16(0).U32((uint)Link.Index).U16(NUD_PERMANENT).U8(0).U8(0);
        writer.Address(NDA_DST, Address).Attribute(NDA_LLADDR, HardwareAddress.ToBytes());
        writer.End();
    }
}
