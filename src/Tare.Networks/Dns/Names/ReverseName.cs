using System.Globalization;
using System.Net;

namespace Tare.Networks.Dns.Names;

/// <summary>Names that stand for addresses: <c>in-addr.arpa</c> (RFC 1035 section 3.5) and <c>ip6.arpa</c> (RFC 3596 section 2.5).</summary>
internal static class ReverseName
{
    private const string Four = ".in-addr.arpa";
    private const string Six = ".ip6.arpa";
    private const int Nibbles = 32;

    /// <summary>The address that a name in lower case stands for; null when it stands for none, or for a whole network.</summary>
    public static IPAddress? ToAddress(ReadOnlySpan<char> name)
    {
        if (name.EndsWith(Four)) return FromOctets(name[..^Four.Length]);
        return name.EndsWith(Six) ? FromNibbles(name[..^Six.Length]) : null;
    }

    private static IPAddress? FromOctets(ReadOnlySpan<char> text)
    {
        Span<byte> bytes = stackalloc byte[4];
        var left = bytes.Length;
        foreach (var part in text.Split('.'))
        {
            var octet = text[part];
            if (left == 0 || (octet.Length > 1 && octet[0] == '0') || !byte.TryParse(octet, NumberStyles.None, CultureInfo.InvariantCulture, out bytes[--left])) return null;
        }
        return left == 0 ? new IPAddress(bytes) : null;
    }

    private static IPAddress? FromNibbles(ReadOnlySpan<char> text)
    {
        if (text.Length != (Nibbles * 2) - 1) return null;
        Span<byte> bytes = stackalloc byte[Nibbles / 2];
        bytes.Clear();
        for (var i = 0; i < Nibbles; i++)
        {
            var digit = text[i * 2];
            if (!char.IsAsciiHexDigit(digit) || (i > 0 && text[(i * 2) - 1] != '.')) return null;
            var value = digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
            bytes[15 - (i / 2)] |= (byte)(i % 2 == 0 ? value : value << 4);
        }
        return new IPAddress(bytes);
    }
}
