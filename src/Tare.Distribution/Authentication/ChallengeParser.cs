using System.Text;

namespace Tare.Distribution.Authentication;

/// <summary>Reads WWW-Authenticate leniently: what is malformed ends the reading, and what was read before it counts.</summary>
/// <remarks>
/// <code>
/// header     := challenge *("," challenge)
/// challenge  := scheme [1*SP (token68 | parameter *("," parameter))]
/// parameter  := token "=" (token | quoted)
/// </code>
/// A comma parts parameters and challenges alike: what follows it is a parameter if a <c>=</c> comes after the first word. Unlike RFC 9110
/// asks for, an unquoted value may have any characters but blanks, commas and quotes: there are servers that send addresses so.
/// </remarks>
internal static class ChallengeParser
{
    private const int MaxChallenges = 16;
    private const int MaxParameters = 32;

    /// <summary>Adds the challenges of one header value to a list.</summary>
    internal static void Read(string header, List<Challenge> challenges)
    {
        var rest = header.AsSpan();
        while (challenges.Count < MaxChallenges)
        {
            rest = rest.TrimStart(" \t,");
            var scheme = TakeToken(ref rest);
            if (scheme.IsEmpty) return;
            var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
            var ok = ReadParameters(ref rest, parameters);
            challenges.Add(new Challenge(scheme.ToString().ToLowerInvariant(), parameters));
            if (!ok) return;
        }
    }

    // Leaves the rest at the next challenge.
    private static bool ReadParameters(ref ReadOnlySpan<char> rest, Dictionary<string, string> parameters)
    {
        var first = true;
        while (true)
        {
            var start = rest.TrimStart(first ? " \t" : " \t,");
            if (start.IsEmpty)
            {
                rest = start;
                return true;
            }

            if (first && start[0] == ',')
            {
                rest = start;
                return true;
            }

            var look = start;
            var name = TakeToken(ref look);
            if (name.IsEmpty) return false;
            look = look.TrimStart(" \t");
            if (look.IsEmpty || look[0] != '=')
            {
                // After a comma this is the next scheme; right after a scheme it is a token68 without padding.
                rest = first ? look : start;
                if (!first) return true;
                first = false;
                continue;
            }

            look = look[1..];
            if (first && (look.IsEmpty || look[0] is '=' or ','))
            {
                // A token68 with padding.
                rest = look.TrimStart('=');
                first = false;
                continue;
            }

            look = look.TrimStart(" \t");
            if (TakeValue(ref look) is not { } value) return false;
            if (parameters.Count < MaxParameters) parameters[name.ToString().ToLowerInvariant()] = value;
            rest = look.TrimStart(" \t");
            if (!rest.IsEmpty && rest[0] != ',') return false;
            first = false;
        }
    }

    private static ReadOnlySpan<char> TakeToken(ref ReadOnlySpan<char> rest)
    {
        var length = 0;
        while (length < rest.Length && IsToken(rest[length])) length++;
        var token = rest[..length];
        rest = rest[length..];
        return token;
    }

    private static string? TakeValue(ref ReadOnlySpan<char> rest)
    {
        if (rest.IsEmpty || rest[0] != '"')
        {
            var end = rest.IndexOfAny(" \t,\"");
            var plain = (end < 0 ? rest : rest[..end]).ToString();
            rest = rest[plain.Length..];
            return plain;
        }

        var text = new StringBuilder();
        for (var i = 1; i < rest.Length; i++)
        {
            switch (rest[i])
            {
                case '"':
                    rest = rest[(i + 1)..];
                    return text.ToString();
                case '\\' when i + 1 < rest.Length:
                    text.Append(rest[++i]);
                    break;
                default:
                    text.Append(rest[i]);
                    break;
            }
        }

        return null;
    }

    private static bool IsToken(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c);
}
