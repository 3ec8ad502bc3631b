using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Tare.Linux.Netlink;

/// <summary>An address of a network device, with what the kernel has to be told to make it again on another (struct ifaddrmsg).</summary>
/// <param name="Family">AF_INET or AF_INET6.</param>
/// <param name="PrefixLength">Bits of the address that are its network's.</param>
/// <param name="Scope">How far it is known; 0, RT_SCOPE_UNIVERSE, is global.</param>
/// <param name="Flags">IFA_F_ flags.</param>
/// <param name="Attributes">The attributes that are not bound to the device or the moment: the address, its peer and broadcast address, priority, origin.</param>
public sealed record NetworkAddress(byte Family, byte PrefixLength, byte Scope, uint Flags, IReadOnlyList<(ushort Kind, byte[] Value)> Attributes)
{
    internal const ushort IFA_ADDRESS = 1;
    internal const ushort IFA_LOCAL = 2;
    private const ushort IFA_BROADCAST = 4;
    private const ushort IFA_FLAGS = 8;
    private const uint IFA_F_NODAD = 0x02;
    private const uint IFA_F_PERMANENT = 0x80;
    private const int Size = 8;

    /// <summary>IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_RT_PRIORITY, IFA_PROTO.</summary>
    private static readonly ushort[] KeptAttributes = [IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, 9, 11];

    /// <summary>Those that are set from outside: NODAD, HOMEADDRESS, MANAGETEMPADDR, NOPREFIXROUTE, MCAUTOJOIN.</summary>
    private const uint SettableFlags = IFA_F_NODAD | 0x10 | 0x100 | 0x200 | 0x400;

    /// <summary>The index of the device that has it, where the kernel has told of it.</summary>
    public int LinkIndex { get; init; }

    /// <summary>Whether somebody has set it for good, and it does not end by itself.</summary>
    public bool IsPermanent => (Flags & IFA_F_PERMANENT) != 0;

    /// <summary>Whether it is known everywhere, and not on the device's own network alone.</summary>
    public bool IsGlobal => Scope == 0;

    /// <summary>The address itself; null when the kernel has told of none.</summary>
    public IPAddress? Address => (Value(IFA_LOCAL) ?? Value(IFA_ADDRESS)) is { Length: 4 or 16 } bytes ? new IPAddress(bytes) : null;

    /// <summary>A global address that somebody gives; IPv4 has the broadcast address of its network, IPv6 is used without asking whether somebody has it already.</summary>
    /// <param name="address">IPv4 or IPv6.</param>
    /// <param name="prefixLength">Bits of the address that are its network's.</param>
    public static NetworkAddress Of(IPAddress address, int prefixLength)
    {
        var bytes = address.GetAddressBytes();
        if (address.AddressFamily == AddressFamily.InterNetworkV6) return new NetworkAddress(RouteCommand.AF_INET6, (byte)prefixLength, 0, IFA_F_NODAD, [(IFA_LOCAL, bytes), (IFA_ADDRESS, bytes)]);
        var attributes = new List<(ushort, byte[])> { (IFA_LOCAL, bytes), (IFA_ADDRESS, bytes) };
        if (prefixLength < 31)
        {
            var broadcast = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(broadcast, BinaryPrimitives.ReadUInt32BigEndian(bytes) | (uint)((1ul << (32 - prefixLength)) - 1));
            attributes.Add((IFA_BROADCAST, broadcast));
        }
        return new NetworkAddress(RouteCommand.AF_INET, (byte)prefixLength, 0, 0, attributes);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Address}/{PrefixLength}";

    /// <summary>struct ifaddrmsg and its attributes.</summary>
    internal static NetworkAddress Read(ReadOnlySpan<byte> body)
    {
        var kept = new List<(ushort, byte[])>();
        uint flags = body[2];
        for (var attributes = NetlinkAttributes.After(body, Size); attributes.Next();)
        {
            // The byte of the structure has no room for all flags.
            if (attributes.Kind == IFA_FLAGS) flags = attributes.UInt32;
            else if (Array.IndexOf(KeptAttributes, attributes.Kind) >= 0) kept.Add((attributes.Kind, attributes.Value.ToArray()));
        }
        return new NetworkAddress(body[0], body[1], body[3], flags, kept) { LinkIndex = BinaryPrimitives.ReadInt32LittleEndian(body[4..]) };
    }

    /// <summary>The same for a request.</summary>
    internal void Write(NetlinkWriter writer, int link)
    {
        var flags = Flags & SettableFlags;
        writer.U8(Family).U8(PrefixLength).U8((byte)flags).U8(Scope).U32((uint)link).UInt32(IFA_FLAGS, flags);
        foreach (var (kind, value) in Attributes) writer.Attribute(kind, value);
    }

    private byte[]? Value(ushort kind)
    {
        foreach (var (found, value) in Attributes)
        {
            if (found == kind) return value;
        }
        return null;
    }
}

/// <summary>An address to be given to a device: RTM_NEWADDR.</summary>
public sealed record AddressRequest(LinkId Link, NetworkAddress Address) : RouteCommand
{
    internal const ushort RTM_NEWADDR = 20;

    /// <inheritdoc/>
    public override string Operation => $"give the network device {Link.Name} the address {Address}";

    /// <inheritdoc/>
    public override void Write(NetlinkWriter writer)
    {
        writer.Begin(RTM_NEWADDR, Create);
        Address.Write(writer, Link.Index);
        writer.End();
    }
}

/// <summary>An address to be taken from a device: RTM_DELADDR.</summary>
public sealed record AddressRemoval(LinkId Link, NetworkAddress Address) : RouteCommand
{
    private const ushort RTM_DELADDR = 21;

    /// <inheritdoc/>
    public override string Operation => $"take the address {Address} from the network device {Link.Name}";

    /// <inheritdoc/>
    public override void Write(NetlinkWriter writer)
    {
        writer.Begin(RTM_DELADDR, Change);
        Address.Write(writer, Link.Index);
        writer.End();
    }
}
