using System.Globalization;
using Tare.Cli.Templates;

namespace Tare.Cli.Formatting;

/// <summary>Sizes and spans of time for people, in Docker's words and rounding.</summary>
internal static class Units
{
    private static readonly string[] Decimal = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
    private static readonly string[] Binary = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

    /// <summary>Such as <c>1.98MB</c>, in powers of 1000.</summary>
    /// <param name="bytes">The size.</param>
    /// <param name="digits">Digits that count.</param>
    public static string Size(double bytes, int digits = 4) => Format(bytes, 1000, Decimal, digits);

    /// <summary>Such as <c>23.4GiB</c>, in powers of 1024.</summary>
    public static string BinarySize(double bytes) => Format(bytes, 1024, Binary, 4);

    /// <summary>Such as <c>About a minute</c> or <c>3 weeks</c>.</summary>
    public static string Duration(TimeSpan span)
    {
        var seconds = (long)span.TotalSeconds;
        if (seconds < 1) return "Less than a second";
        if (seconds == 1) return "1 second";
        if (seconds < 60) return $"{seconds} seconds";
        var minutes = (long)span.TotalMinutes;
        if (minutes == 1) return "About a minute";
        if (minutes < 60) return $"{minutes} minutes";
        var hours = (long)(span.TotalHours + 0.5);
        if (hours == 1) return "About an hour";
        if (hours < 48) return $"{hours} hours";
        if (hours < 24 * 7 * 2) return $"{hours / 24} days";
        if (hours < 24 * 30 * 2) return $"{hours / 24 / 7} weeks";
        if (hours < 24 * 365 * 2) return $"{hours / 24 / 30} months";
        return $"{(long)span.TotalHours / 24 / 365} years";
    }

    /// <summary>Reads a size such as <c>512m</c>, <c>1.5GiB</c> or <c>1024</c>; units are powers of 1024.</summary>
    /// <returns>An error in Docker's words; null when it was read.</returns>
    public static string? TryParseSize(string text, out long bytes)
    {
        bytes = -1;
        var last = text.LastIndexOfAny([.. "0123456789. "]);
        if (last < 0) return $"invalid size: '{text}'";
        var number = text[last] == ' ' ? text[..last] : text[..(last + 1)];
        var suffix = text[(last + 1)..];
        if (!TryParseReal(number, out var size)) return $"strconv.ParseFloat: parsing {GoText.Quote(number)}: invalid syntax";
        if (size < 0) return $"invalid size: '{text}'";
        if (suffix.Length > 3) return $"invalid suffix: '{suffix}'";
        suffix = suffix.ToLowerInvariant();
        if (suffix.Length > 0)
        {
            var power = "bkmgtp".IndexOf(suffix[0], StringComparison.Ordinal);
            var whole = suffix.Length switch
            {
                1 => true,
                2 => power > 0 && suffix[1] == 'b',
                _ => power > 0 && suffix[1..] == "ib",
            };
            if (power < 0 || !whole) return $"invalid suffix: '{suffix}'";
            for (; power > 0; power--) size *= 1024;
        }

        bytes = size >= long.MaxValue ? long.MinValue : (long)size;
        return null;
    }

    /// <summary>Reads a span such as <c>1m30s</c> (time.ParseDuration); nanoseconds.</summary>
    /// <returns>An error in Go's words; null when it was read.</returns>
    public static string? TryParseDuration(string text, out long nanoseconds)
    {
        nanoseconds = 0;
        var invalid = $"time: invalid duration {GoText.Quote(text)}";
        var rest = text.AsSpan();
        var negative = rest.StartsWith("-");
        if (negative || rest.StartsWith("+")) rest = rest[1..];
        if (rest is "0") return null;
        if (rest.IsEmpty) return invalid;
        var total = 0m;
        while (!rest.IsEmpty)
        {
            var digits = 0;
            while (digits < rest.Length && (char.IsAsciiDigit(rest[digits]) || rest[digits] == '.')) digits++;
            if (digits == 0 || rest[..digits] is "." || rest[..digits].Count('.') > 1 || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                return invalid;
            rest = rest[digits..];
            var letters = 0;
            while (letters < rest.Length && rest[letters] != '.' && !char.IsAsciiDigit(rest[letters])) letters++;
            if (letters == 0) return $"time: missing unit in duration {GoText.Quote(text)}";
            var unit = rest[..letters] switch
            {
                "ns" => 1m,
                "us" or "µs" or "μs" => 1_000m,
                "ms" => 1_000_000m,
                "s" => 1_000_000_000m,
                "m" => 60_000_000_000m,
                "h" => 3_600_000_000_000m,
                _ => 0m,
            };
            if (unit == 0) return $"time: unknown unit {GoText.Quote(rest[..letters].ToString())} in duration {GoText.Quote(text)}";
            rest = rest[letters..];
            if (number > long.MaxValue / unit) return invalid;
            total += number * unit;
            if (total > long.MaxValue) return invalid;
        }

        nanoseconds = (long)(negative ? -total : total);
        return null;
    }

    /// <summary>A span as Go writes it, such as <c>1m30s</c>.</summary>
    public static string GoDuration(long nanoseconds)
    {
        if (nanoseconds == 0) return "0s";
        var sign = nanoseconds < 0 ? "-" : "";
        var span = Math.Abs((decimal)nanoseconds);
        if (span < 1_000) return $"{sign}{span}ns";
        if (span < 1_000_000) return $"{sign}{Trim(span / 1_000)}µs";
        if (span < 1_000_000_000) return $"{sign}{Trim(span / 1_000_000)}ms";
        var seconds = span / 1_000_000_000;
        var hours = (long)(seconds / 3600);
        var minutes = (long)(seconds / 60) % 60;
        return sign + (hours > 0 ? $"{hours}h" : "") + (hours > 0 || minutes > 0 ? $"{minutes}m" : "") + $"{Trim(seconds % 60)}s";

        static string Trim(decimal number)
        {
            var text = number.ToString(CultureInfo.InvariantCulture);
            return text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text;
        }
    }

    private static bool TryParseReal(string text, out double value)
        => double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value);

    private static string Format(double size, double step, string[] units, int digits)
    {
        var unit = 0;
        while (size >= step && unit < units.Length - 1)
        {
            size /= step;
            unit++;
        }

        return GoFormat.Real(size, 'g', digits) + units[unit];
    }
}
