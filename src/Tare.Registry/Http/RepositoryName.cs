using System.Buffers;

namespace Tare.Registry.Http;

/// <summary>The grammar of names and tags in paths (distribution-spec, "Pulling manifests").</summary>
internal static class RepositoryName
{
    /// <summary>Docker's limit for the name with the registry's host; clients refuse longer ones.</summary>
    internal const int LongestName = 255;

    private const int LongestTag = 128;

    private static readonly SearchValues<char> TagCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    /// <summary>Whether it is <c>component *("/" component)</c> with <c>component := 1*alnum *(("." | "_" | "__" | 1*"-") 1*alnum)</c>.</summary>
    internal static bool IsValid(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > LongestName) return false;
        foreach (var range in name.Split('/'))
        {
            if (!IsComponent(name[range])) return false;
        }

        return true;
    }

    /// <summary>Whether it is a tag.</summary>
    internal static bool IsTag(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= LongestTag && text[0] is not ('.' or '-') && !text.ContainsAnyExcept(TagCharacters);

    private static bool IsComponent(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || !IsAlphanumeric(text[0]) || !IsAlphanumeric(text[^1])) return false;
        for (var i = 0; i < text.Length;)
        {
            var start = i;
            while (!IsAlphanumeric(text[i])) i++; // ends: the last character is alphanumeric
            var separator = text[start..i];
            if (separator is not ("" or "." or "_" or "__") && separator.ContainsAnyExcept('-')) return false;
            i++;
        }

        return true;
    }

    private static bool IsAlphanumeric(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c);
}
