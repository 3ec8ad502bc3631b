namespace Tare.Linux.Netlink.Tables;

/// <summary>
/// One expression of a rule: enum nft_expr_attributes. Registers are those of four bytes, counted from 0 to 15 (NFT_REG32_00 and on); a value of
/// more bytes takes the ones that follow too.
/// </summary>
/// <param name="Name">The kernel's name of its kind.</param>
public abstract record NftExpression(string Name)
{
    private const int NFT_REG32_00 = 8;
    private const int Registers = 16;

    internal void Write(NetlinkWriter writer) => writer.Text(NftMessage.NFTA_EXPR_NAME, Name).Nest(NftMessage.NFTA_EXPR_DATA, WriteData);

    /// <summary>Writes the attributes of its kind.</summary>
    protected abstract void WriteData(NetlinkWriter writer);

    /// <summary>The kernel's number of a register.</summary>
    protected static uint Register(int register) => (uint)register < Registers ? (uint)(NFT_REG32_00 + register) : throw new ArgumentOutOfRangeException(nameof(register), register, "there are 16 registers");

    /// <summary>An attribute that is a value.</summary>
    protected static NetlinkWriter Value(NetlinkWriter writer, ushort kind, byte[] value) => writer.Nest(kind, data => data.Attribute(NftMessage.NFTA_DATA_VALUE, value));
}

/// <summary>What is known of a packet besides its bytes (enum nft_meta_keys).</summary>
public enum NftMetaKey : uint
{
    /// <summary>The Ethernet type, two bytes of the network's order.</summary>
    Protocol = 1,
    Mark = 3,

    /// <summary>16 bytes.</summary>
    InputName = 6,

    /// <summary>16 bytes.</summary>
    OutputName = 7,

    /// <summary>One byte: NFPROTO_.</summary>
    NetfilterProtocol = 15,

    /// <summary>One byte, such as 6 for TCP.</summary>
    TransportProtocol = 16,
}

/// <summary>Loads what is known of a packet besides its bytes.</summary>
public sealed record NftMeta(NftMetaKey Key, int Destination = 0) : NftExpression("meta")
{
    /// <inheritdoc/>
    protected override void WriteData(NetlinkWriter writer) => writer.Network32(2, (uint)Key).Network32(1, Register(Destination));
}

/// <summary>Sets the mark of the packet.</summary>
public sealed record NftSetMark(int Source = 0) : NftExpression("meta")
{
    /// <inheritdoc/>
    protected override void WriteData(NetlinkWriter writer) => writer.Network32(2, (uint)NftMetaKey.Mark).Network32(3, Register(Source));
}

/// <summary>A header of a packet (enum nft_payload_bases).</summary>
public enum NftHeader : uint
{
    Link,
    Network,
    Transport,
}

/// <summary>Loads bytes of a header.</summary>
public sealed record NftPayload(NftHeader Header, uint Offset, uint Length, int Destination = 0) : NftExpression("payload")
{
    /// <inheritdoc/>
    protected override void WriteData(NetlinkWriter writer) => writer.Network32(1, Register(Destination)).Network32(2, (uint)Header).Network32(3, Offset).Network32(4, Length);
}

/// <summary>How values are compared (enum nft_cmp_ops).</summary>
public enum NftComparison : uint
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>Goes on only when a register compares so with a value.</summary>
public sealed record NftCompare(NftComparison Comparison, byte[] Data, int Source = 0) : NftExpression("cmp")
{
    /// <inheritdoc/>
    protected override void WriteData(NetlinkWriter writer) => Value(writer.Network32(1, Register(Source)).Network32(2, (uint)Comparison), 3, Data);
}

/// <summary>Keeps the bits of a mask, then turns those of another over.</summary>
public sealed record NftBitwise(byte[] Mask, byte[] Xor, int Source = 0, int Destination = 0) : NftExpression("bitwise")
{
    /// <inheritdoc/>
    protected override void WriteData(NetlinkWriter writer)
    {
        writer.Network32(1, Register(Source)).Network32(2, Register(Destination)).Network32(3, (uint)Mask.Length);
        Value(Value(writer, 4, Mask), 5, Xor);
    }
}

/// <summary>Goes on only when a key is in a set (or with <see cref="Inverted"/> is not); of a map the value is loaded, or followed where it is a verdict.</summary>
public sealed record NftLookup(NftSet Set, int Source = 0, int Destination = 0) : NftExpression("lookup")
{
    private const uint NFT_REG_VERDICT = 0;
    private const uint NFT_LOOKUP_F_INV = 1;

    /// <summary>Whether it goes on when the key is not there; only of a set.</summary>
    public bool Inverted { get; init; }

    /// <inheritdoc/>
    protected override void WriteData(NetlinkWriter writer)
    {
        writer.Text(1, Set.Name).Network32(2, Register(Source));
        if (Set.Value.Count > 0) writer.Network32(3, Set.Value[0].IsVerdict ? NFT_REG_VERDICT : Register(Destination));
        if (Inverted) writer.Network32(5, NFT_LOOKUP_F_INV);
    }
}

/// <summary>What is known of a connection (enum nft_ct_keys).</summary>
public enum NftConnectionKey : uint
{
    State = 0,
    Direction = 1,
    Status = 2,
    Mark = 3,

    /// <summary>With a direction.</summary>
    Protocol = 10,

    /// <summary>With a direction.</summary>
    SourcePort = 11,

    /// <summary>With a direction.</summary>
    DestinationPort = 12,

    /// <summary>With a direction (kernel 4.17).</summary>
    SourceIPv4 = 19,

    /// <summary>With a direction (kernel 4.17).</summary>
    DestinationIPv4 = 20,

    /// <summary>With a direction (kernel 4.17).</summary>
    SourceIPv6 = 21,

    /// <summary>With a direction (kernel 4.17).</summary>
    DestinationIPv6 = 22,
}

/// <summary>A direction of a connection (enum ip_conntrack_dir).</summary>
public enum NftDirection : byte
{
    /// <summary>As its first packet was before it was translated.</summary>
    Original,

    /// <summary>As answers come.</summary>
    Reply,
}

/// <summary>States of a packet's connection (NF_CT_STATE_BIT of nf_conntrack_common.h).</summary>
[Flags]
public enum NftStates : uint
{
    None = 0,
    Invalid = 1,
    Established = 2,
    Related = 4,
    New = 8,
    Untracked = 64,
}

/// <summary>What has become of a connection (enum ip_conntrack_status).</summary>
[Flags]
public enum NftStatus : uint
{
    None = 0,
    SeenReply = 1 << 1,
    Assured = 1 << 2,
    Confirmed = 1 << 3,
    SourceTranslated = 1 << 4,
    DestinationTranslated = 1 << 5,
}

/// <summary>Loads what is known of the packet's connection.</summary>
public sealed record NftConnection(NftConnectionKey Key, NftDirection? Direction = null, int Destination = 0) : NftExpression("ct")
{
    /// <inheritdoc/>
    protected override void WriteData(NetlinkWriter writer)
    {
        writer.Network32(2, (uint)Key).Network32(1, Register(Destination));
        if (Direction is { } direction) writer.Byte(3, (byte)direction);
    }
}

/// <summary>Loads the kind of the destination address, four bytes of the machine's order: a <see cref="RouteType"/>.</summary>
public sealed record NftDestinationType(int Destination = 0) : NftExpression("fib")
{
    private const uint NFT_FIB_RESULT_ADDRTYPE = 3;
    private const uint NFTA_FIB_F_DADDR = 2;

    /// <inheritdoc/>
    protected override void WriteData(NetlinkWriter writer) => writer.Network32(1, Register(Destination)).Network32(2, NFT_FIB_RESULT_ADDRTYPE).Network32(3, NFTA_FIB_F_DADDR);
}

/// <summary>How a translation chooses (NF_NAT_RANGE_ of nf_nat.h).</summary>
[Flags]
public enum NftNatFlags : uint
{
    None = 0,

    /// <summary>A port that nobody can foretell, each time another: two that begin at once do not take the same.</summary>
    FullyRandom = 1 << 4,

    /// <summary>A client gets the same address each time.</summary>
    Persistent = 1 << 3,
}

/// <summary>Translates the destination, or the source, of the connection to an address and a port of registers.</summary>
/// <param name="ToDestination">True: dnat; false: snat.</param>
/// <param name="Family">IPv4 or IPv6.</param>
/// <param name="Address">The register of the address; null: it stays.</param>
/// <param name="Port">The register of the port; null: it stays where it can.</param>
public sealed record NftNat(bool ToDestination, NftFamily Family, int? Address, int? Port = null) : NftExpression("nat")
{
    /// <summary>How it chooses.</summary>
    public NftNatFlags Flags { get; init; }

    /// <inheritdoc/>
    protected override void WriteData(NetlinkWriter writer)
    {
        writer.Network32(1, ToDestination ? 1u : 0u).Network32(2, (uint)Family);
        if (Address is { } address) writer.Network32(3, Register(address));
        if (Port is { } port) writer.Network32(5, Register(port));
        if (Flags != NftNatFlags.None) writer.Network32(7, (uint)Flags);
    }
}

/// <summary>Translates the source of the connection to the address of the device that it leaves by.</summary>
public sealed record NftMasquerade(NftNatFlags Flags = NftNatFlags.None) : NftExpression("masq")
{
    /// <inheritdoc/>
    protected override void WriteData(NetlinkWriter writer)
    {
        if (Flags != NftNatFlags.None) writer.Network32(1, (uint)Flags);
    }
}

/// <summary>Loads a value.</summary>
public sealed record NftLoad(byte[] Data, int Destination = 0) : NftExpression("immediate")
{
    /// <inheritdoc/>
    protected override void WriteData(NetlinkWriter writer) => Value(writer.Network32(1, Register(Destination)), 2, Data);
}

/// <summary>Says what becomes of the packet.</summary>
public sealed record NftDecide(NftVerdict Verdict) : NftExpression("immediate")
{
    private const uint NFT_REG_VERDICT = 0;

    /// <inheritdoc/>
    protected override void WriteData(NetlinkWriter writer) => writer.Network32(1, NFT_REG_VERDICT).Nest(2, Verdict.Write);
}

/// <summary>Counts the packets that come so far, and their bytes.</summary>
public sealed record NftCounter() : NftExpression("counter")
{
    /// <inheritdoc/>
    protected override void WriteData(NetlinkWriter writer) => writer.Network64(1, 0).Network64(2, 0);
}

/// <summary>Refuses the packet and says so to its sender: enum nft_reject_types.</summary>
/// <param name="Reset">True: a TCP reset, for TCP alone; false: by ICMP or ICMPv6 that the port cannot be reached.</param>
public sealed record NftReject(bool Reset = false) : NftExpression("reject")
{
    private const uint NFT_REJECT_TCP_RST = 1;
    private const uint NFT_REJECT_ICMPX_UNREACH = 2;
    private const byte NFT_REJECT_ICMPX_PORT_UNREACH = 1;

    /// <inheritdoc/>
    protected override void WriteData(NetlinkWriter writer)
    {
        writer.Network32(1, Reset ? NFT_REJECT_TCP_RST : NFT_REJECT_ICMPX_UNREACH);
        if (!Reset) writer.Byte(2, NFT_REJECT_ICMPX_PORT_UNREACH);
    }
}
