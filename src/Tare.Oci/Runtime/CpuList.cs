using Tare.Errors;

namespace Tare.Oci.Runtime;

/// <summary>A set of CPUs or of memory nodes, written as a list such as <c>0-3,7</c> (cpuset(7), "List format").</summary>
/// <param name="Ranges">The ranges, first and last, in the order of the text; they may overlap.</param>
public sealed record CpuList(IReadOnlyList<(int First, int Last)> Ranges)
{
    /// <summary>The highest number: no machine has as many, and a mistaken one must not cost a mask of megabytes.</summary>
    public const int Highest = 65536;

    /// <summary>Whether nothing is in the set.</summary>
    public bool IsEmpty => Ranges.Count == 0;

    /// <summary>Reads a list. Blanks around ranges, and commas too many, do no harm; an absent or empty text is the empty set.</summary>
    /// <param name="text">The list.</param>
    /// <param name="member">What an error calls it.</param>
    /// <exception cref="TareException">It is no list.</exception>
    public static CpuList Parse(string? text, string member)
    {
        var ranges = new List<(int First, int Last)>();
        if (string.IsNullOrEmpty(text)) return new CpuList(ranges);
        foreach (var part in text.AsSpan().Split(','))
        {
            var range = text.AsSpan(part).Trim();
            if (range.IsEmpty) continue;
            var dash = range.IndexOf('-');
            var first = Number(dash < 0 ? range : range[..dash]);
            var last = dash < 0 ? first : Number(range[(dash + 1)..]);
            if (first < 0 || last < first)
                throw Sentence.Invalid($"{member} is \"{text}\", but must be a list of numbers up to {Highest} and of ranges, such as \"0-3,7\"");
            ranges.Add((first, last));
        }

        if (ranges.Count == 0) throw Sentence.Invalid($"{member} is \"{text}\", which is a list of nothing: leave it out, or write one such as \"0-3,7\"");
        return new CpuList(ranges);
    }

    /// <summary>The set as a bit mask, as the kernel takes it: number n is bit n % 64 of word n / 64. One word at least.</summary>
    public ulong[] ToMask()
    {
        var mask = new ulong[1];
        foreach (var (first, last) in Ranges)
        {
            if (last / 64 >= mask.Length) Array.Resize(ref mask, (last / 64) + 1);
            for (var number = first; number <= last; number++) mask[number / 64] |= 1UL << (number % 64);
        }

        return mask;
    }

    private static int Number(ReadOnlySpan<char> digits)
    {
        if (digits.IsEmpty || digits.Length > 9) return -1;
        var number = 0;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiDigit(digit)) return -1;
            number = (number * 10) + digit - '0';
        }

        return number <= Highest ? number : -1;
    }
}
