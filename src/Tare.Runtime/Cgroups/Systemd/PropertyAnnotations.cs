using System.Globalization;
using System.Text;
using Tare.Errors;

namespace Tare.Runtime.Cgroups.Systemd;

/// <summary>
/// Properties of the unit from the annotations <c>org.systemd.property.NAME</c>: a value in GVariant's text form, as
/// <c>busctl</c>'s relatives write it: <c>true</c>, <c>'text'</c>, <c>uint64 5</c>, <c>['a', 'b']</c>, <c>@as []</c>.
/// </summary>
internal static class PropertyAnnotations
{
    private const string Prefix = "org.systemd.property.";

    /// <summary>Reads the annotations that are properties.</summary>
    /// <exception cref="TareException">A name or a value is none.</exception>
    public static IReadOnlyList<UnitProperty> Of(IReadOnlyDictionary<string, string>? annotations)
    {
        var properties = new List<UnitProperty>();
        foreach (var (key, text) in annotations ?? new Dictionary<string, string>())
        {
            if (!key.StartsWith(Prefix, StringComparison.Ordinal)) continue;
            var name = key[Prefix.Length..];
            if (name.Length < 3 || !HasOnlyLetters(name)) throw TareException.Invalid($"annotation {key} name incorrect: a property of systemd has letters only, and at least three");
            var value = Parse(key, text);

            // systemd's own files have seconds, its properties microseconds: TimeoutStopSec is TimeoutStopUSec.
            if (name.EndsWith("Sec", StringComparison.Ordinal) && name.Length > 3 && char.IsAsciiLetterLower(name[^4]))
            {
                name = name[..^3] + "USec";
                value = BusValue.Of(Microseconds(key, value));
            }
            properties.Add(new UnitProperty(name, value));
        }
        return properties;
    }

    private static bool HasOnlyLetters(string name)
    {
        foreach (var letter in name)
        {
            if (!char.IsAsciiLetter(letter)) return false;
        }
        return true;
    }

    private static BusValue Parse(string key, string text)
    {
        var parser = new Parser(key, text);
        var value = parser.Value(null);
        parser.End();
        return value;
    }

    private static ulong Microseconds(string key, BusValue seconds) => seconds.Content switch
    {
        byte y => y * 1_000_000UL,
        short n and >= 0 => (ulong)n * 1_000_000,
        ushort q => q * 1_000_000UL,
        int i and >= 0 => (ulong)i * 1_000_000,
        uint u => u * 1_000_000UL,
        long x and >= 0 => (ulong)x * 1_000_000,
        ulong t => t * 1_000_000,
        double d and >= 0 => (ulong)(d * 1_000_000),
        _ => throw TareException.Invalid($"annotation {key} is no number of seconds"),
    };

    /// <summary>Recursive descent over one text.</summary>
    private sealed class Parser(string key, string text)
    {
        private int at;

        public void End()
        {
            SkipBlanks();
            if (at < text.Length) throw Invalid("there is something after the value");
        }

        /// <param name="type">The type that is expected; null to find it out.</param>
        public BusValue Value(string? type)
        {
            SkipBlanks();
            if (at >= text.Length) throw Invalid("it is empty");
            if (text[at] == '@')
            {
                var start = ++at;
                while (at < text.Length && text[at] != ' ') at++;
                return Value(text[start..at]);
            }
            if (text[at] == '[') return Array(type);
            if (text[at] is '\'' or '"') return new BusValue(type is "o" or "g" ? type : "s", Quoted());
            var word = Word();
            return word switch
            {
                "true" or "false" => BusValue.Of(word == "true"),
                "byte" => Value("y"),
                "int16" => Value("n"),
                "uint16" => Value("q"),
                "int32" or "handle" => Value("i"),
                "uint32" => Value("u"),
                "int64" => Value("x"),
                "uint64" => Value("t"),
                "double" => Value("d"),
                "string" => Value("s"),
                "boolean" => Value("b"),
                "objectpath" => Value("o"),
                "signature" => Value("g"),
                _ => Number(type ?? (word.AsSpan().IndexOfAny('.', 'e') >= 0 && !word.StartsWith("0x", StringComparison.Ordinal) ? "d" : "i"), word),
            };
        }

        private BusValue Array(string? type)
        {
            at++;
            var elementType = type is { Length: > 1 } && type[0] == 'a' ? type[1..] : null;
            var elements = new List<object>();
            for (SkipBlanks(); at < text.Length && text[at] != ']'; SkipBlanks())
            {
                var element = Value(elementType);
                elementType ??= element.Signature;
                if (element.Signature != elementType) throw Invalid("the elements of an array have one type");
                elements.Add(element.Content);
                SkipBlanks();
                if (at < text.Length && text[at] == ',') at++;
                else if (at >= text.Length || text[at] != ']') throw Invalid("an array does not end");
            }
            if (at++ >= text.Length) throw Invalid("an array does not end");
            if (elementType is null) throw Invalid("an empty array needs its type: @as []");
            return new BusValue("a" + elementType, elementType == "y" ? elements.ConvertAll(element => (byte)element).ToArray() : elements);
        }

        private string Quoted()
        {
            var quote = text[at++];
            var content = new StringBuilder();
            for (; at < text.Length && text[at] != quote; at++)
            {
                if (text[at] != '\\' || at + 1 >= text.Length) content.Append(text[at]);
                else content.Append(text[++at] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', var other => other });
            }
            if (at++ >= text.Length) throw Invalid("a string does not end");
            return content.ToString();
        }

        private string Word()
        {
            var start = at;
            while (at < text.Length && text[at] is not (' ' or ',' or ']' or '\t')) at++;
            return text[start..at];
        }

        private BusValue Number(string type, string word)
        {
            var (style, digits) = word.StartsWith("0x", StringComparison.Ordinal) ? (NumberStyles.AllowHexSpecifier, word[2..]) : (NumberStyles.AllowLeadingSign, word);
            var culture = CultureInfo.InvariantCulture;
            return type switch
            {
                "y" when byte.TryParse(digits, style, culture, out var y) => new BusValue(type, y),
                "n" when short.TryParse(digits, style, culture, out var n) => new BusValue(type, n),
                "q" when ushort.TryParse(digits, style, culture, out var q) => new BusValue(type, q),
                "i" when int.TryParse(digits, style, culture, out var i) => new BusValue(type, i),
                "u" when uint.TryParse(digits, style, culture, out var u) => new BusValue(type, u),
                "x" when long.TryParse(digits, style, culture, out var x) => new BusValue(type, x),
                "t" when ulong.TryParse(digits, style, culture, out var t) => new BusValue(type, t),
                "d" when double.TryParse(word, culture, out var d) => new BusValue(type, d),
                _ => throw Invalid($"{word} is no value"),
            };
        }

        private void SkipBlanks()
        {
            while (at < text.Length && (text[at] is ' ' or '\t')) at++;
        }

        private TareException Invalid(string reason) => TareException.Invalid($"annotation {key}={text} value parse error: {reason}");
    }
}
