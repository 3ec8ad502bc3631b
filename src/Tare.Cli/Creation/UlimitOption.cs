using System.Globalization;
using Tare.Cli.Formatting;
using Tare.Wire;

namespace Tare.Cli.Creation;

/// <summary>--ulimit: <c>nofile=1024:2048</c>.</summary>
internal static class UlimitOption
{
    /// <returns>What is wrong with it; null when it was read.</returns>
    public static string? TryParse(string value, out Ulimit limit)
    {
        limit = new Ulimit();
        var equals = value.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0) return $"invalid ulimit argument: {value}";
        var name = value[..equals];
        if (name is not ("core" or "cpu" or "data" or "fsize" or "locks" or "memlock" or "msgqueue" or "nice" or "nofile" or "nproc" or "rss" or "rtprio" or "rttime" or "sigpending" or "stack"))
            return $"invalid ulimit type: {name}";
        var limits = value[(equals + 1)..];
        var parts = limits.Split(':');
        if (parts.Length > 2) return $"too many limit value arguments - {limits}, can only have up to two, `soft[:hard]`";
        long hard = 0;
        if (parts.Length == 2 && Number(parts[1], out hard) is { } wrongHard) return wrongHard;
        if (Number(parts[0], out var soft) is { } wrongSoft) return wrongSoft;
        if (parts.Length == 1) hard = soft;
        if (hard != -1 && soft == -1) return $"ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: {hard}";
        if (hard != -1 && soft > hard) return $"ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}";
        limit = new Ulimit { Name = name, Soft = soft, Hard = hard };
        return null;
    }

    private static string? Number(string text, out long value)
        => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) ? null : $"strconv.ParseInt: parsing {GoText.Quote(text)}: invalid syntax";
}
