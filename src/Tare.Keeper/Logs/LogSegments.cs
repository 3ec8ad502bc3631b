using System.Buffers;
using System.Globalization;
using Tare.Linux;

namespace Tare.Keeper.Logs;

/// <summary>The names of a log's segments: the offset of the first byte in 20 digits, and <c>.log</c>.</summary>
internal static class LogSegments
{
    private const string Suffix = ".log";
    private const int Digits = 20;

    public static string PathOf(string directory, long start) =>
        string.Create(CultureInfo.InvariantCulture, $"{directory}/{start:D20}{Suffix}");

    /// <summary>The starts of the segments that are there, ascending; empty when there is no such folder.</summary>
    public static List<long> List(string directory)
    {
        var starts = new List<long>();
        try
        {
            foreach (var path in Directory.EnumerateFiles(directory, "*" + Suffix))
            {
                var name = Path.GetFileName(path.AsSpan());
                if (name.Length == Digits + Suffix.Length && long.TryParse(name[..Digits], NumberStyles.None, CultureInfo.InvariantCulture, out var start)) starts.Add(start);
            }
        }
        catch (DirectoryNotFoundException)
        {
            return starts;
        }
        starts.Sort();
        return starts;
    }

    /// <summary>
    /// How many bytes of a segment are whole frames. A writer that was killed leaves a torn one at the end; its bytes can look like
    /// anything, so that only reading from the beginning tells.
    /// </summary>
    public static long WholeFrames(Fd segment)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(256 * 1024);
        try
        {
            long boundary = 0, position = 0; // position: of the buffer's first byte in the segment
            var filled = RegularFiles.ReadAt(segment, buffer, 0);
            while (true)
            {
                var at = (int)(boundary - position);
                if (filled - at >= LogFrame.HeaderSize)
                {
                    if (!LogFrame.TryReadHeader(buffer.AsSpan(at), out _, out var length, out _)) return boundary;
                    if (filled - at >= length + LogFrame.Overhead)
                    {
                        if (LogFrame.ReadTrailer(buffer.AsSpan(at + LogFrame.HeaderSize + length)) != length) return boundary;
                        boundary += length + LogFrame.Overhead;
                        continue;
                    }
                }
                if (position == boundary && filled == buffer.Length) return boundary; // no frame is as large as the buffer
                position = boundary;
                var before = filled - at;
                filled = 0;
                int count;
                while (filled < buffer.Length && (count = RegularFiles.ReadAt(segment, buffer.AsSpan(filled), position + filled)) > 0) filled += count;
                if (filled <= before) return boundary;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
