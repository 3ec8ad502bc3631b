using System.Text;
using Tare.Errors;

namespace Tare.Images.Importing;

/// <summary>Words of a Dockerfile instruction: quotes join and vanish, a backslash takes the next character as it is.</summary>
internal static class InstructionWords
{
    /// <summary>The words, without their quotes.</summary>
    internal static List<string> Split(string text) => [.. Raw(text).Select(Unquote)];

    /// <summary><c>KEY=VALUE …</c>, or one <c>KEY VALUE</c> whose value is all the rest.</summary>
    /// <exception cref="TareException">A word has no equals sign.</exception>
    internal static IReadOnlyList<(string Key, string Value)> Pairs(string text, string instruction)
    {
        var words = Raw(text);
        if (!words[0].Contains('=', StringComparison.Ordinal))
        {
            if (words.Count < 2) throw TareException.Invalid($"{instruction} must have two arguments");
            return [(Unquote(words[0]), Unquote(text[words[0].Length..].Trim()))];
        }

        var pairs = new List<(string, string)>();
        foreach (var word in words)
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0) throw TareException.Invalid($"Syntax error - can't find = in \"{word}\". Must be of the form: name=value");
            var key = Unquote(word[..equals]);
            if (key.Length == 0) throw TareException.Invalid($"{instruction} names can not be blank");
            pairs.Add((key, Unquote(word[(equals + 1)..])));
        }

        return pairs;
    }

    /// <summary>A word without quotes and escapes.</summary>
    internal static string Unquote(string word)
    {
        var result = new StringBuilder(word.Length);
        var quote = '\0';
        for (var i = 0; i < word.Length; i++)
        {
            var c = word[i];
            if (c == '\\' && i + 1 < word.Length && quote != '\'') result.Append(word[++i]);
            else if (quote == '\0' && c is '"' or '\'') quote = c;
            else if (c == quote) quote = '\0';
            else result.Append(c);
        }

        return result.ToString();
    }

    private static List<string> Raw(string text)
    {
        var words = new List<string>();
        var start = -1;
        var quote = '\0';
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (start >= 0) words.Add(text[start..i]);
                start = -1;
                continue;
            }

            if (start < 0) start = i;
            if (c == '\\' && quote != '\'') i++;
            else if (quote == '\0' && c is '"' or '\'') quote = c;
            else if (c == quote) quote = '\0';
        }

        if (start >= 0) words.Add(text[start..]);
        return words;
    }
}
