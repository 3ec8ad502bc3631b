using System.Buffers;

namespace Tare.Oci;

/// <summary>The grammar of canonical references, by hand: a regular expression engine costs more than the rest of the binary.</summary>
/// <remarks>
/// <code>
/// reference  := domain "/" path [":" tag] ["@" digest]
/// domain     := (label *("." label) | "[" 1*(hex | ":") "]") [":" 1*digit]
/// label      := alnum [*(alnum | "-") alnum]                    upper or lower case
/// path       := component *("/" component)
/// component  := 1*lower-alnum *(separator 1*lower-alnum)
/// separator  := "." | "_" | "__" | 1*"-"
/// tag        := word *127(word | "." | "-")                     word is alnum or "_"
/// digest     := algorithm *(("-" | "_" | "+" | ".") algorithm) ":" 32*hex
/// </code>
/// </remarks>
internal static class ReferenceGrammar
{
    private const int IdentifierLength = 64;
    private const int MaxTagLength = 128;
    private const int MinDigestLength = 32;

    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");
    private static readonly SearchValues<char> AnyHex = SearchValues.Create("0123456789abcdefABCDEF");
    private static readonly SearchValues<char> Ipv6 = SearchValues.Create("0123456789abcdefABCDEF:");
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789");

    /// <summary>The parts of a canonical reference.</summary>
    internal readonly record struct Parts(string Domain, string Path, string? Tag, string? Digest);

    /// <summary>Whether a text has the form of an image's full id.</summary>
    internal static bool IsIdentifier(ReadOnlySpan<char> text) => text.Length == IdentifierLength && !text.ContainsAnyExcept(LowerHex);

    /// <summary>Whether a text is a tag.</summary>
    internal static bool IsTag(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text.Length > MaxTagLength || text[0] is '.' or '-') return false;
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.' or '-')) return false;
        }

        return true;
    }

    /// <summary>Takes a canonical reference (with a domain) apart.</summary>
    internal static bool TrySplit(string text, out Parts parts)
    {
        parts = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IsDomain(text.AsSpan(0, slash))) return false;

        // What follows the domain holds neither '@' nor ':' but before digest and tag, and a digest comes last.
        var rest = text[(slash + 1)..];
        string? digest = null;
        string? tag = null;
        var at = rest.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0)
        {
            digest = rest[(at + 1)..];
            rest = rest[..at];
            if (!IsDigest(digest)) return false;
        }

        var colon = rest.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0)
        {
            tag = rest[(colon + 1)..];
            rest = rest[..colon];
            if (!IsTag(tag)) return false;
        }

        if (!IsPath(rest)) return false;
        parts = new Parts(text[..slash], rest, tag, digest);
        return true;
    }

    private static bool IsDomain(ReadOnlySpan<char> text)
    {
        var end = text.Length > 0 && text[0] == '[' ? text.IndexOf(']') + 1 : text.IndexOf(':');
        if (end < 0) end = text.Length;
        var port = text[end..];
        if (!port.IsEmpty && (port[0] != ':' || port.Length == 1 || port[1..].ContainsAnyExcept(Digits))) return false;

        var host = text[..end];
        if (host.IsEmpty) return false;
        if (host[0] == '[') return host.Length > 2 && !host[1..^1].ContainsAnyExcept(Ipv6);
        foreach (var range in host.Split('.'))
        {
            var label = host[range];
            if (label.IsEmpty || label[0] == '-' || label[^1] == '-') return false;
            foreach (var c in label)
            {
                if (!char.IsAsciiLetterOrDigit(c) && c != '-') return false;
            }
        }

        return true;
    }

    private static bool IsPath(ReadOnlySpan<char> text)
    {
        foreach (var range in text.Split('/'))
        {
            if (!IsPathComponent(text[range])) return false;
        }

        return true;
    }

    private static bool IsPathComponent(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || !IsLowerAlphanumeric(text[0]) || !IsLowerAlphanumeric(text[^1])) return false;
        for (var i = 0; i < text.Length;)
        {
            if (IsLowerAlphanumeric(text[i]))
            {
                i++;
                continue;
            }

            var start = i;
            while (!IsLowerAlphanumeric(text[i])) i++; // ends: the last character is alphanumeric
            var separator = text[start..i];
            if (separator is not ("." or "_" or "__") && separator.ContainsAnyExcept('-')) return false;
        }

        return true;
    }

    private static bool IsDigest(ReadOnlySpan<char> text)
    {
        var colon = text.IndexOf(':');
        if (colon <= 0 || text.Length - colon - 1 < MinDigestLength || text[(colon + 1)..].ContainsAnyExcept(AnyHex)) return false;
        var atStart = true;
        foreach (var c in text[..colon])
        {
            if (atStart)
            {
                if (!char.IsAsciiLetter(c)) return false;
                atStart = false;
            }
            else if (c is '-' or '_' or '+' or '.')
            {
                atStart = true;
            }
            else if (!char.IsAsciiLetterOrDigit(c))
            {
                return false;
            }
        }

        return !atStart;
    }

    private static bool IsLowerAlphanumeric(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c);
}
