using System.Globalization;
using System.Text;
using Tare.Cli.Formatting;

namespace Tare.Cli.Templates;

/// <summary>Go's fmt: the default form of values, and Printf with the verbs that formats are written with.</summary>
internal static class GoFormat
{
    /// <summary>The verb %v.</summary>
    /// <param name="value">The value.</param>
    /// <param name="pointers">Whether a struct behind a pointer begins with an ampersand, as it does at the top of Print.</param>
    /// <param name="plus">%+v: with the names of fields.</param>
    public static string Value(object? value, bool pointers = true, bool plus = false)
    {
        var target = new StringBuilder();
        Append(target, value, pointers, plus, 0);
        return target.ToString();
    }

    /// <summary>fmt.Sprint: spaces between operands when neither is a string.</summary>
    public static string Print(IReadOnlyList<object?> values)
    {
        var target = new StringBuilder();
        for (var i = 0; i < values.Count; i++)
        {
            if (i > 0 && values[i] is not string && values[i - 1] is not string) target.Append(' ');
            target.Append(Value(values[i]));
        }

        return target.ToString();
    }

    /// <summary>fmt.Sprintln.</summary>
    public static string PrintLine(IReadOnlyList<object?> values) => string.Join(' ', values.Select(value => Value(value))) + "\n";

    /// <summary>fmt.Sprintf.</summary>
    public static string Printf(string format, IReadOnlyList<object?> values)
    {
        var target = new StringBuilder();
        var next = 0;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                target.Append(format[i]);
                continue;
            }

            var verb = new Verb();
            i++;
            for (; i < format.Length && "+-# 0".Contains(format[i], StringComparison.Ordinal); i++) verb.SetFlag(format[i]);
            verb.Width = ReadNumber(format, ref i, values, ref next);
            if (i < format.Length && format[i] == '.')
            {
                i++;
                verb.Precision = ReadNumber(format, ref i, values, ref next) ?? 0;
            }

            if (i >= format.Length)
            {
                target.Append("%!(NOVERB)");
                break;
            }

            if (format[i] == '%')
            {
                target.Append('%');
                continue;
            }

            verb.Letter = format[i];
            if (next >= values.Count) target.Append("%!").Append(verb.Letter).Append("(MISSING)");
            else target.Append(verb.Format(values[next++]));
        }

        if (next < values.Count)
        {
            target.Append("%!(EXTRA ");
            for (var i = next; i < values.Count; i++)
                target.Append(i > next ? ", " : "").Append(Values.TypeName(values[i])).Append('=').Append(Value(values[i]));
            target.Append(')');
        }

        return target.ToString();
    }

    /// <summary>strconv.FormatFloat; a precision of -1 is the shortest that reads back as the same number.</summary>
    public static string Real(double value, char verb, int precision)
    {
        if (double.IsNaN(value)) return "NaN";
        if (double.IsInfinity(value)) return value > 0 ? "+Inf" : "-Inf";
        if (verb == 'f') return precision >= 0 ? value.ToString("F" + precision, CultureInfo.InvariantCulture) : decimalShortest();
        if (verb == 'e') return Exponent(value, precision);

        // %g: with an exponent when that is below -4, or not below the precision (6 for the shortest).
        var e = Exponent(value, precision < 0 ? -1 : Math.Max(precision, 1) - 1);
        var at = e.IndexOf('e', StringComparison.Ordinal);
        var exponent = int.Parse(e.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var sign = value < 0 ? "-" : "";
        var digits = string.Concat(e[..at].Where(char.IsAsciiDigit)).TrimEnd('0');
        if (digits.Length == 0) return sign + "0";
        var limit = precision < 0 ? 6 : Math.Max(precision, 1);
        if (precision >= 0 && limit > digits.Length && digits.Length > exponent) limit = digits.Length;
        if (exponent < -4 || exponent >= limit) return $"{sign}{digits[0]}{(digits.Length > 1 ? "." + digits[1..] : "")}{e[at..]}";
        if (exponent < 0) return sign + "0." + new string('0', -exponent - 1) + digits;
        return digits.Length <= exponent + 1 ? sign + digits.PadRight(exponent + 1, '0') : $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";

        string decimalShortest()
        {
            var shortest = value.ToString("R", CultureInfo.InvariantCulture);
            return shortest.Contains('E', StringComparison.Ordinal) ? decimal.Parse(shortest, NumberStyles.Float, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture) : shortest;
        }
    }

    /// <summary>d.ddde±dd.</summary>
    private static string Exponent(double value, int precision)
    {
        var text = value.ToString(precision < 0 ? "E16" : "E" + precision, CultureInfo.InvariantCulture);
        if (precision < 0)
        {
            // The shortest digits that read back as the same number.
            for (var p = 0; p < 17; p++)
            {
                text = value.ToString("E" + p, CultureInfo.InvariantCulture);
                if (double.Parse(text, CultureInfo.InvariantCulture) == value) break;
            }
        }

        var at = text.IndexOf('E', StringComparison.Ordinal);
        var exponent = int.Parse(text.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return $"{text[..at]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }

    private static void Append(StringBuilder target, object? value, bool pointers, bool plus, int depth)
    {
        switch (value)
        {
            case null:
                target.Append("<nil>");
                break;
            case bool b:
                target.Append(b ? "true" : "false");
                break;
            case double d:
                target.Append(Real(d, 'g', -1));
                break;
            case long or string or NumberText:
                target.Append(value);
                break;
            case GoNil { Kind: NilKind.Map }:
                target.Append("map[]");
                break;
            case GoNil { Kind: NilKind.List }:
                target.Append("[]");
                break;
            case GoNil:
                target.Append("<nil>");
                break;
            case GoList list:
                target.Append('[');
                for (var i = 0; i < list.Items.Count; i++)
                {
                    if (i > 0) target.Append(' ');
                    Append(target, list.Items[i], pointers, plus, depth + 1);
                }

                target.Append(']');
                break;
            case GoMap map:
                target.Append("map[");
                for (var i = 0; i < map.Members.Count; i++)
                {
                    if (i > 0) target.Append(' ');
                    target.Append(map.Members[i].Key).Append(':');
                    Append(target, map.Members[i].Value, pointers, plus, depth + 1);
                }

                target.Append(']');
                break;
            case GoStruct { Text: { } text }:
                target.Append(text);
                break;
            case GoStruct { IsPointer: true } when depth > 0:
                // Go prints where a pointer within a value points to, which tells nothing.
                target.Append("0xc000000000");
                break;
            case GoStruct s:
                target.Append(s.IsPointer && pointers ? "&{" : "{");
                var first = true;
                foreach (var (name, field) in s.Fields)
                {
                    if (!first) target.Append(' ');
                    first = false;
                    if (plus) target.Append(name).Append(':');
                    Append(target, field, pointers, plus, depth + 1);
                }

                target.Append('}');
                break;
            default:
                throw new InvalidOperationException($"no value of a template: {value.GetType()}");
        }
    }

    private static int? ReadNumber(string format, ref int at, IReadOnlyList<object?> values, ref int next)
    {
        if (at < format.Length && format[at] == '*')
        {
            at++;
            return next < values.Count && values[next++] is long width ? (int)width : null;
        }

        var start = at;
        while (at < format.Length && char.IsAsciiDigit(format[at]) && at - start < 6) at++;
        return at == start ? null : int.Parse(format.AsSpan(start, at - start), CultureInfo.InvariantCulture);
    }

    /// <summary>One verb with its flags.</summary>
    private struct Verb
    {
        private bool _plus;
        private bool _minus;
        private bool _sharp;
        private bool _space;
        private bool _zero;

        public char Letter { get; set; }

        public int? Width { get; set; }

        public int? Precision { get; set; }

        public void SetFlag(char flag)
        {
            _plus |= flag == '+';
            _minus |= flag == '-';
            _sharp |= flag == '#';
            _space |= flag == ' ';
            _zero |= flag == '0';
        }

        public readonly string Format(object? value)
        {
            var text = Letter switch
            {
                'v' when _sharp => GoSyntax(value),
                'v' => Value(value, plus: _plus),
                'T' => Values.TypeName(value),
                't' when value is bool => Value(value),
                's' or 'q' or 'x' or 'X' when value is GoList list && Letter != 'X' => ListOf(list),
                's' when AsText(value) is { } s => Cut(s),
                'q' when AsText(value) is { } s => GoText.Quote(Cut(s)),
                'x' when AsText(value) is { } s => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(s)),
                'X' when AsText(value) is { } s => Convert.ToHexString(Encoding.UTF8.GetBytes(s)),
                'd' or 'x' or 'X' or 'o' or 'b' or 'c' or 'q' or 'U' when value is long n => Integer(n),
                'e' or 'f' or 'g' or 'F' when value is double d => Sign(Real(d, char.ToLowerInvariant(Letter), Precision ?? (Letter == 'g' ? -1 : 6)), d >= 0),
                's' or 'd' when value is GoMap or GoStruct => Value(value),
                _ => null,
            };
            if (text is null) return $"%!{Letter}({Wrong(value)})";
            var width = Width ?? 0;
            var length = text.EnumerateRunes().Count();
            if (length >= width) return text;
            if (_minus) return text + new string(' ', width - length);
            if (!_zero || value is not (long or double)) return new string(' ', width - length) + text;
            var signed = text[0] is '-' or '+';
            return (signed ? text[..1] : "") + new string('0', width - length) + (signed ? text[1..] : text);
        }

        private static string Wrong(object? value) => value is null ? "<nil>" : $"{Values.TypeName(value)}={Value(value)}";

        private static string? AsText(object? value) => value switch
        {
            string s => s,
            NumberText n => n.Text,
            GoStruct { Text: { } text } => text,
            _ => null,
        };

        private static string GoSyntax(object? value) => value switch
        {
            string s => GoText.Quote(s),
            NumberText n => GoText.Quote(n.Text),
            _ => Value(value, plus: true),
        };

        private readonly string ListOf(GoList list)
        {
            var verb = this;
            verb.Width = null;
            return "[" + string.Join(' ', list.Items.Select(item => verb.Format(item))) + "]";
        }

        private readonly string Cut(string text)
        {
            if (Precision is not { } precision) return text;
            var runes = text.EnumerateRunes().Take(precision);
            return string.Concat(runes.Select(rune => rune.ToString()));
        }

        private readonly string Sign(string number, bool positive) => positive && _plus ? "+" + number : positive && _space ? " " + number : number;

        private readonly string Integer(long value)
        {
            var magnitude = value < 0 ? unchecked((ulong)-value) : (ulong)value;
            var digits = Letter switch
            {
                'x' => (_sharp ? "0x" : "") + magnitude.ToString("x", CultureInfo.InvariantCulture),
                'X' => (_sharp ? "0X" : "") + magnitude.ToString("X", CultureInfo.InvariantCulture),
                'o' => (_sharp ? "0" : "") + Convert.ToString((long)magnitude, 8),
                'b' => Convert.ToString((long)magnitude, 2),
                'c' => Rune.IsValid((int)value) ? new Rune((int)value).ToString() : "\uFFFD",
                'q' => Rune.IsValid((int)value) ? GoText.QuoteCharacter(new Rune((int)value)) : "'\uFFFD'",
                'U' => $"U+{value:X4}",
                _ => magnitude.ToString(CultureInfo.InvariantCulture),
            };
            if (Letter is 'c' or 'q' or 'U') return digits;
            return value < 0 ? "-" + digits : Sign(digits, true);
        }
    }
}
