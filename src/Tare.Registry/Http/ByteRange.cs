using System.Globalization;

namespace Tare.Registry.Http;

/// <summary>A part of a file, both ends included.</summary>
internal readonly record struct ByteRange(long First, long Last)
{
    internal long Length => Last - First + 1;

    /// <summary>
    /// Reads a Range header (RFC 9110, 14.2). Several ranges, other units and what is malformed are ignored, as the RFC allows: then the
    /// whole is sent.
    /// </summary>
    /// <param name="header">Its value.</param>
    /// <param name="length">The length of the whole.</param>
    /// <param name="range">The part, cut to the whole.</param>
    /// <returns>False when the part lies behind the end: 416.</returns>
    internal static bool TryParse(string header, long length, out ByteRange? range)
    {
        range = null;
        const string unit = "bytes=";
        var text = header.AsSpan().Trim();
        if (!text.StartsWith(unit, StringComparison.OrdinalIgnoreCase)) return true;
        text = text[unit.Length..].Trim();
        var dash = text.IndexOf('-');
        if (dash < 0 || text.Contains(',')) return true;
        if (dash == 0)
        {
            if (!TryNumber(text[1..], out var suffix)) return true;
            if (suffix == 0 || length == 0) return false;
            range = new ByteRange(Math.Max(0, length - suffix), length - 1);
            return true;
        }

        if (!TryNumber(text[..dash], out var first)) return true;
        var last = length - 1;
        if (dash + 1 < text.Length)
        {
            if (!TryNumber(text[(dash + 1)..], out last) || last < first) return true;
            last = Math.Min(last, length - 1);
        }

        if (first >= length) return false;
        range = new ByteRange(first, last);
        return true;
    }

    /// <summary>Reads the Content-Range of a chunk of an upload, <c>first-last</c>: the specification's form, which has no unit and no whole. The RFC's form is read too.</summary>
    internal static bool TryParseChunk(string header, out ByteRange range)
    {
        range = default;
        var text = header.AsSpan().Trim();
        if (text.StartsWith("bytes ", StringComparison.OrdinalIgnoreCase) || text.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase)) text = text[6..];
        if (text.IndexOf('/') is >= 0 and var slash) text = text[..slash];
        var dash = text.IndexOf('-');
        if (dash <= 0 || !TryNumber(text[..dash], out var first) || !TryNumber(text[(dash + 1)..], out var last) || last < first) return false;
        range = new ByteRange(first, last);
        return true;
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
