using System.Globalization;

namespace Tare.Cli.Formatting;

/// <summary>The times of --since and --until: <c>42m</c> (ago), <c>2024-01-02T15:04:05Z</c> and shorter forms, or Unix seconds.</summary>
internal static class Timestamps
{
    private static readonly string[] Local = ["yyyy-MM-ddTHH:mm:ss.FFFFFFF", "yyyy-MM-ddTHH:mm:ss", "yyyy-MM-ddTHH:mm", "yyyy-MM-ddTHH", "yyyy-MM-dd"];

    private static readonly string[] Zoned = ["yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mmK", "yyyy-MM-ddTHHK", "yyyy-MM-ddK"];

    /// <summary>As the API takes it: Unix seconds, with nine digits of fraction if need be.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="now">The time now.</param>
    /// <param name="zone">The zone of times that name none.</param>
    /// <param name="value">What to send.</param>
    /// <returns>What is wrong with it; null when it was read.</returns>
    public static string? TryRead(string text, DateTimeOffset now, LocalTime zone, out string value)
    {
        value = text;
        if (text.Length == 0) return null;
        if (text != "0" && Units.TryParseDuration(text, out var span) is null)
        {
            value = (now - TimeSpan.FromTicks(span / 100)).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            return null;
        }

        var isZoned = text.AsSpan().ContainsAny("zZ+") || text.Count(c => c == '-') == 3;
        // Digits of the second beyond those that .NET has are cut off and put back.
        if (DateTime.TryParseExact(Shorten(text), isZoned ? Zoned : Local, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var time))
        {
            var seconds = (time.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond;
            if (!isZoned) seconds -= zone.At(now.ToUnixTimeSeconds()).Offset;
            value = $"{seconds}.{time.Ticks % TimeSpan.TicksPerSecond * 100:000000000}";
            return null;
        }

        if (text.Contains('-', StringComparison.Ordinal)) return $"parsing time {GoText.Quote(text)}: cannot parse it as a date and time";
        var parts = text.Split('.');
        return parts.Length <= 2 && parts.All(part => long.TryParse(part, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
            ? null : $"failed to parse value as time or duration: {GoText.Quote(text)}";
    }

    private static string Shorten(string text)
    {
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0) return text;
        var end = dot + 1;
        while (end < text.Length && char.IsAsciiDigit(text[end])) end++;
        return end - dot - 1 <= 7 ? text : text[..(dot + 8)] + text[end..];
    }
}
