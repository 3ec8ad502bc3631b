using Tare.Linux;

namespace Tare.Keeper.Logs;

/// <summary>
/// Reads whole frames forward from an offset, while the log may be written, rotated and removed. What is gone is jumped over.
/// </summary>
internal sealed class FrameCursor(string directory, long position) : IDisposable
{
    private readonly byte[] buffer = new byte[2 * (LogFrame.MaxPayload + LogFrame.Overhead)];
    private Fd? segment;
    private long segmentStart;
    private int filled;
    private int used;

    /// <summary>The offset behind the last frame; always a boundary.</summary>
    public long Position { get; private set; } = position;

    /// <summary>The offset of the last frame.</summary>
    public long FrameStart { get; private set; }

    /// <summary>The last frame.</summary>
    public LogChunk Current { get; private set; }

    /// <summary>Where the segment begins that is being read.</summary>
    public long SegmentStart => segmentStart;

    /// <summary>Goes to the next whole frame that begins before <paramref name="limit"/>; false when there is none (yet).</summary>
    public bool Next(long limit)
    {
        while (Position < limit)
        {
            if (segment is null && !OpenSegment()) return false;
            if (TakeFrame()) return true;
            // Nothing whole here: either the newest frame is still being written, or the log goes on in the next segment.
            if (!HasLater()) return false;
            // The segment was finished before the later one was begun: look once more, then leave it.
            if (TakeFrame()) return true;
            CloseSegment();
            if (!OpenSegment(after: segmentStart)) return false;
        }
        return false;
    }

    public void Dispose() => CloseSegment();

    private bool TakeFrame()
    {
        if (ParseFrame()) return true;
        Fill();
        return ParseFrame();
    }

    private bool ParseFrame()
    {
        var rest = buffer.AsMemory(used, filled - used);
        if (rest.Length < LogFrame.HeaderSize) return false;
        if (!LogFrame.TryReadHeader(rest.Span, out var stream, out var length, out var time)) return false;
        if (rest.Length < length + LogFrame.Overhead) return false;
        if (LogFrame.ReadTrailer(rest.Span[(LogFrame.HeaderSize + length)..]) != length) return false;
        FrameStart = Position;
        Current = new LogChunk(stream, Protocol.UnixTime.FromNanoseconds(time), rest.Slice(LogFrame.HeaderSize, length));
        used += length + LogFrame.Overhead;
        Position += length + LogFrame.Overhead;
        return true;
    }

    private void Fill()
    {
        buffer.AsSpan(used, filled - used).CopyTo(buffer);
        filled -= used;
        used = 0;
        int count;
        while (filled < LogFrame.MaxPayload + LogFrame.Overhead && (count = RegularFiles.ReadAt(segment!, buffer.AsSpan(filled), Position - segmentStart + filled)) > 0) filled += count;
    }

    private bool HasLater()
    {
        var starts = LogSegments.List(directory);
        return starts.Count > 0 && starts[^1] > segmentStart;
    }

    /// <summary>Opens the segment that has the position, or when that is gone, the next one.</summary>
    private bool OpenSegment(long after = -1)
    {
        var starts = LogSegments.List(directory);
        for (var i = 0; i < starts.Count; i++)
        {
            var start = starts[i];
            if (start <= after || (i + 1 < starts.Count && starts[i + 1] <= Position)) continue;
            var file = RegularFiles.OpenRead(LogSegments.PathOf(directory, start));
            if (file is null) continue; // removed since
            segment = file;
            segmentStart = start;
            Position = Math.Max(Position, start);
            return true;
        }
        return false;
    }

    private void CloseSegment()
    {
        segment?.Dispose();
        segment = null;
        filled = used = 0;
    }
}
