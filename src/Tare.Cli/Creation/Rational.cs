using System.Globalization;
using System.Numerics;

namespace Tare.Cli.Creation;

/// <summary>--cpus: a decimal number, with an exponent or without, or a fraction; exactly.</summary>
internal static class Rational
{
    /// <summary>The greatest exponent that is read. A number of a million digits is no number of processors.</summary>
    private const int LargestExponent = 999;

    /// <summary>Reads it as billionths.</summary>
    /// <returns>What is wrong with it; null when it was read.</returns>
    public static string? TryParseNano(string value, out long nano)
    {
        nano = 0;
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        BigInteger denominator = 1;
        if (!TryDecimal(slash < 0 ? value : value[..slash], slash < 0, out var numerator, out var scale)
            || (slash >= 0 && (!BigInteger.TryParse(value.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out denominator) || denominator.IsZero)))
            return $"failed to parse {value} as a rational number";
        var scaled = numerator * 1_000_000_000;
        var divisor = denominator * BigInteger.Pow(10, scale);
        var result = BigInteger.DivRem(scaled, divisor, out var rest);
        if (!rest.IsZero) return "value is too precise";
        // As with Docker, what does not fit is cut off here, and refused by the engine for its size.
        nano = unchecked((long)(ulong)(result & ulong.MaxValue));
        return null;
    }

    private static bool TryDecimal(string text, bool fraction, out BigInteger digits, out int scale)
    {
        scale = 0;
        digits = 0;
        var exponent = 0;
        var e = text.IndexOfAny(['e', 'E']);
        if (e >= 0)
        {
            if (!fraction || !int.TryParse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent) || exponent is < -LargestExponent or > LargestExponent)
                return false;
            text = text[..e];
        }

        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot >= 0 && (!fraction || text.Length < 2)) return false;
        if (dot >= 0)
        {
            scale = text.Length - dot - 1;
            text = text.Remove(dot, 1);
        }

        if (text.Length is 0 or >= 64 || !BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out digits)) return false;
        scale -= exponent;
        if (scale >= 0) return true;
        digits *= BigInteger.Pow(10, -scale);
        scale = 0;
        return true;
    }
}
