using System.Globalization;
using System.Text;
using Tare.Errors;

namespace Tare.Api.Http;

/// <summary>
/// The parameters of a request's query, read as Go's url.ParseQuery reads them: a plus is a space, a semicolon or a bad escape is an
/// error, and a name may come several times.
/// </summary>
internal sealed class Query
{
    internal static readonly Query Empty = new([]);

    private readonly List<KeyValuePair<string, string>> pairs;

    private Query(List<KeyValuePair<string, string>> pairs) => this.pairs = pairs;

    /// <summary>Reads what stands behind the question mark.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>, with Go's text.</exception>
    internal static Query Parse(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
            return Empty;
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var range in text.Split('&'))
        {
            var pair = text[range];
            if (pair.IsEmpty)
                continue;
            if (pair.Contains(';'))
                throw TareException.Invalid("invalid semicolon separator in query");
            var equals = pair.IndexOf('=');
            var name = equals < 0 ? pair : pair[..equals];
            var value = equals < 0 ? default : pair[(equals + 1)..];
            pairs.Add(new(PercentEncoding.Decode(name, plusIsSpace: true), PercentEncoding.Decode(value, plusIsSpace: true)));
        }

        return new Query(pairs);
    }

    /// <summary>The first value of a name; empty when it is not there.</summary>
    internal string this[string name]
    {
        get
        {
            foreach (var pair in pairs)
            {
                if (pair.Key == name)
                    return pair.Value;
            }

            return string.Empty;
        }
    }

    internal bool Contains(string name) => pairs.Exists(pair => pair.Key == name);

    /// <summary>The first value of a name; null when it is not there or empty.</summary>
    internal string? Text(string name) => this[name] is { Length: > 0 } value ? value : null;

    internal IReadOnlyList<string> All(string name)
        => [.. pairs.Where(pair => pair.Key == name).Select(pair => pair.Value)];

    /// <summary>False for nothing, <c>0</c>, <c>no</c>, <c>false</c> and <c>none</c>; true for anything else.</summary>
    internal bool Flag(string name)
        => this[name].Trim() is not ("" or "0")
            and var value
            && !value.Equals("no", StringComparison.OrdinalIgnoreCase)
            && !value.Equals("false", StringComparison.OrdinalIgnoreCase)
            && !value.Equals("none", StringComparison.OrdinalIgnoreCase);

    /// <summary>As <see cref="Flag(string)"/>, and a default for a name that is not there.</summary>
    internal bool Flag(string name, bool otherwise) => Contains(name) ? Flag(name) : otherwise;

    /// <summary>A decimal number; null when it is not there or empty.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>, with Go's text.</exception>
    internal int? Integer(string name)
    {
        if (Text(name) is not { } text)
            return null;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return number;
        var reason = text.AsSpan().TrimStart("+-").ContainsAnyExceptInRange('0', '9') || text is "+" or "-" ? "invalid syntax" : "value out of range";
        throw TareException.Invalid($"strconv.Atoi: parsing {Quote(text)}: {reason}");
    }

    /// <summary>A number of rows or columns, which must be there.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>, with Docker's text.</exception>
    internal int Size(string name, string what)
    {
        var text = this[name];
        var digits = text.StartsWith('-') ? text.AsSpan(1) : text;
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9'))
            throw TareException.Invalid($"invalid resize {what} {Quote(text)}: invalid syntax");
        if (text[0] == '-' || !uint.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size > int.MaxValue)
            throw TareException.Invalid($"invalid resize {what} {Quote(text)}: value out of range");
        return (int)size;
    }

    /// <summary>As Go's <c>%q</c> for what can come here.</summary>
    internal static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            if (c is '"' or '\\')
                quoted.Append('\\').Append(c);
            else if (char.IsControl(c))
                quoted.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}");
            else
                quoted.Append(c);
        }

        return quoted.Append('"').ToString();
    }
}
