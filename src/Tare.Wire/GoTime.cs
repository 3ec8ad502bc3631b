using System.Globalization;

namespace Tare.Wire;

/// <summary>Times and durations in Go's forms: RFC 3339 with up to nine fractional digits, trailing zeros left out (RFC3339Nano).</summary>
public static class GoTime
{
    /// <summary>How Go writes the time that was never set.</summary>
    public const string Zero = "0001-01-01T00:00:00Z";

    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>The time in UTC, with its 100 ns precision; the default value becomes <see cref="Zero"/>.</summary>
    public static string Format(DateTimeOffset time)
    {
        var utc = time.UtcDateTime;
        return Compose(utc, utc.Ticks % TimeSpan.TicksPerSecond * 100);
    }

    /// <summary>Nanoseconds since 1970 in UTC, in full precision.</summary>
    public static string FormatUnixNanoseconds(long nanoseconds)
    {
        var (seconds, fraction) = Split(nanoseconds);
        return Compose(DateTime.UnixEpoch.AddSeconds(seconds), fraction);
    }

    /// <summary>As the prefix of log lines with timestamps: always nine fractional digits.</summary>
    public static string FormatUnixNanosecondsFixed(long nanoseconds)
    {
        var (seconds, fraction) = Split(nanoseconds);
        return string.Create(CultureInfo.InvariantCulture, $"{DateTime.UnixEpoch.AddSeconds(seconds):yyyy-MM-ddTHH:mm:ss}.{fraction:D9}Z");
    }

    /// <summary>
    /// Reads RFC 3339 with any number of fractional digits. Digits beyond 100 ns are cut. False when it is not a time.
    /// </summary>
    public static bool TryParse(string text, out DateTimeOffset time)
    {
        time = default;
        if (!TryCutFraction(text, out var whole, out var fraction)
            || !DateTimeOffset.TryParseExact(whole, "yyyy-MM-ddTHH:mm:ssK", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time))
            return false;
        time = time.AddTicks(fraction / 100);
        return true;
    }

    /// <summary>Nanoseconds since 1970 of an RFC 3339 time, in full precision. False when it is not one.</summary>
    public static bool TryParseUnixNanoseconds(string text, out long nanoseconds)
    {
        nanoseconds = 0;
        if (!TryCutFraction(text, out var whole, out var fraction)
            || !DateTimeOffset.TryParseExact(whole, "yyyy-MM-ddTHH:mm:ssK", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            return false;
        var seconds = time.ToUnixTimeSeconds();
        if (seconds is < long.MinValue / NanosecondsPerSecond or >= long.MaxValue / NanosecondsPerSecond)
            return false;
        nanoseconds = (seconds * NanosecondsPerSecond) + fraction;
        return true;
    }

    private static (long Seconds, long Fraction) Split(long nanoseconds)
    {
        var seconds = Math.DivRem(nanoseconds, NanosecondsPerSecond, out var fraction);
        return fraction < 0 ? (seconds - 1, fraction + NanosecondsPerSecond) : (seconds, fraction);
    }

    private static string Compose(DateTime utc, long fraction)
    {
        var whole = utc.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture);
        return fraction == 0 ? whole + "Z" : $"{whole}.{fraction.ToString("D9", CultureInfo.InvariantCulture).TrimEnd('0')}Z";
    }

    private static bool TryCutFraction(string text, out string whole, out long nanoseconds)
    {
        whole = text;
        nanoseconds = 0;
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0)
            return true;

        var end = dot + 1;
        long scale = 100_000_000;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            nanoseconds += (text[end] - '0') * scale;
            scale /= 10;
            end++;
        }

        whole = string.Concat(text.AsSpan(0, dot), text.AsSpan(end));
        return end > dot + 1;
    }
}
