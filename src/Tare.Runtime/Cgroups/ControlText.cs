using System.Buffers.Text;
using Tare.Errors;

namespace Tare.Runtime.Cgroups;

/// <summary>The forms of text that control files have: numbers, <c>key value</c> lines, lists of words.</summary>
internal static class ControlText
{
    /// <summary>Cuts blanks and newlines off both ends.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text.Trim(" \t\n"u8);

    /// <summary>A number; <c>max</c> is the greatest one, and a negative one, which some kernels' counters show for a moment, is 0.</summary>
    /// <exception cref="TareException">It is none.</exception>
    public static ulong Number(ReadOnlySpan<byte> text)
    {
        if (text.SequenceEqual("max"u8)) return ulong.MaxValue;
        if (Utf8Parser.TryParse(text, out ulong value, out var used) && used == text.Length) return value;
        return text is [(byte)'-', ..] ? 0UL : throw TareException.Internal($"a control file has \"{System.Text.Encoding.UTF8.GetString(text)}\" where a number is expected");
    }

    /// <summary>Takes the first line off a text, without its newline; false at the end.</summary>
    public static bool NextLine(ref ReadOnlySpan<byte> text, out ReadOnlySpan<byte> line)
    {
        line = text;
        if (text.IsEmpty) return false;
        var end = text.IndexOf((byte)'\n');
        line = end < 0 ? text : text[..end];
        text = end < 0 ? default : text[(end + 1)..];
        return true;
    }

    /// <summary>Takes the first word off a line; false at its end.</summary>
    public static bool NextWord(ref ReadOnlySpan<byte> line, out ReadOnlySpan<byte> word)
    {
        line = line.TrimStart((byte)' ');
        var end = line.IndexOf((byte)' ');
        word = end < 0 ? line : line[..end];
        line = end < 0 ? default : line[(end + 1)..];
        return !word.IsEmpty;
    }

    /// <summary>The number after a key in a text of <c>key value</c> lines; null when there is no such line.</summary>
    public static ulong? Find(ReadOnlySpan<byte> text, ReadOnlySpan<byte> key)
    {
        while (NextLine(ref text, out var line))
        {
            if (line.StartsWith(key) && line.Length > key.Length && line[key.Length] == ' ') return Number(Trim(line[(key.Length + 1)..]));
        }
        return null;
    }

    /// <summary>The words of a text.</summary>
    public static List<string> Words(ReadOnlySpan<byte> text)
    {
        var words = new List<string>();
        while (NextLine(ref text, out var line))
        {
            while (NextWord(ref line, out var word)) words.Add(System.Text.Encoding.UTF8.GetString(word));
        }
        return words;
    }
}
