using System.Buffers.Text;
using Tare.Errors;

namespace Tare.Oci.Archives;

/// <summary>The maps of GNU's sparse files (GNU tar manual, "Storing Sparse Files"): old GNU, pax 0.0, 0.1 and 1.0.</summary>
internal static class TarSparse
{
    /// <summary>More parts than any file system makes of a file that is worth storing so.</summary>
    private const int MaxExtents = 100_000;

    private const int PairLength = 24;

    internal delegate void BlockReader(Span<byte> block);

    /// <summary>The map in a GNU header and the blocks that follow it.</summary>
    /// <param name="block">The header; each following block is read into it.</param>
    /// <param name="readNext">Reads the next block there.</param>
    internal static List<TarExtent> ReadOldGnu(byte[] block, Action readNext)
    {
        var map = new List<TarExtent>();
        var more = ReadPairs(block.AsSpan(386, 4 * PairLength), map) && block[482] != 0;
        while (more)
        {
            readNext();
            more = ReadPairs(block.AsSpan(0, 21 * PairLength), map) && block[504] != 0;
        }

        return map;
    }

    /// <summary>The map at the start of the content: decimal numbers, one a line, in whole blocks.</summary>
    internal static List<TarExtent> ReadInline(BlockReader read)
    {
        Span<byte> block = stackalloc byte[TarHeader.BlockLength];
        var numbers = new List<long>();
        long wanted = 1;
        long current = 0;
        var digits = 0;
        while (true)
        {
            read(block);
            foreach (var c in block)
            {
                if (c == '\n')
                {
                    if (digits == 0) throw Malformed();
                    if (wanted == 1 && numbers.Count == 0)
                    {
                        if (current > MaxExtents) throw Malformed();
                        wanted = 1 + (2 * current);
                    }

                    numbers.Add(current);
                    current = digits = 0;
                    if (numbers.Count == wanted) return Pair(numbers.GetRange(1, numbers.Count - 1));
                }
                else if (c is >= (byte)'0' and <= (byte)'9' && digits++ < 18)
                {
                    current = (current * 10) + (c - '0');
                }
                else
                {
                    throw Malformed();
                }
            }
        }
    }

    /// <summary>The list of pax format 0.1: numbers with commas between them.</summary>
    internal static List<long> ParseList(ReadOnlySpan<byte> text)
    {
        var numbers = new List<long>();
        foreach (var range in text.Split((byte)','))
        {
            var number = text[range];
            if (!Utf8Parser.TryParse(number, out long value, out var used) || used != number.Length) throw Malformed();
            numbers.Add(value);
        }

        return numbers;
    }

    internal static List<TarExtent> Pair(IReadOnlyList<long> numbers)
    {
        if (numbers.Count % 2 != 0) throw Malformed();
        var map = new List<TarExtent>(numbers.Count / 2);
        for (var i = 0; i < numbers.Count; i += 2) map.Add(new TarExtent(numbers[i], numbers[i + 1]));
        return map;
    }

    /// <summary>Holds a map against the sizes: in order, without overlap, inside the file, and exactly what is stored.</summary>
    internal static IReadOnlyList<TarExtent> Check(List<TarExtent> map, long realSize, long stored)
    {
        if (map.Count > MaxExtents || realSize < 0) throw Malformed();
        long end = 0;
        long total = 0;
        foreach (var (offset, length) in map)
        {
            if (offset < end || length < 0 || length > realSize || offset > realSize - length) throw Malformed();
            end = offset + length;
            total += length;
        }

        return total == stored ? map : throw Malformed();
    }

    private static bool ReadPairs(ReadOnlySpan<byte> pairs, List<TarExtent> map)
    {
        for (; !pairs.IsEmpty; pairs = pairs[PairLength..])
        {
            if (pairs[0] == 0) return false;
            if (!TarHeader.TryReadNumber(pairs[..12], out var offset) || !TarHeader.TryReadNumber(pairs[12..24], out var length)) throw Malformed();
            map.Add(new TarExtent(offset, length));
            if (map.Count > MaxExtents) throw Malformed();
        }

        return true;
    }

    private static TareException Malformed() => TareException.Invalid("the archive is malformed: the map of a sparse file makes no sense");
}
