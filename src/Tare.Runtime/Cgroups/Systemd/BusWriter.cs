using System.Buffers.Binary;
using System.Text;
using Tare.Errors;

namespace Tare.Runtime.Cgroups.Systemd;

/// <summary>Writes values in D-Bus's form (D-Bus Specification, "Marshaling"), little-endian: each at a multiple of its alignment.</summary>
internal sealed class BusWriter
{
    private byte[] buffer = new byte[512];

    /// <summary>How many bytes there are.</summary>
    public int Length { get; private set; }

    /// <summary>What was written.</summary>
    public ReadOnlySpan<byte> Written => buffer.AsSpan(0, Length);

    /// <summary>Fills up with zeros to a multiple.</summary>
    public void Align(int alignment) => Take((alignment - Length % alignment) % alignment).Clear();

    public void Byte(byte value) => Take(1)[0] = value;

    public void UInt32(uint value)
    {
        Align(4);
        BinaryPrimitives.WriteUInt32LittleEndian(Take(4), value);
    }

    public void UInt64(ulong value)
    {
        Align(8);
        BinaryPrimitives.WriteUInt64LittleEndian(Take(8), value);
    }

    /// <exception cref="TareException">There is a NUL inside.</exception>
    public void String(string value)
    {
        if (value.Contains('\0', StringComparison.Ordinal)) throw TareException.Invalid("a name for systemd contains a zero byte");
        var length = Encoding.UTF8.GetByteCount(value);
        UInt32((uint)length);
        Encoding.UTF8.GetBytes(value, Take(length));
        Byte(0);
    }

    public void Signature(string value)
    {
        Byte((byte)value.Length);
        Encoding.ASCII.GetBytes(value, Take(value.Length));
        Byte(0);
    }

    public void Bytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    /// <summary>Writes a value together with its type.</summary>
    public void Variant(BusValue value)
    {
        Signature(value.Signature);
        Value(value.Signature, value.Content);
    }

    /// <summary>Writes properties as <c>a(sv)</c>.</summary>
    public void Properties(IReadOnlyList<UnitProperty> properties)
    {
        var array = BeginArray(8);
        foreach (var property in properties)
        {
            Align(8);
            String(property.Name);
            Variant(property.Value);
        }
        EndArray(array);
    }

    /// <summary>Begins an array; its length is known at its end.</summary>
    /// <param name="alignment">The elements' alignment.</param>
    /// <returns>What <see cref="EndArray"/> is to be given.</returns>
    public (int LengthAt, int Start) BeginArray(int alignment)
    {
        UInt32(0);
        var lengthAt = Length - 4;

        // The filling before the first element is not counted.
        Align(alignment);
        return (lengthAt, Length);
    }

    public void EndArray((int LengthAt, int Start) array) =>
        BinaryPrimitives.WriteUInt32LittleEndian(buffer.AsSpan(array.LengthAt), (uint)(Length - array.Start));

    /// <summary>Puts a number at a place that was written before.</summary>
    public void PatchUInt32(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(buffer.AsSpan(at), value);

    /// <summary>The length of the first complete type of a signature.</summary>
    internal static int TypeLength(ReadOnlySpan<char> signature)
    {
        if (signature.IsEmpty) throw new ArgumentException("a signature ends before its type is complete", nameof(signature));
        if (signature[0] == 'a') return 1 + TypeLength(signature[1..]);
        if (signature[0] != '(') return 1;
        var length = 1;
        while (signature[length] != ')') length += TypeLength(signature[length..]);
        return length + 1;
    }

    private static int AlignmentOf(char type) => type switch
    {
        'y' or 'g' or 'v' => 1,
        'n' or 'q' => 2,
        'x' or 't' or 'd' or '(' => 8,
        _ => 4,
    };

    private void Value(ReadOnlySpan<char> signature, object content)
    {
        switch (signature[0])
        {
            case 'y':
                Byte((byte)content);
                break;
            case 'b':
                UInt32((bool)content ? 1u : 0u);
                break;
            case 'n' or 'q':
                Align(2);
                BinaryPrimitives.WriteUInt16LittleEndian(Take(2), content is short s ? (ushort)s : (ushort)content);
                break;
            case 'i' or 'u':
                UInt32(content is int i ? (uint)i : (uint)content);
                break;
            case 'x' or 't':
                UInt64(content is long l ? (ulong)l : (ulong)content);
                break;
            case 'd':
                UInt64(BitConverter.DoubleToUInt64Bits((double)content));
                break;
            case 's' or 'o':
                String((string)content);
                break;
            case 'g':
                Signature((string)content);
                break;
            case 'a' when content is byte[] bytes:
                UInt32((uint)bytes.Length);
                Bytes(bytes);
                break;
            case 'a':
                var array = BeginArray(AlignmentOf(signature[1]));
                foreach (var element in (IReadOnlyList<object>)content) Value(signature[1..], element);
                EndArray(array);
                break;
            case '(':
                Align(8);
                var rest = signature[1..^1];
                foreach (var field in (IReadOnlyList<object>)content)
                {
                    var length = TypeLength(rest);
                    Value(rest[..length], field);
                    rest = rest[length..];
                }
                break;
            default:
                throw new ArgumentException($"no value of the type {signature} is sent to systemd", nameof(signature));
        }
    }

    private Span<byte> Take(int count)
    {
        if (Length + count > buffer.Length) Array.Resize(ref buffer, Math.Max(2 * buffer.Length, Length + count));
        Length += count;
        return buffer.AsSpan(Length - count, count);
    }
}
