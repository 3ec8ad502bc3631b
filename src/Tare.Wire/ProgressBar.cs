using System.Globalization;

namespace Tare.Wire;

/// <summary>How far something is, in Docker's words: <c>[=====&gt;    ]  12.3MB/45.6MB</c>.</summary>
public static class ProgressBar
{
    /// <summary>The columns that are taken for what is no terminal.</summary>
    public const int DefaultWidth = 200;

    /// <summary>The bar is shown on terminals that are wider.</summary>
    private const int WidthForBar = 110;

    private const int Cells = 50;

    private static readonly string[] Units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

    /// <summary>Writes the bar, if there is room for it, and the counts.</summary>
    /// <param name="detail">What is done of what.</param>
    /// <param name="width">The terminal's columns.</param>
    /// <returns>Empty when nothing is known.</returns>
    public static string Format(ProgressDetail detail, int width = DefaultWidth)
    {
        if (detail.Current <= 0 && detail.Total <= 0) return "";
        if (detail.Total <= 0) return Count(detail, detail.Current);
        var filled = Filled(detail);
        var bar = width > WidthForBar ? $"[{new string('=', filled)}>{new string(' ', Cells - filled)}] " : "";
        return bar + Counts(detail);
    }

    /// <summary>Whether the bar is not full yet.</summary>
    public static bool IsUnfinished(ProgressDetail detail) => detail.Total > 0 && Filled(detail) < Cells;

    /// <summary>In whole percent first, as Docker rounds.</summary>
    private static int Filled(ProgressDetail detail) => Math.Clamp((int)Math.Min((double)detail.Current / detail.Total * 100, int.MaxValue) / 2, 0, Cells);

    private static string Counts(ProgressDetail detail)
    {
        if (detail.HideCounts) return "";
        // More than all is not put beside a total that is wrong.
        if (detail.Current > detail.Total) return Count(detail, detail.Current);
        return string.IsNullOrEmpty(detail.Units) ? $"{Size(detail.Current),8}/{Size(detail.Total)}" : $"{detail.Current}/{detail.Total} {detail.Units}";
    }

    private static string Count(ProgressDetail detail, long count) => string.IsNullOrEmpty(detail.Units) ? $"{Size(count),8}" : $"{count} {detail.Units}";

    /// <summary>In powers of 1000, with four digits that count.</summary>
    private static string Size(double bytes)
    {
        var unit = 0;
        while (bytes >= 1000 && unit < Units.Length - 1)
        {
            bytes /= 1000;
            unit++;
        }

        return bytes.ToString("G4", CultureInfo.InvariantCulture) + Units[unit];
    }
}
