namespace Tare.Cli.Formatting;

/// <summary>Texts in an order in which runs of digits count as numbers: <c>80/tcp</c> before <c>443/tcp</c>.</summary>
internal static class NaturalOrder
{
    public static int Compare(string a, string b)
    {
        int i = 0, j = 0;
        while (i < a.Length && j < b.Length)
        {
            if (!char.IsAsciiDigit(a[i]) || !char.IsAsciiDigit(b[j]))
            {
                if (a[i] != b[j]) return a[i].CompareTo(b[j]);
                i++;
                j++;
                continue;
            }

            var x = Digits(a, ref i);
            var y = Digits(b, ref j);
            if (x.Length != y.Length) return x.Length.CompareTo(y.Length);
            var order = x.CompareTo(y, StringComparison.Ordinal);
            if (order != 0) return order;
        }

        return (a.Length - i).CompareTo(b.Length - j);
    }

    /// <summary>A run of digits without its leading zeros.</summary>
    private static ReadOnlySpan<char> Digits(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        return text.AsSpan(start, at - start).TrimStart('0');
    }
}
