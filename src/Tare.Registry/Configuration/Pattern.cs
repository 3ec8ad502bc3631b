namespace Tare.Registry.Configuration;

/// <summary>Patterns of names: <c>*</c> stands for any characters, none and slashes included; all else for itself.</summary>
internal static class Pattern
{
    internal static bool Fits(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        // Goes back to the last star when something does not fit: linear for each star, and no more.
        int p = 0, t = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                mark = t;
            }
            else if (p < pattern.Length && pattern[p] == text[t])
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++mark;
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }
}
