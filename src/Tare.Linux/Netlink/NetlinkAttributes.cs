using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Tare.Linux.Netlink;

/// <summary>
/// Reads attributes one after the other: struct nlattr of linux/netlink.h. What is cut off ends the reading; a value that is shorter than its
/// type reads as zero.
/// </summary>
/// <param name="bytes">The attributes.</param>
internal ref struct NetlinkAttributes(ReadOnlySpan<byte> bytes)
{
    private const ushort KindMask = 0x3FFF;
    private ReadOnlySpan<byte> rest = bytes;

    /// <summary>The current attribute's kind, without NLA_F_ flags.</summary>
    public ushort Kind { get; private set; }

    /// <summary>The current attribute's value.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>The value as one byte.</summary>
    public readonly byte Byte => Value.Length >= 1 ? Value[0] : (byte)0;

    /// <summary>The value as four bytes of the machine's order.</summary>
    public readonly uint UInt32 => Value.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(Value) : 0;

    /// <summary>The value as two bytes of the network's order.</summary>
    public readonly ushort Network16 => Value.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(Value) : (ushort)0;

    /// <summary>The value as four bytes of the network's order.</summary>
    public readonly uint Network32 => Value.Length >= 4 ? BinaryPrimitives.ReadUInt32BigEndian(Value) : 0;

    /// <summary>The value as eight bytes of the network's order.</summary>
    public readonly ulong Network64 => Value.Length >= 8 ? BinaryPrimitives.ReadUInt64BigEndian(Value) : 0;

    /// <summary>The value as text, up to a zero.</summary>
    public readonly string Text => Encoding.UTF8.GetString(Value.IndexOf((byte)0) is >= 0 and var end ? Value[..end] : Value);

    /// <summary>The value as an address; null when it has not the size of one.</summary>
    public readonly IPAddress? Address => Value.Length is 4 or 16 ? new IPAddress(Value) : null;

    /// <summary>The attributes that the value holds.</summary>
    public readonly NetlinkAttributes Nested => new(Value);

    /// <summary>Goes to the next attribute; false when there is none.</summary>
    public bool Next()
    {
        if (rest.Length < NetlinkWriter.AttributeHeader) return false;
        var length = BinaryPrimitives.ReadUInt16LittleEndian(rest);
        if (length < NetlinkWriter.AttributeHeader || length > rest.Length) return false;
        Kind = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]) & KindMask);
        Value = rest[NetlinkWriter.AttributeHeader..length];
        rest = rest[Math.Min(rest.Length, (length + 3) & ~3)..];
        return true;
    }

    /// <summary>The attributes after a structure of a fixed size; none when the message is shorter than that.</summary>
    public static NetlinkAttributes After(ReadOnlySpan<byte> body, int structure) => new(body.Length < structure ? [] : body[structure..]);
}
