namespace Tare.Distribution.Listing;

/// <summary>The header Link (RFC 8288), as far as it names a next page.</summary>
internal static class LinkHeader
{
    /// <summary>The address of the next page, as it is written; <see langword="null"/> if there is none.</summary>
    internal static string? Next(string? header)
    {
        var rest = header.AsSpan();
        while (true)
        {
            var open = rest.IndexOf('<');
            if (open < 0) return null;
            rest = rest[(open + 1)..];
            var close = rest.IndexOf('>');
            if (close < 0) return null;
            var address = rest[..close].Trim();
            rest = rest[(close + 1)..];
            if (IsNext(TakeParameters(ref rest))) return address.ToString();
        }
    }

    // What is between an address and the comma before the next one; commas within quotes part nothing.
    private static ReadOnlySpan<char> TakeParameters(ref ReadOnlySpan<char> rest)
    {
        var quoted = false;
        for (var i = 0; i < rest.Length; i++)
        {
            if (rest[i] == '"') quoted = !quoted;
            if (rest[i] != ',' || quoted) continue;
            var parameters = rest[..i];
            rest = rest[(i + 1)..];
            return parameters;
        }

        var all = rest;
        rest = [];
        return all;
    }

    private static bool IsNext(ReadOnlySpan<char> parameters)
    {
        foreach (var range in parameters.Split(';'))
        {
            var parameter = parameters[range].Trim();
            var equals = parameter.IndexOf('=');
            if (equals < 0 || !parameter[..equals].TrimEnd().Equals("rel", StringComparison.OrdinalIgnoreCase)) continue;
            var value = parameter[(equals + 1)..].Trim().Trim('"');
            foreach (var word in value.Split(' '))
            {
                if (value[word].Equals("next", StringComparison.OrdinalIgnoreCase)) return true;
            }
        }

        return false;
    }
}
