using Tare.Linux;

namespace Tare.Keeper.Logs;

/// <summary>Where each stream's part of a tail begins.</summary>
/// <param name="Offset">The frame to begin at.</param>
/// <param name="Starts">By stream (1, 2): the frame and the index in it of the first byte that belongs to the tail.</param>
internal readonly record struct TailStart(long Offset, (long Frame, int Index)[] Starts);

/// <summary>
/// Finds the last N lines by reading backwards from a boundary. The streams are split into lines independently; a line is placed
/// by its last byte.
/// </summary>
internal sealed class TailFinder(string directory, long end, int lines, bool finished)
{
    private readonly List<long> segments = LogSegments.List(directory);
    private readonly StreamState[] streams = [new(end), new(end), new(end)];
    private readonly byte[] buffer = new byte[LogFrame.MaxPayload];
    private int remaining = lines;

    /// <summary>Does it.</summary>
    public TailStart Find()
    {
        var first = end;
        var position = end;
        for (var i = segments.Count - 1; i >= 0 && !IsDone; i--)
        {
            if (segments[i] >= position) continue;
            using var segment = RegularFiles.OpenRead(LogSegments.PathOf(directory, segments[i]));
            if (segment is null) break; // rotated away meanwhile: what is left is what there is
            while (position > segments[i] && !IsDone)
            {
                position = Scan(segment, segments[i], position);
                first = position;
            }
        }
        if (!IsDone)
        {
            // The log's beginning is the beginning of what was still looked for.
            foreach (var stream in streams)
            {
                if (stream.Open || !stream.Seen) stream.Start = (first, 0);
            }
        }
        return new TailStart(Math.Min(first, end), [.. streams.Select(stream => stream.Start)]);
    }

    private bool IsDone => remaining == 0 && !streams[1].Open && !streams[2].Open;

    /// <summary>Takes the frame before a boundary; gives where it begins.</summary>
    private long Scan(Fd segment, long segmentStart, long boundary)
    {
        Span<byte> edge = stackalloc byte[LogFrame.HeaderSize];
        ReadExactly(segment, edge[..LogFrame.TrailerSize], boundary - segmentStart - LogFrame.TrailerSize);
        var length = LogFrame.ReadTrailer(edge);
        var start = boundary - length - LogFrame.Overhead;
        ReadExactly(segment, edge, start - segmentStart);
        if (!LogFrame.TryReadHeader(edge, out var number, out var stated, out _) || stated != length)
            throw Errors.TareException.Internal($"the log in \"{directory}\" is damaged before offset {boundary}");
        var payload = buffer.AsSpan(0, length);
        ReadExactly(segment, payload, start - segmentStart + LogFrame.HeaderSize);
        if (number is 1 or 2) Scan(streams[number], start, payload);
        return start;
    }

    private void Scan(StreamState stream, long frame, ReadOnlySpan<byte> payload)
    {
        if (!stream.Seen && payload.Length > 0)
        {
            stream.Seen = true;
            // What has no newline yet: a line of its own if none will come, else part of what follows.
            if (payload[^1] != '\n') stream.Open = !finished || TakeLine();
        }
        var rest = payload;
        while (rest.LastIndexOf((byte)'\n') is var at and >= 0)
        {
            if (stream.Open) stream.Start = (frame, at + 1);
            stream.Open = TakeLine();
            if (IsDone || (!stream.Open && remaining == 0)) return;
            rest = rest[..at];
        }
    }

    private bool TakeLine()
    {
        if (remaining == 0) return false;
        remaining--;
        return true;
    }

    private void ReadExactly(Fd segment, Span<byte> into, long at)
    {
        while (!into.IsEmpty)
        {
            var count = at < 0 ? 0 : RegularFiles.ReadAt(segment, into, at);
            if (count == 0) throw Errors.TareException.Internal($"the log in \"{directory}\" is damaged");
            into = into[count..];
            at += count;
        }
    }

    private sealed class StreamState(long end)
    {
        /// <summary>Whether any byte of it was found.</summary>
        public bool Seen { get; set; }

        /// <summary>Whether its earliest wanted line has no beginning yet.</summary>
        public bool Open { get; set; }

        public (long Frame, int Index) Start { get; set; } = (end, 0);
    }
}
