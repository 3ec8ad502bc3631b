namespace Tare.Registry.Http;

/// <summary>The parameters of a query or of a form. The first value of a name counts.</summary>
internal sealed class Query
{
    private readonly List<(string Name, string Value)> pairs = [];

    private Query()
    {
    }

    internal static Query Empty { get; } = new();

    /// <summary>All of them, in order.</summary>
    internal IReadOnlyList<(string Name, string Value)> Pairs => pairs;

    /// <summary>The first value of a name; null when it is not there.</summary>
    internal string? this[string name]
    {
        get
        {
            foreach (var pair in pairs)
            {
                if (pair.Name == name) return pair.Value;
            }

            return null;
        }
    }

    /// <summary>Reads what stands behind the question mark. A bad escape stays as it is.</summary>
    internal static Query Parse(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty) return Empty;
        var query = new Query();
        foreach (var range in text.Split('&'))
        {
            var pair = text[range];
            if (pair.IsEmpty) continue;
            var equals = pair.IndexOf('=');
            query.pairs.Add((Decode(equals < 0 ? pair : pair[..equals]), equals < 0 ? "" : Decode(pair[(equals + 1)..])));
        }

        return query;
    }

    /// <summary>All values of a name.</summary>
    internal IEnumerable<string> All(string name)
    {
        foreach (var pair in pairs)
        {
            if (pair.Name == name) yield return pair.Value;
        }
    }

    private static string Decode(ReadOnlySpan<char> text) => Uri.UnescapeDataString(text.Contains('+') ? text.ToString().Replace('+', ' ') : text.ToString());
}
