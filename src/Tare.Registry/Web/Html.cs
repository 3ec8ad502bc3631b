using System.Globalization;
using System.Net;
using System.Text;

namespace Tare.Registry.Web;

/// <summary>Builds a page. Text is escaped unless it is markup of ours, and there is no way to add a name or an annotation as markup.</summary>
internal sealed class Html
{
    private readonly StringBuilder text = new();

    /// <summary>Adds markup of ours, a constant.</summary>
    internal Html Raw([System.Diagnostics.CodeAnalysis.ConstantExpected] string markup)
    {
        text.Append(markup);
        return this;
    }

    /// <summary>Adds text, escaped: it can neither open a tag nor end an attribute's value.</summary>
    internal Html Text(string? content)
    {
        text.Append(WebUtility.HtmlEncode(Visible(content ?? "")));
        return this;
    }

    /// <summary>Adds a name as a part of an address, and escaped.</summary>
    internal Html Path(string name)
    {
        text.Append(WebUtility.HtmlEncode(Uri.EscapeDataString(name).Replace("%2F", "/", StringComparison.Ordinal)));
        return this;
    }

    /// <summary>Adds a value of a query in an address, and escaped.</summary>
    internal Html Value(string value)
    {
        text.Append(WebUtility.HtmlEncode(Uri.EscapeDataString(value)));
        return this;
    }

    internal Html Number(long number)
    {
        text.Append(number.ToString(CultureInfo.InvariantCulture));
        return this;
    }

    /// <summary>Adds a size as people read it.</summary>
    internal Html Size(long bytes)
    {
        text.Append(FormatSize(bytes));
        return this;
    }

    /// <summary>Adds a moment, by the minute and exactly.</summary>
    internal Html Time(DateTimeOffset? time)
    {
        if (time is not { } known) return Raw("–");
        text.Append(CultureInfo.InvariantCulture, $"<time datetime=\"{known.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}\">{known.UtcDateTime:yyyy-MM-dd HH:mm}</time>");
        return this;
    }

    internal static string FormatSize(long bytes)
    {
        ReadOnlySpan<string> units = ["B", "kB", "MB", "GB", "TB"];
        double value = bytes;
        var unit = 0;
        while (value >= 1000 && unit < units.Length - 1)
        {
            value /= 1000;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{(unit == 0 || value >= 100 ? Math.Round(value) : Math.Round(value, 1))} {units[unit]}");
    }

    public override string ToString() => text.ToString();

    /// <summary>Control characters and those that turn the direction of writing would let one name look like another.</summary>
    private static string Visible(string content) =>
        content.Any(IsHidden) ? string.Concat(content.Select(c => IsHidden(c) ? '\uFFFD' : c)) : content;

    private static bool IsHidden(char c) => (char.IsControl(c) && c is not ('\n' or '\t')) || c is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069') or '\u200E' or '\u200F';
}
