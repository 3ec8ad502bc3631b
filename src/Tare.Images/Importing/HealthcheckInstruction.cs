using System.Globalization;
using Tare.Errors;
using Tare.Oci.Images;

namespace Tare.Images.Importing;

/// <summary><c>HEALTHCHECK [--interval= --timeout= --start-period= --start-interval= --retries=] CMD …</c>, or <c>NONE</c>.</summary>
internal static class HealthcheckInstruction
{
    internal static OciHealthcheck Parse(string text)
    {
        var check = new OciHealthcheck();
        while (text.StartsWith("--", StringComparison.Ordinal))
        {
            var end = text.IndexOf(' ', StringComparison.Ordinal);
            if (end < 0) throw TareException.Invalid("Missing command after HEALTHCHECK CMD");
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || equals > end) throw TareException.Invalid($"Missing a value on flag: {text[2..end]}");
            var value = text[(equals + 1)..end];
            check = text[2..equals] switch
            {
                "interval" => check with { Interval = Duration(value) },
                "timeout" => check with { Timeout = Duration(value) },
                "start-period" => check with { StartPeriod = Duration(value) },
                "start-interval" => check with { StartInterval = Duration(value) },
                "retries" => check with { Retries = Retries(value) },
                var flag => throw TareException.Invalid($"unknown flag: {flag}"),
            };
            text = text[end..].Trim();
        }

        var space = text.IndexOf(' ', StringComparison.Ordinal);
        var kind = (space < 0 ? text : text[..space]).ToUpperInvariant();
        var rest = space < 0 ? "" : text[space..].Trim();
        return kind switch
        {
            "NONE" when rest.Length == 0 => check with { Test = ["NONE"] },
            "NONE" => throw TareException.Invalid("HEALTHCHECK NONE takes no arguments"),
            "CMD" when rest.Length > 0 => check with { Test = rest.StartsWith('[') ? ["CMD", .. ChangeInstructions.Command(rest)] : ["CMD-SHELL", rest] },
            "CMD" => throw TareException.Invalid("Missing command after HEALTHCHECK CMD"),
            _ => throw TareException.Invalid($"Unknown type \"{kind}\" in HEALTHCHECK (try CMD)"),
        };
    }

    private static int Retries(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= 0
            ? value
            : throw TareException.Invalid($"--retries cannot be \"{text}\"");

    /// <summary>Go's durations: numbers with units, such as <c>1m30s</c>; in nanoseconds.</summary>
    private static long Duration(string text)
    {
        decimal total = 0;
        for (var i = 0; i < text.Length;)
        {
            var start = i;
            while (i < text.Length && (char.IsAsciiDigit(text[i]) || text[i] == '.')) i++;
            var unitStart = i;
            while (i < text.Length && !char.IsAsciiDigit(text[i]) && text[i] != '.') i++;
            decimal? unit = text[unitStart..i] switch
            {
                "ns" => 1,
                "us" or "µs" => 1_000,
                "ms" => 1_000_000,
                "s" => 1_000_000_000,
                "m" => 60_000_000_000,
                "h" => 3_600_000_000_000,
                _ => null,
            };
            if (unit is null || !decimal.TryParse(text[start..unitStart], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                throw TareException.Invalid($"time: invalid duration \"{text}\"");
            total += number * unit.Value;
            if (total > long.MaxValue) throw TareException.Invalid($"time: invalid duration \"{text}\"");
        }

        return text.Length > 0 ? (long)total : throw TareException.Invalid("time: invalid duration \"\"");
    }
}
