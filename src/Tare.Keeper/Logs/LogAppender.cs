using Tare.Linux;

namespace Tare.Keeper.Logs;

/// <summary>
/// The writing side of a log's folder: appends frames, begins new segments, repairs what a killed writer left, and removes the
/// oldest segments. Every call may wait for the disk.
/// </summary>
internal sealed class LogAppender(LogOptions options) : IDisposable
{
    private readonly List<Segment> segments = [];
    private Fd? current;
    private long total;

    /// <summary>The offset behind the last whole frame.</summary>
    public long End { get; private set; }

    /// <summary>The offset of the oldest byte that is still there.</summary>
    public long Oldest => segments.Count == 0 ? End : segments[0].Start;

    /// <summary>How many bytes the segments have.</summary>
    public long Total => total;

    public bool IsOpen => current is not null;

    /// <summary>Whether the log has reached twice its limit because somebody requires its oldest segments.</summary>
    public bool IsBlocked { get; private set; }

    /// <summary>Opens the log and cuts a torn frame off; makes it when it is not there.</summary>
    /// <param name="knownEnd">The end, when it is known for certain and nothing needs to be searched; else -1.</param>
    /// <param name="make">Whether a log that is not there is made. Otherwise it stays closed, and its end is 0: most containers that live for a moment write nothing.</param>
    public void Open(long knownEnd = -1, bool make = true)
    {
        if (IsOpen || (!make && !Directory.Exists(options.Directory))) return;
        segments.Clear();
        total = 0;
        Directory.CreateDirectory(options.Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var starts = LogSegments.List(options.Directory);
        for (var i = 0; i + 1 < starts.Count; i++) Append(new Segment(starts[i], starts[i + 1] - starts[i]));
        var last = starts.Count == 0 ? 0 : starts[^1];
        var file = RegularFiles.OpenOrCreate(LogSegments.PathOf(options.Directory, last));
        try
        {
            var size = FileStatuses.Of(file)?.Size ?? 0;
            var whole = knownEnd == last + size ? size : LogSegments.WholeFrames(file);
            if (whole != size) RegularFiles.Truncate(file, whole);
            Append(new Segment(last, whole));
            End = last + whole;
            current = file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Appends one sealed frame; all of it or nothing is there afterwards.</summary>
    /// <exception cref="LinuxException">The disk is full or broken, or the folder was removed.</exception>
    public void Append(ReadOnlySpan<byte> frame)
    {
        Open();
        var segment = segments[^1];
        if (segment.Size > 0 && segment.Size + frame.Length > options.SegmentBytes) segment = Rotate();
        var rest = frame;
        var position = segment.Size;
        while (!rest.IsEmpty)
        {
            var count = RegularFiles.TryWriteAt(current!, rest, position, out var error);
            if (count < 0)
            {
                RegularFiles.Truncate(current!, segment.Size);
                throw new LinuxException($"write the log in \"{options.Directory}\"", error);
            }
            rest = rest[count..];
            position += count;
        }
        segment.Size = position;
        total += frame.Length;
        End += frame.Length;
    }

    /// <summary>Removes the oldest segments while the log is over its limit, as far as those who need them allow.</summary>
    /// <param name="preferred">The lowest position that somebody would like to keep: respected up to twice the limit.</param>
    /// <param name="required">The lowest position that somebody must have: respected always.</param>
    public void Prune(long preferred, long required)
    {
        IsBlocked = false;
        while (total > options.MaxBytes && segments.Count > 1)
        {
            var oldest = segments[0];
            var end = oldest.Start + oldest.Size;
            if (required < end)
            {
                IsBlocked = total > 2 * options.MaxBytes;
                return;
            }
            if (preferred < end && total <= 2 * options.MaxBytes) return;
            File.Delete(LogSegments.PathOf(options.Directory, oldest.Start));
            segments.RemoveAt(0);
            total -= oldest.Size;
        }
    }

    public void Dispose()
    {
        current?.Dispose();
        current = null;
    }

    private Segment Rotate()
    {
        var file = RegularFiles.OpenOrCreate(LogSegments.PathOf(options.Directory, End));
        current!.Dispose();
        current = file;
        var segment = new Segment(End, 0);
        segments.Add(segment);
        return segment;
    }

    private void Append(Segment segment)
    {
        segments.Add(segment);
        total += segment.Size;
    }

    private sealed class Segment(long start, long size)
    {
        public long Start { get; } = start;

        public long Size { get; set; } = size;
    }
}
