using System.Globalization;

namespace Tare.Linux.Netlink;

/// <summary>An Ethernet address of six bytes.</summary>
/// <param name="Value">The bytes as a number, the first one highest.</param>
public readonly record struct HardwareAddress(ulong Value)
{
    /// <summary>How many bytes it has (ETH_ALEN).</summary>
    public const int Size = 6;

    /// <summary>Reads six bytes.</summary>
    public static HardwareAddress From(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Size);
        var value = 0ul;
        foreach (var part in bytes) value = (value << 8) | part;
        return new HardwareAddress(value);
    }

    /// <summary>Reads six pairs of hexadecimal digits with colons between, or with hyphens.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out HardwareAddress address)
    {
        address = default;
        if (text.Length != 17) return false;
        var separator = text[2];
        if (separator is not ':' and not '-') return false;
        Span<byte> bytes = stackalloc byte[Size];
        for (var i = 0; i < Size; i++)
        {
            if (i > 0 && text[(i * 3) - 1] != separator) return false;
            if (!byte.TryParse(text.Slice(i * 3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bytes[i])) return false;
        }
        address = From(bytes);
        return true;
    }

    /// <summary>The six bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        for (var i = 0; i < Size; i++) bytes[i] = (byte)(Value >> (8 * (Size - 1 - i)));
        return bytes;
    }

    /// <summary>Such as <c>02:42:ac:11:00:02</c>.</summary>
    public override string ToString() => string.Join(':', ToBytes().Select(part => part.ToString("x2", CultureInfo.InvariantCulture)));
}
