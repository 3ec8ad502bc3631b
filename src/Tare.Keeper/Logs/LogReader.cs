using Tare.Errors;
using Tare.Keeper.Logs;
using Tare.Linux;

namespace Tare.Keeper;

/// <summary>
/// Reads a container's log: raw chunks for attach, lines for <c>logs</c>. It survives rotation and removal of what it reads. Use
/// one of the two reading methods on a reader, by one caller at a time.
/// </summary>
public sealed class LogReader : IAsyncDisposable
{
    private readonly LogReadOptions options;
    private readonly LineSplitter splitter = new();
    private readonly Fd? eventFd;
    private readonly ILogWatch? watch;
    private readonly FrameCursor cursor;
    private readonly TailStart? tail;
    private readonly long limit;
    private readonly bool finished;
    private long toldSegment = -1;
    private bool untilPassed;
    private bool armed;
    private bool endKnown;
    private bool ended;

    private LogReader(LogReadOptions options, ILogWatch? watch, Fd? eventFd)
    {
        this.options = options;
        this.watch = watch;
        this.eventFd = eventFd;
        finished = watch is null || watch.End is not null || options.Follow;
        var live = watch is not null && watch.End is null;
        limit = options.Follow || watch is null ? long.MaxValue : watch.End ?? watch.Committed;
        var start = options.From.Offset switch
        {
            -1 when watch is not null => watch.Start,
            -1 or -2 => KnownEnd(),
            var offset => offset,
        };
        if (options.Tail is { } lines)
        {
            var end = KnownEnd();
            tail = new TailFinder(options.Directory, end, lines, finished: !live).Find();
            start = Math.Max(start, tail.Value.Offset);
        }
        cursor = new FrameCursor(options.Directory, start);

        long KnownEnd() => watch is null ? EndOf(options.Directory) : watch.End ?? watch.Committed;
    }

    /// <summary>The offset behind what has been read.</summary>
    public long Position => cursor.Position;

    /// <summary>Finds the place to begin at, and registers with the keeper when the log is being written.</summary>
    /// <exception cref="TareException">The log is damaged, or the keeper cannot be reached.</exception>
    public static async ValueTask<LogReader> OpenAsync(LogReadOptions options, CancellationToken cancellationToken)
    {
        if (options.Source is not { } source)
        {
            return options.Follow ? throw new ArgumentException("to follow a log takes its source", nameof(options)) : new LogReader(options, null, null);
        }
        var eventFd = EventFds.Create();
        ILogWatch? watch = null;
        try
        {
            try
            {
                watch = await source.Keeper.WatchLogAsync(source.Key, eventFd, options.Follow ? options.Hold : LogHold.None, cancellationToken);
            }
            catch (TareException error) when (error.Kind == ErrorKind.NotFound)
            {
                // Not kept any more: the log is finished.
                eventFd.Dispose();
                return new LogReader(options with { Follow = false }, null, null);
            }
            return new LogReader(options, watch, eventFd);
        }
        catch
        {
            if (watch is not null) await watch.DisposeAsync();
            eventFd.Dispose();
            throw;
        }
    }

    /// <summary>The next chunk; null at the end. Waits for output when it follows.</summary>
    public async ValueTask<LogChunk?> ReadChunkAsync(CancellationToken cancellationToken)
    {
        while (!ended)
        {
            if (NextFrame())
            {
                var chunk = Clip(cursor.Current);
                if (chunk.Data.IsEmpty || chunk.Stream is not (1 or 2) || chunk.Time < options.Since) continue;
                if (!(chunk.Time > options.Until)) return chunk;
                ended = true;
            }
            else if (!await WaitAsync(cancellationToken))
            {
                ended = true;
            }
        }
        return null;
    }

    /// <summary>
    /// The next line of either stream, in the order in which lines were completed; null at the end. Output without a newline is
    /// held until its newline, 16 KiB of it, or the process's end have come, as Docker does.
    /// </summary>
    public async ValueTask<LogLine?> ReadLineAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            LogLine? line = null;
            while (!splitter.NeedsChunk && (line = splitter.Next()) is null);
            if (line is null && !ended)
            {
                if (NextFrame()) splitter.Give(Clip(cursor.Current));
                else if (!await WaitAsync(cancellationToken)) ended = true;
                continue;
            }
            if (line is null && (!finished || untilPassed || (line = splitter.Flush()) is null)) return null;
            if (line.Value.Time < options.Since) continue;
            if (!(line.Value.Time > options.Until)) return line;
            untilPassed = ended = true;
            splitter.Give(default);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        cursor.Dispose();
        if (watch is not null) await watch.DisposeAsync();
        eventFd?.Dispose();
    }

    private bool NextFrame()
    {
        if (!cursor.Next(limit)) return false;
        armed = false;
        if (watch is not null && options.Follow && options.Hold != LogHold.None && toldSegment != cursor.SegmentStart)
        {
            toldSegment = cursor.SegmentStart;
            watch.Advance(toldSegment);
        }
        return true;
    }

    /// <summary>There was nothing to read: waits until it is worth another look; false: there will be no more.</summary>
    private async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        if (!options.Follow || watch is null) return false;
        if (!armed)
        {
            // The counter is taken, and the end asked for, before another look: what is written later wakes the wait, and
            // when the end was known then, that look has found everything.
            armed = true;
            EventFds.Take(eventFd!);
            endKnown = watch.End is not null;
            return true;
        }
        armed = false;
        if (endKnown || untilPassed) return false;
        if (options.Until is not { } until)
        {
            await options.Source!.Poller.WaitReadableAsync(eventFd!, cancellationToken);
            return true;
        }
        var left = until - options.Clock.GetUtcNow();
        if (left > TimeSpan.Zero)
        {
            using var timer = new CancellationTokenSource(left, options.Clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
            try
            {
                await options.Source!.Poller.WaitReadableAsync(eventFd!, either.Token);
                return true;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // The time has come.
            }
        }
        untilPassed = true;
        return true; // what was written before it
    }

    /// <summary>Takes away what is before a tail.</summary>
    private LogChunk Clip(LogChunk chunk)
    {
        if (tail is not { } from || chunk.Stream is not (1 or 2)) return chunk;
        var (frame, index) = from.Starts[chunk.Stream];
        if (cursor.FrameStart > frame) return chunk;
        return cursor.FrameStart < frame ? chunk with { Data = default } : chunk with { Data = chunk.Data[index..] };
    }

    /// <summary>The end of a log that nobody writes.</summary>
    private static long EndOf(string directory)
    {
        var starts = LogSegments.List(directory);
        if (starts.Count == 0) return 0;
        using var last = RegularFiles.OpenRead(LogSegments.PathOf(directory, starts[^1]));
        return last is null ? starts[^1] : starts[^1] + LogSegments.WholeFrames(last);
    }
}
