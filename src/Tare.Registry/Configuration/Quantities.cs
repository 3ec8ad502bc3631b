using System.Globalization;
using Tare.Errors;

namespace Tare.Registry.Configuration;

/// <summary>Sizes and spans of time as people write them.</summary>
internal static class Quantities
{
    private static readonly (string Unit, long Bytes)[] Sizes =
    [
        ("kb", 1L << 10), ("mb", 1L << 20), ("gb", 1L << 30), ("tb", 1L << 40), ("k", 1L << 10), ("m", 1L << 20), ("g", 1L << 30), ("t", 1L << 40), ("b", 1), ("", 1),
    ];

    private static readonly (string Unit, long Seconds)[] Spans = [("w", 7 * 86400), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1)];

    /// <summary>Bytes of <c>10GB</c>; units are powers of 1024.</summary>
    /// <exception cref="TareException">It is no size.</exception>
    internal static long Size(string text, string what)
    {
        var lower = text.Trim().ToLowerInvariant();
        foreach (var (unit, bytes) in Sizes)
        {
            if (!lower.EndsWith(unit, StringComparison.Ordinal)) continue;
            if (!long.TryParse(lower[..^unit.Length].TrimEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > long.MaxValue / bytes) break;
            return number * bytes;
        }

        throw TareException.Invalid($"{what} \"{text}\" is no size: write a number and a unit, such as 10GB");
    }

    /// <summary>A span such as <c>30d</c>.</summary>
    /// <exception cref="TareException">It is none.</exception>
    internal static TimeSpan Span(string text, string what)
    {
        var trimmed = text.Trim();
        foreach (var (unit, seconds) in Spans)
        {
            if (!trimmed.EndsWith(unit, StringComparison.Ordinal)) continue;
            if (!long.TryParse(trimmed[..^unit.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > int.MaxValue) break;
            return TimeSpan.FromSeconds(number * seconds);
        }

        throw TareException.Invalid($"{what} \"{text}\" is no span of time: write a number and one of s, m, h, d and w, such as 30d");
    }
}
