using System.Buffers.Binary;
using System.Text;
using Tare.Errors;

namespace Tare.Runtime.Cgroups.Systemd;

/// <summary>Reads values in D-Bus's form, little-endian. What is shorter than it says is an error of the peer's.</summary>
internal ref struct BusReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> bytes = bytes;

    /// <summary>Where the next value begins, its filling not counted.</summary>
    public int Position { get; private set; }

    public readonly bool IsAtEnd => Position >= bytes.Length;

    public void Align(int alignment) => Take((alignment - Position % alignment) % alignment);

    public byte Byte() => Take(1)[0];

    public uint UInt32()
    {
        Align(4);
        return BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
    }

    public string String()
    {
        var text = Encoding.UTF8.GetString(Take(checked((int)UInt32())));
        Take(1);
        return text;
    }

    public string Signature()
    {
        var text = Encoding.UTF8.GetString(Take(Byte()));
        Take(1);
        return text;
    }

    /// <summary>A string inside a variant.</summary>
    public string StringVariant() => Signature() is "s" or "o" ? String() : throw Broken();

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > bytes.Length - Position) throw Broken();
        Position += count;
        return bytes.Slice(Position - count, count);
    }

    private static TareException Broken() => TareException.Internal("systemd's answer is not what D-Bus's specification says");
}
