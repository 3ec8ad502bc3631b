using System.Text;
using Tare.Errors;

namespace Tare.Keeper.Protocol;

/// <summary>
/// Writes numbered fields in the wire format of protocol buffers, of which two types are used: 0 (varint) and 2 (bytes with
/// their length). Messages, journal and handover are written so: a reader skips the fields that it does not know, and takes
/// one that is missing for zero or empty, so that neighbouring versions understand each other.
/// </summary>
internal ref struct FieldWriter(Span<byte> buffer)
{
    private readonly Span<byte> buffer = buffer;

    /// <summary>How many bytes are written.</summary>
    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Written => buffer[..Length];

    /// <summary>Writes a number; zero is left out.</summary>
    public void Number(int field, long value)
    {
        if (value == 0) return;
        Varint((ulong)field << 3);
        Varint((ulong)value);
    }

    /// <summary>Writes a number, whatever it is.</summary>
    public void Present(int field, long value)
    {
        Varint((ulong)field << 3);
        Varint((ulong)value);
    }

    public void Flag(int field, bool value) => Number(field, value ? 1 : 0);

    public void Text(int field, string value)
    {
        if (value.Length == 0) return;
        Varint(((ulong)field << 3) | 2);
        Varint((ulong)Encoding.UTF8.GetByteCount(value));
        Length += Encoding.UTF8.GetBytes(value, buffer[Length..]);
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Varint(((ulong)field << 3) | 2);
        Varint((ulong)value.Length);
        value.CopyTo(buffer[Length..]);
        Length += value.Length;
    }

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            buffer[Length++] = (byte)(value | 0x80);
            value >>= 7;
        }
        buffer[Length++] = (byte)value;
    }
}

/// <summary>Reads what <see cref="FieldWriter"/> wrote, and skips what it did not.</summary>
internal ref struct FieldReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> rest = data;

    /// <summary>The field that was read last.</summary>
    public int Field { get; private set; }

    /// <summary>Its value, if it is a number.</summary>
    public long Number { get; private set; }

    /// <summary>Its value, if it is bytes.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    public readonly bool Flag => Number != 0;

    public readonly string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>Goes to the next field; false at the end.</summary>
    /// <exception cref="TareException">The data is not in this format.</exception>
    public bool Next()
    {
        while (!rest.IsEmpty)
        {
            var tag = Varint();
            if (tag >> 3 is 0 or > int.MaxValue) throw Malformed();
            Field = (int)(tag >> 3);
            Number = 0;
            Bytes = default;
            switch (tag & 7)
            {
                case 0:
                    Number = (long)Varint();
                    return true;
                case 1:
                    Take(8);
                    break;
                case 2:
                    Bytes = Take(Varint());
                    return true;
                case 5:
                    Take(4);
                    break;
                default:
                    throw Malformed();
            }
        }
        return false;
    }

    private static TareException Malformed() => TareException.Invalid("malformed keeper message");

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)rest.Length) throw Malformed();
        var taken = rest[..(int)count];
        rest = rest[(int)count..];
        return taken;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (rest.IsEmpty) throw Malformed();
            var part = rest[0];
            rest = rest[1..];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80) return value;
        }
        throw Malformed();
    }
}
