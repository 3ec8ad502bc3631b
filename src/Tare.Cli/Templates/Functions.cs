using System.Text;
using Tare.Cli.Formatting;

namespace Tare.Cli.Templates;

/// <summary>
/// The functions of templates: those of Go's text/template, and Docker's own. A wrong argument throws <see cref="FunctionException"/>.
/// </summary>
internal static class Functions
{
    public static bool Exists(string name) => name is "and" or "or" or "not" or "len" or "index" or "slice" or "print" or "printf" or "println" or "html" or "js" or "urlquery"
        or "call" or "eq" or "ne" or "lt" or "le" or "gt" or "ge" or "json" or "split" or "join" or "title" or "lower" or "upper" or "pad" or "truncate";

    /// <summary>Calls a function other than <c>and</c> and <c>or</c>, whose arguments are evaluated one by one.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="a">Its arguments.</param>
    /// <param name="header">Whether a table's header is made: Docker's functions then leave the text as it is.</param>
    public static object? Call(string name, IReadOnlyList<object?> a, bool header)
    {
        switch (name)
        {
            case "not":
                return !Values.IsTrue(Exactly(a, 1)[0]);
            case "len":
                return Values.Length(Exactly(a, 1)[0]) ?? throw new FunctionException(a[0] is null ? "len of nil pointer" : $"len of type {Values.TypeName(a[0])}");
            case "index":
                return Index(AtLeast(a, 1));
            case "slice":
                return Slice(AtLeast(a, 1));
            case "print":
                return GoFormat.Print(a);
            case "printf":
                return GoFormat.Printf(Text(AtLeast(a, 1), 0), [.. a.Skip(1)]);
            case "println":
                return GoFormat.PrintLine(a);
            case "html":
                return Html(Joined(a));
            case "js":
                return Script(Joined(a));
            case "urlquery":
                return Uri.EscapeDataString(Joined(a)).Replace("%20", "+", StringComparison.Ordinal);
            case "eq":
                return Equal(AtLeast(a, 1));
            case "ne":
                return !IsEqual(Exactly(a, 2)[0], a[1]);
            case "lt":
                return Compare(Exactly(a, 2)) < 0;
            case "le":
                return Compare(Exactly(a, 2)) <= 0;
            case "gt":
                return Compare(Exactly(a, 2)) > 0;
            case "ge":
                return Compare(Exactly(a, 2)) >= 0;
            case "call":
                throw new FunctionException(a.Count == 0 ? "call of nil" : $"non-function {Values.TypeName(a[0])}");
            default:
                return header && name != "pad" ? Header(name, a) : Docker(name, a);
        }
    }

    private static object? Docker(string name, IReadOnlyList<object?> a)
    {
        switch (name)
        {
            case "json":
                var json = new StringBuilder();
                Values.AppendJson(json, Exactly(a, 1)[0]);
                return json.ToString();
            case "split":
                var text = Text(Exactly(a, 2), 0);
                var separator = Text(a, 1);
                return new GoList([.. separator.Length == 0 ? text.EnumerateRunes().Select(r => r.ToString()) : text.Split(separator)]);
            case "join":
                return string.Join(Text(Exactly(a, 2), 1), a[0] switch
                {
                    GoList list => list.Items.Select(item => item as string ?? throw Mismatch("[]string", a, 0)),
                    GoNil { Kind: NilKind.List } => [],
                    _ => throw Mismatch("[]string", a, 0),
                });
            case "title":
                return Title(Text(Exactly(a, 1), 0));
            case "lower":
                return Text(Exactly(a, 1), 0).ToLowerInvariant();
            case "upper":
                return Text(Exactly(a, 1), 0).ToUpperInvariant();
            case "pad":
                var source = Text(Exactly(a, 3), 0);
                return source.Length == 0 ? source : Spaces(a, 1) + source + Spaces(a, 2);
            case "truncate":
                var bytes = Encoding.UTF8.GetBytes(Text(Exactly(a, 2), 0));
                var length = Number(a, 1);
                if (length < 0) throw new FunctionException($"slice bounds out of range [:{length}]");
                return bytes.Length < length ? a[0] : Encoding.UTF8.GetString(bytes, 0, (int)length);
            default:
                throw new FunctionException($"{GoText.Quote(name)} is not a defined function");
        }
    }

    private static string Header(string name, IReadOnlyList<object?> a) => Text(Exactly(a, name is "split" or "join" or "truncate" ? 2 : 1), 0);

    private static string Spaces(IReadOnlyList<object?> a, int index) => new(' ', (int)Math.Clamp(Number(a, index), 0, 4096));

    private static string Joined(IReadOnlyList<object?> a) => a is [string text] ? text : GoFormat.Print(a);

    private static object? Index(IReadOnlyList<object?> a)
    {
        var value = a[0];
        if (value is null) throw new FunctionException("index of untyped nil");
        for (var i = 1; i < a.Count; i++)
        {
            switch (value)
            {
                case GoList list:
                    var at = Position(a[i], list.Items.Count);
                    value = list.Items[(int)at];
                    break;
                case GoNil { Kind: NilKind.List }:
                    _ = Position(a[i], 0);
                    break;
                case GoMap map:
                    map.TryGet(Key(a[i], map.KeyType), out value);
                    break;
                case GoNil { Kind: NilKind.Map }:
                    _ = Key(a[i]);
                    value = null;
                    break;
                case string text:
                    var bytes = Encoding.UTF8.GetBytes(text);
                    value = (long)bytes[Position(a[i], bytes.Length)];
                    break;
                case null:
                    throw new FunctionException("index of nil pointer");
                default:
                    throw new FunctionException($"can't index item of type {Values.TypeName(value)}");
            }
        }

        return value;
    }

    private static long Position(object? index, int length)
    {
        var at = index switch
        {
            long n => n,
            null => throw new FunctionException("cannot index slice/array with nil"),
            _ => throw new FunctionException($"cannot index slice/array with type {Values.TypeName(index)}"),
        };
        return at >= 0 && at < length ? at : throw new FunctionException($"index out of range: {at}");
    }

    private static string Key(object? key, string type = "string") => key switch
    {
        string when type != "string" => throw new FunctionException($"value has type string; should be {type}"),
        string text => text,
        NumberText number => number.Text,
        null => throw new FunctionException("value is nil; should be of type string"),
        _ => throw new FunctionException($"value has type {Values.TypeName(key)}; should be string"),
    };

    private static object Slice(IReadOnlyList<object?> a)
    {
        if (a.Count > 4) throw new FunctionException($"too many slice indexes: {a.Count - 1}");
        var length = a[0] switch
        {
            null => throw new FunctionException("slice of untyped nil"),
            string when a.Count == 4 => throw new FunctionException("cannot 3-index slice a string"),
            string or GoList => Values.Length(a[0])!.Value,
            _ => throw new FunctionException($"can't slice item of type {Values.TypeName(a[0])}"),
        };
        var start = a.Count > 1 ? Bound(a[1], length) : 0;
        var end = a.Count > 2 ? Bound(a[2], length) : length;
        if (a.Count > 3) _ = Bound(a[3], length);
        if (start > end) throw new FunctionException($"invalid slice index: {start} > {end}");
        return a[0] is GoList list
            ? new GoList([.. list.Items.Skip((int)start).Take((int)(end - start))], list.TypeName)
            : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes((string)a[0]!).AsSpan((int)start, (int)(end - start)));

        static long Bound(object? index, long length)
        {
            var at = index as long? ?? throw new FunctionException($"cannot index slice/array with type {Values.TypeName(index)}");
            return at >= 0 && at <= length ? at : throw new FunctionException($"index out of range: {at}");
        }
    }

    private static bool Equal(IReadOnlyList<object?> a)
    {
        if (a.Count == 1) throw new FunctionException("missing argument for comparison");
        for (var i = 1; i < a.Count; i++)
        {
            if (IsEqual(a[0], a[i])) return true;
        }

        return false;
    }

    private static bool IsEqual(object? a, object? b)
    {
        if (a is null || b is null || a is GoNil || b is GoNil)
            return a is null or GoNil && b is null or GoNil;
        if (a is GoList or GoMap || b is GoList or GoMap) throw new FunctionException($"non-comparable type {Values.Print(a is GoList or GoMap ? a : b)}: {Values.TypeName(a is GoList or GoMap ? a : b)}");
        return (a, b) switch
        {
            (NumberText x, string y) => x.Text == y,
            (string x, NumberText y) => x == y.Text,
            _ when a.GetType() == b.GetType() => a.Equals(b),
            _ => throw new FunctionException("incompatible types for comparison"),
        };
    }

    private static int Compare(IReadOnlyList<object?> a)
    {
        var (x, y) = (a[0], a[1]);
        if (x is null or GoValue and not GoStruct or bool || y is null or bool)
            throw new FunctionException("invalid type for comparison");
        return (x, y) switch
        {
            (long n, long m) => n.CompareTo(m),
            (double n, double m) => n.CompareTo(m),
            (string or NumberText, string or NumberText) => string.CompareOrdinal(x.ToString(), y.ToString()),
            _ => throw new FunctionException("incompatible types for comparison"),
        };
    }

    /// <summary>strings.Title: the first letter of each word in upper case.</summary>
    private static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        var previous = ' ';
        foreach (var c in text)
        {
            var begins = !(char.IsLetterOrDigit(previous) || previous == '_') && (previous < 0x80 || char.IsWhiteSpace(previous));
            result.Append(begins ? char.ToUpperInvariant(c) : c);
            previous = c;
        }

        return result.ToString();
    }

    private static string Html(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("\"", "&#34;", StringComparison.Ordinal)
        .Replace("'", "&#39;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);

    private static string Script(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (c is '\\' or '\'' or '"') result.Append('\\').Append(c);
            else if (c is '<' or '>' or '&' or '=' || char.IsControl(c)) result.Append($"\\u{(int)c:X4}");
            else result.Append(c);
        }

        return result.ToString();
    }

    private static string Text(IReadOnlyList<object?> a, int index) => a[index] switch
    {
        string text => text,
        NumberText number => number.Text,
        GoStruct { Text: { } text } => text,
        _ => throw Mismatch("string", a, index),
    };

    private static long Number(IReadOnlyList<object?> a, int index) => a[index] as long? ?? throw Mismatch("int", a, index);

    private static FunctionException Mismatch(string expected, IReadOnlyList<object?> a, int index)
        => new(a[index] is { } value ? $"wrong type for value; expected {expected}; got {Values.TypeName(value)}" : $"invalid value; expected {expected}", isMismatch: true)
        {
            Argument = index,
            Constant = expected switch
            {
                "int" => "integer",
                "string" => "string",
                _ => null,
            },
        };

    private static IReadOnlyList<object?> Exactly(IReadOnlyList<object?> a, int count)
        => a.Count == count ? a : throw new FunctionException($"want {count} got {a.Count}", isCount: true);

    private static IReadOnlyList<object?> AtLeast(IReadOnlyList<object?> a, int count)
        => a.Count >= count ? a : throw new FunctionException($"want at least {count} got {a.Count}", isCount: true);
}

/// <summary>A function was called with what it cannot use.</summary>
internal sealed class FunctionException(string message, bool isMismatch = false, bool isCount = false) : Exception(message)
{
    /// <summary>An argument's type, which text/template reports without the name of the function.</summary>
    public bool IsMismatch => isMismatch;

    /// <summary>The number of arguments.</summary>
    public bool IsCount => isCount;

    /// <summary>Which argument is of a wrong type.</summary>
    public int Argument { get; init; }

    /// <summary>What a constant in the template should have been.</summary>
    public string? Constant { get; init; }
}
