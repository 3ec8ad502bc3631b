using System.Globalization;

namespace Tare.Images.Catalogs;

/// <summary>Times in documents: RFC 3339 with up to nine digits of a second.</summary>
internal static class Timestamps
{
    private const int TickDigits = 7;

    /// <summary>Reads a time and cuts off what is finer than 100 ns; <see langword="null"/> when it is absent or malformed.</summary>
    internal static DateTimeOffset? Parse(string? text)
    {
        if (text is null) return null;
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot >= 0)
        {
            var end = dot + 1;
            while (end < text.Length && char.IsAsciiDigit(text[end])) end++;
            if (end - dot - 1 > TickDigits) text = text.Remove(dot + 1 + TickDigits, end - dot - 1 - TickDigits);
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time.ToUniversalTime() : null;
    }

    /// <summary>Writes a time as Go does: without zeros at the end of the fraction.</summary>
    internal static string Format(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}
