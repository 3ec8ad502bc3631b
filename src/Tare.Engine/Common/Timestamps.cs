using System.Globalization;
using Tare.Errors;

namespace Tare.Engine.Common;

/// <summary>The times of the API: Unix seconds with a fraction, RFC 3339 with or without its parts, or a duration before now.</summary>
internal static class Timestamps
{
    private static readonly string[] LocalFormats =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH", "yyyy-MM-dd",
    ];

    private static readonly string[] ZonedFormats =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HHK", "yyyy-MM-ddK",
    ];

    /// <summary>Reads a time; null for empty and for <c>0</c>, which mean none.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>: it is none of these.</exception>
    public static DateTimeOffset? Parse(string? text, TimeProvider clock)
    {
        if (string.IsNullOrEmpty(text) || text == "0") return null;
        if (UnixSeconds(text) is { } unix) return unix;
        if (Durations.TryParse(text, out var ago)) return clock.GetUtcNow() - ago;
        text = text.Length > 7 ? TrimFraction(text) : text;
        if (DateTimeOffset.TryParseExact(text, ZonedFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var zoned)) return zoned;
        return DateTimeOffset.TryParseExact(text, LocalFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var local)
            ? local
            : throw TareException.Invalid($"invalid value for \"since\" or \"until\": \"{text}\" is neither a Unix time, a date such as 2006-01-02T15:04:05Z, nor a duration such as 10m");
    }

    /// <summary>Nanoseconds since 1970.</summary>
    public static long Nanoseconds(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) * 100;

    private static DateTimeOffset? UnixSeconds(string text)
    {
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        var whole = dot < 0 ? text : text[..dot];
        if (!long.TryParse(whole, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds) || Math.Abs(seconds) > 253_402_300_799 / 4 * 3) return null;
        if (dot < 0) return DateTimeOffset.FromUnixTimeSeconds(seconds);
        var digits = text[(dot + 1)..];
        if (digits.Length == 0 || !digits.All(char.IsAsciiDigit)) return null;
        var ticks = long.Parse(digits.PadRight(7, '0')[..7], CultureInfo.InvariantCulture);
        return DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(ticks);
    }

    /// <summary>Cuts a fraction of the second to the seven digits that a tick can tell.</summary>
    private static string TrimFraction(string text)
    {
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0) return text;
        var end = dot + 1;
        while (end < text.Length && char.IsAsciiDigit(text[end])) end++;
        return end - dot - 1 > 7 ? text[..(dot + 8)] + text[end..] : text;
    }
}
