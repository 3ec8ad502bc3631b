using System.Buffers.Binary;

namespace Tare.Oci.Archives;

/// <summary>The fields of a header block, and the ways in which numbers are written in it.</summary>
/// <remarks>
/// <code>
/// name 0+100 · mode 100+8 · uid 108+8 · gid 116+8 · size 124+12 · mtime 136+12 · checksum 148+8 · type 156 · link 157+100
/// magic 257+6 · version 263+2 · uname 265+32 · gname 297+32 · devmajor 329+8 · devminor 337+8 · prefix 345+155 (POSIX)
/// GNU sparse: 4 × (offset 12, length 12) at 386 · more follows 482 · real size 483+12
/// </code>
/// </remarks>
internal static class TarHeader
{
    internal const int BlockLength = 512;

    internal static readonly Range Name = 0..100;
    internal static readonly Range Mode = 100..108;
    internal static readonly Range Uid = 108..116;
    internal static readonly Range Gid = 116..124;
    internal static readonly Range Size = 124..136;
    internal static readonly Range ModifiedAt = 136..148;
    internal static readonly Range Checksum = 148..156;
    internal const int Type = 156;
    internal static readonly Range LinkName = 157..257;
    internal static readonly Range Magic = 257..265;
    internal static readonly Range UserName = 265..297;
    internal static readonly Range GroupName = 297..329;
    internal static readonly Range DeviceMajor = 329..337;
    internal static readonly Range DeviceMinor = 337..345;
    internal static readonly Range Prefix = 345..500;

    internal static ReadOnlySpan<byte> PosixMagic => "ustar\0"u8;

    internal static ReadOnlySpan<byte> GnuMagic => "ustar  \0"u8;

    /// <summary>Whether the checksum is right; some old writers summed up signed bytes.</summary>
    internal static bool HasValidChecksum(ReadOnlySpan<byte> block)
    {
        if (!TryReadNumber(block[Checksum], out var expected)) return false;
        var (unsigned, signed) = Sums(block);
        return expected == unsigned || expected == signed;
    }

    internal static (long Unsigned, long Signed) Sums(ReadOnlySpan<byte> block)
    {
        long unsigned = 0;
        long signed = 0;
        for (var i = 0; i < BlockLength; i++)
        {
            var value = i is >= 148 and < 156 ? (byte)' ' : block[i];
            unsigned += value;
            signed += (sbyte)value;
        }

        return (unsigned, signed);
    }

    /// <summary>A field that ends at its first NUL or where the field ends.</summary>
    internal static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return end < 0 ? field : field[..end];
    }

    /// <summary>A number in octal digits, or in base 256 when the first bit is set (GNU).</summary>
    internal static bool TryReadNumber(ReadOnlySpan<byte> field, out long value)
    {
        value = 0;
        if ((field[0] & 0x80) != 0) return TryReadBinary(field, out value);
        field = field.TrimStart((byte)' ');
        var end = field.IndexOfAny((byte)' ', (byte)0);
        if (end >= 0)
        {
            if (field[end..].ContainsAnyExcept((byte)' ', (byte)0)) return false;
            field = field[..end];
        }

        foreach (var digit in field)
        {
            if (digit is < (byte)'0' or > (byte)'7' || value > long.MaxValue >> 3) return false;
            value = (value << 3) | (uint)(digit - '0');
        }

        return true;
    }

    /// <summary>Writes octal digits and a NUL if they fit, base 256 otherwise.</summary>
    internal static void WriteNumber(Span<byte> field, long value)
    {
        var digits = field.Length - 1;
        if (value >= 0 && (digits * 3 >= 63 || value < 1L << (digits * 3)))
        {
            field[digits] = 0;
            for (var i = digits - 1; i >= 0; i--, value >>= 3) field[i] = (byte)('0' + (value & 7));
            return;
        }

        field.Fill(value < 0 ? (byte)0xff : (byte)0);
        Span<byte> binary = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(binary, value);
        var length = Math.Min(8, field.Length);
        binary[^length..].CopyTo(field[^length..]);
        field[0] |= 0x80;
    }

    /// <summary>Whether a number fits in the octal digits of a field.</summary>
    internal static bool FitsOctal(long value, int fieldLength) => value >= 0 && value < 1L << ((fieldLength - 1) * 3);

    private static bool TryReadBinary(ReadOnlySpan<byte> field, out long value)
    {
        // Bit 6 of the first byte is the sign; the rest is two's complement.
        var negative = (field[0] & 0x40) != 0;
        value = negative ? -1 : 0;
        for (var i = 0; i < field.Length; i++)
        {
            var digit = i == 0 ? (byte)(negative ? field[0] | 0x80 : field[0] & 0x7f) : field[i];
            if (value != value << 8 >> 8) return false;
            value = (value << 8) | digit;
        }

        return value < 0 == negative;
    }
}
