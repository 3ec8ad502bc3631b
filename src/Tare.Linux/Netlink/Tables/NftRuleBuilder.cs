using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tare.Linux.Netlink.Tables;

/// <summary>A part of a key that a rule looks up.</summary>
public enum NftField
{
    SourceAddress,
    DestinationAddress,
    TransportProtocol,
    SourcePort,
    DestinationPort,
    InputName,
    OutputName,
    Mark,
}

/// <summary>
/// Builds the expressions of a rule, condition by condition, as one would write it for nft(8). What a condition depends on (that the packet is
/// IPv4, say) is checked before it, once.
/// </summary>
/// <param name="family">The family of the table that the rule will be in.</param>
public sealed class NftRuleBuilder(NftFamily family)
{
    private const byte NameSize = 16;
    private const int Ethernet4 = 0x0800;
    private const int Ethernet6 = 0x86DD;

    private readonly List<NftExpression> expressions = [];
    private NftFamily? checkedFamily;

    /// <summary>The expressions.</summary>
    public IReadOnlyList<NftExpression> Expressions => expressions;

    /// <summary>Any expression.</summary>
    public NftRuleBuilder Add(NftExpression expression)
    {
        expressions.Add(expression);
        return this;
    }

    /// <summary>Of packets of one family only: IPv4 or IPv6.</summary>
    public NftRuleBuilder OfFamily(NftFamily wanted)
    {
        if (checkedFamily == wanted || family == wanted) return this;
        checkedFamily = wanted;
        if (family != NftFamily.Bridge) return Add(new NftMeta(NftMetaKey.NetfilterProtocol)).Equal([(byte)wanted]);
        var type = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(type, (ushort)(wanted == NftFamily.IPv4 ? Ethernet4 : Ethernet6));
        return Add(new NftMeta(NftMetaKey.Protocol)).Equal(type);
    }

    /// <summary>That come by a device (<c>iifname</c>), or do not.</summary>
    public NftRuleBuilder From(string device, bool not = false) => Add(new NftMeta(NftMetaKey.InputName)).Compare(NameBytes(device), not);

    /// <summary>That go by a device (<c>oifname</c>), or do not.</summary>
    public NftRuleBuilder To(string device, bool not = false) => Add(new NftMeta(NftMetaKey.OutputName)).Compare(NameBytes(device), not);

    /// <summary>From an address of a network, or not.</summary>
    public NftRuleBuilder Source(IPNetwork network, bool not = false) => Address(network, source: true, not);

    /// <summary>To an address of a network, or not.</summary>
    public NftRuleBuilder Destination(IPNetwork network, bool not = false) => Address(network, source: false, not);

    /// <summary>Of a protocol, such as 6 for TCP.</summary>
    public NftRuleBuilder Protocol(byte protocol) => Add(new NftMeta(NftMetaKey.TransportProtocol)).Equal([protocol]);

    /// <summary>Of a protocol to a port.</summary>
    public NftRuleBuilder DestinationPort(byte protocol, ushort port) => Protocol(protocol).Add(new NftPayload(NftHeader.Transport, 2, 2)).Equal(new NftData().AddPort(port).ToBytes());

    /// <summary>To an address of this host (<c>fib daddr type local</c>), or to another.</summary>
    public NftRuleBuilder ToThisHost(bool not = false) => Add(new NftDestinationType()).Compare(Machine32((uint)RouteType.Local), not);

    /// <summary>With a mark, of which only the bits of a mask are looked at.</summary>
    public NftRuleBuilder Mark(uint mark, uint mask = uint.MaxValue)
    {
        Add(new NftMeta(NftMetaKey.Mark));
        if (mask != uint.MaxValue) Add(new NftBitwise(Machine32(mask), new byte[4]));
        return Equal(Machine32(mark));
    }

    /// <summary>Whose connection is in one of some states.</summary>
    public NftRuleBuilder State(NftStates states) => Add(new NftConnection(NftConnectionKey.State)).AnyBit((uint)states, not: false);

    /// <summary>Whose connection has one of some bits of its status, or none of them.</summary>
    public NftRuleBuilder Status(NftStatus bits, bool not = false) => Add(new NftConnection(NftConnectionKey.Status)).AnyBit((uint)bits, not);

    /// <summary>That go the way of their connection's first packet, or the way back.</summary>
    public NftRuleBuilder Direction(NftDirection direction) => Add(new NftConnection(NftConnectionKey.Direction)).Equal([(byte)direction]);

    /// <summary>Whose connection was first sent to an address (<c>ct original daddr</c>), or was not.</summary>
    public NftRuleBuilder OriginalDestination(IPNetwork network, bool not = false)
    {
        var v6 = IsV6(network.BaseAddress);
        OfFamily(v6 ? NftFamily.IPv6 : NftFamily.IPv4);
        return Add(new NftConnection(v6 ? NftConnectionKey.DestinationIPv6 : NftConnectionKey.DestinationIPv4, NftDirection.Original)).InNetwork(network, not);
    }

    /// <summary>Whose parts are a key of a set, or are not; of a map to verdicts the verdict is followed.</summary>
    /// <param name="set">The set.</param>
    /// <param name="addresses">The family of addresses among the parts; not used without any.</param>
    /// <param name="not">Whether it must not be a key.</param>
    /// <param name="fields">The parts, as the set has them.</param>
    public NftRuleBuilder In(NftSet set, NftFamily addresses, bool not, params ReadOnlySpan<NftField> fields)
    {
        Load(set, addresses, fields);
        return Add(new NftLookup(set) { Inverted = not });
    }

    /// <summary>Translates the destination to the address and the port that a map has for the parts; goes on when it has none.</summary>
    public NftRuleBuilder TranslateDestinationBy(NftSet map, NftFamily addresses, params ReadOnlySpan<NftField> fields) => TranslateBy(map, addresses, toDestination: true, fields);

    /// <summary>Translates the source to the address (and the port) that a map has for the parts; goes on when it has none.</summary>
    public NftRuleBuilder TranslateSourceBy(NftSet map, NftFamily addresses, params ReadOnlySpan<NftField> fields) => TranslateBy(map, addresses, toDestination: false, fields);

    /// <summary>Translates the source to one address.</summary>
    public NftRuleBuilder TranslateSource(IPAddress address, NftNatFlags flags = NftNatFlags.None) => Translate(address, null, toDestination: false, flags);

    /// <summary>Translates the destination to one address and port.</summary>
    public NftRuleBuilder TranslateDestination(IPAddress address, ushort? port) => Translate(address, port, toDestination: true, NftNatFlags.None);

    /// <summary>Translates the source to the address of the device that it leaves by.</summary>
    public NftRuleBuilder Masquerade(NftNatFlags flags = NftNatFlags.None) => Add(new NftMasquerade(flags));

    /// <summary>Gives the packet a mark.</summary>
    public NftRuleBuilder SetMark(uint mark) => Add(new NftLoad(Machine32(mark))).Add(new NftSetMark());

    /// <summary>Counts.</summary>
    public NftRuleBuilder Count() => Add(new NftCounter());

    /// <summary>Says what becomes of the packet.</summary>
    public NftRuleBuilder Then(NftVerdict verdict) => Add(new NftDecide(verdict));

    private NftRuleBuilder Equal(byte[] value) => Compare(value, not: false);

    private NftRuleBuilder Compare(byte[] value, bool not) => Add(new NftCompare(not ? NftComparison.NotEqual : NftComparison.Equal, value));

    private NftRuleBuilder AnyBit(uint bits, bool not) =>
        Add(new NftBitwise(Machine32(bits), new byte[4])).Add(new NftCompare(not ? NftComparison.Equal : NftComparison.NotEqual, new byte[4]));

    private NftRuleBuilder Address(IPNetwork network, bool source, bool not)
    {
        var wanted = IsV6(network.BaseAddress) ? NftFamily.IPv6 : NftFamily.IPv4;
        OfFamily(wanted);
        return Add(AddressField(wanted, source, 0)).InNetwork(network, not);
    }

    private NftRuleBuilder InNetwork(IPNetwork network, bool not)
    {
        var bytes = network.BaseAddress.GetAddressBytes();
        if (network.PrefixLength < bytes.Length * 8)
        {
            var mask = new byte[bytes.Length];
            for (var bit = 0; bit < network.PrefixLength; bit++) mask[bit / 8] |= (byte)(0x80 >> (bit % 8));
            Add(new NftBitwise(mask, new byte[bytes.Length]));
        }
        return Compare(bytes, not);
    }

    /// <summary>struct iphdr and struct ipv6hdr.</summary>
    private static NftPayload AddressField(NftFamily wanted, bool source, int register) => wanted == NftFamily.IPv6
        ? new NftPayload(NftHeader.Network, source ? 8u : 24u, 16, register)
        : new NftPayload(NftHeader.Network, source ? 12u : 16u, 4, register);

    /// <summary>Loads the parts of a key into registers, one after the other.</summary>
    private void Load(NftSet set, NftFamily addresses, ReadOnlySpan<NftField> fields)
    {
        if (fields.Length != set.Key.Count) throw new ArgumentException($"the key of {set} has {set.Key.Count} parts, not {fields.Length}", nameof(fields));
        if (fields.Contains(NftField.SourceAddress) || fields.Contains(NftField.DestinationAddress)) OfFamily(addresses);
        var register = 0;
        for (var i = 0; i < fields.Length; i++)
        {
            Add(fields[i] switch
            {
                NftField.SourceAddress => AddressField(addresses, source: true, register),
                NftField.DestinationAddress => AddressField(addresses, source: false, register),
                NftField.TransportProtocol => new NftMeta(NftMetaKey.TransportProtocol, register),
                NftField.SourcePort => new NftPayload(NftHeader.Transport, 0, 2, register),
                NftField.DestinationPort => new NftPayload(NftHeader.Transport, 2, 2, register),
                NftField.InputName => new NftMeta(NftMetaKey.InputName, register),
                NftField.OutputName => new NftMeta(NftMetaKey.OutputName, register),
                NftField.Mark => new NftMeta(NftMetaKey.Mark, register),
                _ => throw new ArgumentOutOfRangeException(nameof(fields)),
            });
            register += set.Key[i].PaddedSize / 4;
        }
    }

    private NftRuleBuilder TranslateBy(NftSet map, NftFamily addresses, bool toDestination, ReadOnlySpan<NftField> fields)
    {
        if (map.Value.Count is 0 or > 2) throw new ArgumentException($"{map} is no map to an address or to an address and a port", nameof(map));
        // The nat expression is refused in a table of both families unless the packet is known to be of one.
        OfFamily(addresses);
        Load(map, addresses, fields);
        return Add(new NftLookup(map)).Add(new NftNat(toDestination, addresses, 0, map.Value.Count == 2 ? map.Value[0].PaddedSize / 4 : null));
    }

    private NftRuleBuilder Translate(IPAddress address, ushort? port, bool toDestination, NftNatFlags flags)
    {
        var wanted = IsV6(address) ? NftFamily.IPv6 : NftFamily.IPv4;
        OfFamily(wanted);
        var bytes = address.GetAddressBytes();
        Add(new NftLoad(bytes));
        if (port is { } number) Add(new NftLoad(new NftData().AddPort(number).ToBytes(), bytes.Length / 4));
        return Add(new NftNat(toDestination, wanted, 0, port is null ? null : bytes.Length / 4) { Flags = flags });
    }

    private static bool IsV6(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6;

    private static byte[] NameBytes(string device)
    {
        var bytes = new byte[NameSize];
        Encoding.UTF8.GetBytes(device, bytes.AsSpan(0, NameSize - 1));
        return bytes;
    }

    private static byte[] Machine32(uint value) => BitConverter.GetBytes(value);
}
