using System.Globalization;

namespace Tare.Distribution.Blobs;

/// <summary>Ranges of bytes, the last one included.</summary>
/// <param name="First">The first byte.</param>
/// <param name="Last">The last byte.</param>
/// <param name="Total">The length of the whole, if it is told.</param>
internal readonly record struct ContentRange(long First, long Last, long? Total)
{
    /// <summary>Reads the header Content-Range of a partial answer: <c>bytes first-last/total</c> (RFC 9110, section 14.4).</summary>
    internal static bool TryParse(string? text, out ContentRange range)
    {
        range = default;
        const string unit = "bytes ";
        if (text is null || !text.StartsWith(unit, StringComparison.OrdinalIgnoreCase)) return false;
        var rest = text.AsSpan(unit.Length).Trim();
        var slash = rest.IndexOf('/');
        if (slash < 0 || !TryParseBounds(rest[..slash], out var first, out var last)) return false;
        var total = rest[(slash + 1)..];
        if (total is "*")
        {
            range = new ContentRange(first, last, null);
            return true;
        }

        if (!TryParseNumber(total, out var length) || length <= last) return false;
        range = new ContentRange(first, last, length);
        return true;
    }

    /// <summary>Reads <c>first-last</c>, as uploads tell it; some servers write <c>bytes=</c> before it.</summary>
    internal static bool TryParseUpload(string? text, out ContentRange range)
    {
        range = default;
        if (text is null) return false;
        var rest = text.AsSpan().Trim();
        if (rest.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase)) rest = rest["bytes=".Length..];
        if (!TryParseBounds(rest, out var first, out var last)) return false;
        range = new ContentRange(first, last, null);
        return true;
    }

    private static bool TryParseBounds(ReadOnlySpan<char> text, out long first, out long last)
    {
        first = last = 0;
        var dash = text.IndexOf('-');
        return dash > 0 && TryParseNumber(text[..dash], out first) && TryParseNumber(text[(dash + 1)..], out last) && first <= last;
    }

    private static bool TryParseNumber(ReadOnlySpan<char> text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
