using System.Text;

namespace Tare.Cli.Formatting;

/// <summary>
/// Aligns text whose cells end with tabs, as Go's text/tabwriter does: a column is as wide as its widest cell in consecutive lines
/// that have it, and the last cell of a line belongs to none.
/// </summary>
internal static class TabWriter
{
    /// <param name="target">Takes the aligned text.</param>
    /// <param name="text">Lines of cells.</param>
    /// <param name="minimum">The least width of a column, padding included.</param>
    /// <param name="padding">Blanks behind the widest cell.</param>
    public static void Align(StringBuilder target, string text, int minimum, int padding)
    {
        var lines = text.Split('\n');
        var cells = new string[lines.Length][];
        for (var i = 0; i < lines.Length; i++) cells[i] = lines[i].Split('\t');
        var widths = new int[lines.Length][];
        for (var i = 0; i < lines.Length; i++) widths[i] = new int[cells[i].Length - 1];
        Measure(cells, widths, 0, cells.Length, 0, minimum, padding);
        for (var i = 0; i < cells.Length; i++)
        {
            if (i > 0) target.Append('\n');
            for (var column = 0; column < cells[i].Length; column++)
            {
                target.Append(cells[i][column]);
                if (column < widths[i].Length) target.Append(' ', widths[i][column] - Width(cells[i][column]));
            }
        }
    }

    /// <summary>The columns that a text takes on a terminal; East Asian characters take two.</summary>
    public static int Width(string text)
    {
        var width = 0;
        foreach (var rune in text.EnumerateRunes()) width += IsWide(rune.Value) ? 2 : 1;
        return width;
    }

    /// <summary>Cuts a text to a width, and says so with an ellipsis.</summary>
    public static string Ellipsis(string text, int width)
    {
        if (width <= 0) return "";
        if (Width(text) <= width) return text;
        if (width == 1) return text.EnumerateRunes().First().ToString();
        var result = new StringBuilder();
        var used = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            var next = IsWide(rune.Value) ? 2 : 1;
            if (used + next > width - 1) break;
            used += next;
            result.Append(rune.ToString());
        }

        return result.Append('…').ToString();
    }

    private static void Measure(string[][] cells, int[][] widths, int from, int to, int column, int minimum, int padding)
    {
        for (var line = from; line < to; line++)
        {
            if (column >= widths[line].Length) continue;
            var end = line;
            var width = minimum;
            for (; end < to && column < widths[end].Length; end++) width = Math.Max(width, Width(cells[end][column]) + padding);
            for (var i = line; i < end; i++) widths[i][column] = width;
            Measure(cells, widths, line, end, column + 1, minimum, padding);
            line = end;
        }
    }

    /// <summary>The ranges of Unicode's East Asian Width that are Wide or Fullwidth, in blocks.</summary>
    private static bool IsWide(int c) => c >= 0x1100 && (c is <= 0x115F or 0x2329 or 0x232A
        or (>= 0x2E80 and <= 0x303E) or (>= 0x3041 and <= 0x33FF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF)
        or (>= 0xA000 and <= 0xA4CF) or (>= 0xA960 and <= 0xA97F) or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF)
        or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60) or (>= 0xFFE0 and <= 0xFFE6)
        or (>= 0x1F300 and <= 0x1F64F) or (>= 0x1F900 and <= 0x1F9FF) or (>= 0x20000 and <= 0x3FFFD));
}
