using System.Globalization;
using System.Text;

namespace Tare.Cli.Formatting;

/// <summary>Quoting and numbers in Go's notation (strconv), which Docker's messages and outputs are written in.</summary>
internal static class GoText
{
    /// <summary>strconv.Quote: a string in double quotes, with what cannot be printed escaped.</summary>
    public static string Quote(string text) => Quote(text, '"');

    /// <summary>strconv.QuoteRune.</summary>
    public static string QuoteCharacter(Rune rune) => Quote(rune.ToString(), '\'');

    /// <summary>Such as <c>U+0040 '@'</c> (the verb %#U).</summary>
    public static string Unicode(Rune rune) => $"U+{rune.Value:X4}" + (IsPrintable(rune) ? $" '{rune}'" : "");

    /// <summary>strconv.Unquote of a string in double quotes or backquotes, or a character in single quotes.</summary>
    public static bool TryUnquote(string quoted, out string text)
    {
        text = "";
        if (quoted.Length < 2 || quoted[0] != quoted[^1]) return false;
        var quote = quoted[0];
        var inner = quoted[1..^1];
        if (quote == '`')
        {
            text = inner.Replace("\r", "", StringComparison.Ordinal);
            return !inner.Contains('`', StringComparison.Ordinal);
        }

        if (quote is not ('"' or '\'')) return false;
        var result = new StringBuilder(inner.Length);
        var bytes = new List<byte>();
        for (var i = 0; i < inner.Length; i++)
        {
            if (inner[i] == quote) return false;
            if (inner[i] != '\\')
            {
                Flush();
                result.Append(inner[i]);
                continue;
            }

            if (++i >= inner.Length) return false;
            var simple = "abfnrtv\\'\"".IndexOf(inner[i], StringComparison.Ordinal);
            if (simple >= 0)
            {
                if (inner[i] is '\'' or '"' && inner[i] != quote) return false;
                Flush();
                result.Append("\a\b\f\n\r\t\v\\'\""[simple]);
                continue;
            }

            var (radix, digits, first) = inner[i] switch
            {
                'x' => (16, 2, i + 1),
                'u' => (16, 4, i + 1),
                'U' => (16, 8, i + 1),
                >= '0' and <= '7' => (8, 3, i),
                _ => (0, 0, 0),
            };
            if (radix == 0 || first + digits > inner.Length || !TryParseDigits(inner.AsSpan(first, digits), radix, out var value)) return false;
            if (inner[i] is 'u' or 'U')
            {
                if (!Rune.IsValid((int)value)) return false;
                Flush();
                result.Append(new Rune((int)value).ToString());
            }
            else if (value > 255)
            {
                return false;
            }
            else
            {
                bytes.Add((byte)value);
            }

            i = first + digits - 1;
        }

        Flush();
        text = result.ToString();
        return quote == '"' || new StringInfo(text).LengthInTextElements == 1;

        void Flush()
        {
            if (bytes.Count == 0) return;
            result.Append(Encoding.UTF8.GetString(bytes.ToArray()));
            bytes.Clear();
        }
    }

    /// <summary>strconv.ParseInt with base 0: signs, 0x, 0o, 0b, a leading zero for octal, and underscores between digits.</summary>
    public static bool TryParseInteger(string text, out long value) => TryParseInteger(text, out value, out _);

    /// <summary>The same; tells a number that does not fit from one that is none.</summary>
    public static bool TryParseInteger(string text, out long value, out bool outOfRange)
    {
        value = 0;
        outOfRange = false;
        var digits = text.AsSpan();
        var negative = digits.StartsWith("-");
        if (negative || digits.StartsWith("+")) digits = digits[1..];
        if (!TryParseMagnitude(digits, out var magnitude, out outOfRange)) return false;
        if (magnitude > (negative ? (ulong)long.MaxValue + 1 : long.MaxValue))
        {
            outOfRange = true;
            return false;
        }

        value = negative ? unchecked(-(long)magnitude) : (long)magnitude;
        return true;
    }

    /// <summary>strconv.ParseUint with base 0.</summary>
    public static bool TryParseMagnitude(ReadOnlySpan<char> text, out ulong value, out bool outOfRange)
    {
        value = 0;
        outOfRange = false;
        var radix = 10u;
        var prefixed = false;
        if (text.Length > 1 && text[0] == '0')
        {
            (radix, var skip) = char.ToLowerInvariant(text[1]) switch
            {
                'x' => (16u, 2),
                'o' => (8u, 2),
                'b' => (2u, 2),
                _ => (8u, 1),
            };
            text = text[skip..];
            prefixed = true;
        }

        if (text.IsEmpty) return false;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '_')
            {
                if (!prefixed || i == text.Length - 1 || text[i + 1] == '_') return false;
                continue;
            }

            var digit = DigitOf(text[i]);
            if (digit >= radix) return false;
            if (outOfRange) continue;
            var next = unchecked((value * radix) + digit);
            if (value > (ulong.MaxValue - digit) / radix) outOfRange = true;
            value = next;
        }

        return !outOfRange;
    }

    private static bool TryParseDigits(ReadOnlySpan<char> text, int radix, out uint value)
    {
        value = 0;
        foreach (var c in text)
        {
            var digit = DigitOf(c);
            if (digit >= radix) return false;
            value = (value * (uint)radix) + digit;
        }

        return true;
    }

    private static uint DigitOf(char c) => c switch
    {
        >= '0' and <= '9' => (uint)(c - '0'),
        >= 'a' and <= 'f' => (uint)(c - 'a' + 10),
        >= 'A' and <= 'F' => (uint)(c - 'A' + 10),
        _ => uint.MaxValue,
    };

    private static string Quote(string text, char quote)
    {
        var result = new StringBuilder(text.Length + 2).Append(quote);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == quote || rune.Value == '\\')
            {
                result.Append('\\').Append((char)rune.Value);
                continue;
            }

            if (IsPrintable(rune))
            {
                result.Append(rune.ToString());
                continue;
            }

            var simple = "\a\b\f\n\r\t\v".IndexOf((char)rune.Value, StringComparison.Ordinal);
            if (rune.IsBmp && simple >= 0) result.Append('\\').Append("abfnrtv"[simple]);
            else if (rune.Value < ' ' || rune.Value == 0x7F) result.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}");
            else if (rune.IsBmp) result.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            else result.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}");
        }

        return result.Append(quote).ToString();
    }

    /// <summary>unicode.IsPrint: letters, marks, numbers, punctuation, symbols, and the ASCII space.</summary>
    private static bool IsPrintable(Rune rune)
    {
        if (rune.Value is >= ' ' and < 0x7F) return true;
        return Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
    }
}
