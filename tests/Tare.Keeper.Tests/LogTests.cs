using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tare.Keeper.Logs;
using Tare.Linux;

namespace Tare.Keeper.Tests;

/// <summary>The log by itself: what is written is read back, whatever the chunks were.</summary>
public sealed class LogTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("tare-log-").FullName;
    private int count;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void Chunks_come_back_as_they_were_written_over_any_rotation() =>
        Prop.ForAll(Chunks(), chunks =>
        {
            var options = NewLog(segment: 200);
            Write(options, chunks);
            var read = ReadChunks(new LogReadOptions { Directory = options.Directory });
            Assert.Equal(chunks.Select(chunk => (chunk.Stream, chunk.Text)), read);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Lines_are_those_of_each_stream_in_the_order_of_their_ends() =>
        Prop.ForAll(Chunks(), chunks =>
        {
            var options = NewLog(segment: 200);
            Write(options, chunks);
            var read = ReadLines(new LogReadOptions { Directory = options.Directory });
            Assert.Equal(Model(chunks).Select(line => (line.Stream, line.Text, line.Time)), read);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_tail_is_the_last_lines() =>
        Prop.ForAll(Chunks(), Gen.Choose(0, 8).ToArbitrary(), (chunks, lines) =>
        {
            var options = NewLog(segment: 200);
            Write(options, chunks);
            var read = ReadLines(new LogReadOptions { Directory = options.Directory, Tail = lines });
            var all = Model(chunks);
            var wanted = all.OrderBy(line => line.Last).TakeLast(lines).ToHashSet();
            Assert.Equal(all.Where(wanted.Contains).Select(line => (line.Stream, line.Text, line.Time)), read);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Since_and_until_choose_by_the_time_of_the_first_byte() =>
        Prop.ForAll(Chunks(), Gen.Two(Gen.Choose(0, 40)).ToArbitrary(), (chunks, times) =>
        {
            var options = NewLog(segment: 200);
            Write(options, chunks);
            var (since, until) = (TimeOf(times.Item1), TimeOf(times.Item2));
            var read = ReadLines(new LogReadOptions { Directory = options.Directory, Since = since, Until = until });
            // What is not ended cannot be known to be of the time before the end.
            var expected = Model(chunks).TakeWhile(line => line.Time < since || line.Time <= until).Where(line => line.Time >= since && line.Time <= until);
            Assert.Equal(expected.Select(line => (line.Stream, line.Text, line.Time)), read);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_torn_frame_is_cut_off_wherever_it_is_torn() =>
        Prop.ForAll(Chunks(), Gen.Choose(1, 1000).ToArbitrary(), (chunks, cut) =>
        {
            var options = NewLog(segment: 1_000_000);
            Write(options, [.. chunks, new Chunk(1, "whole", 50), new Chunk(1, new string('x', 1000), 51)]);
            var file = Directory.GetFiles(options.Directory).Single();
            using (var handle = File.OpenWrite(file)) handle.SetLength(handle.Length - cut);
            using (var appender = new LogAppender(options)) appender.Open();
            Write(options, [new Chunk(2, "after", 52)]);
            var read = ReadChunks(new LogReadOptions { Directory = options.Directory });
            Assert.Equal([.. chunks.Select(chunk => (chunk.Stream, chunk.Text)), (1, "whole"), (2, "after")], read);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_payload_that_looks_like_frames_deceives_nobody()
    {
        var options = NewLog(segment: 1_000_000);
        var fake = new byte[LogFrame.Overhead + 4];
        LogFrame.Seal(fake, 1, 4, 0);
        var payload = Encoding.Latin1.GetString([.. fake, .. fake, .. fake]);
        Write(options, [new Chunk(1, "real", 1), new Chunk(1, payload, 2)]);
        var file = Directory.GetFiles(options.Directory).Single();
        // Torn right behind a fake frame.
        using (var handle = File.OpenWrite(file)) handle.SetLength(handle.Length - LogFrame.TrailerSize - fake.Length);
        using (var appender = new LogAppender(options))
        {
            appender.Open();
            Assert.Equal(LogFrame.Overhead + 4, appender.End);
        }
        Assert.Equal([(1, "real")], ReadChunks(new LogReadOptions { Directory = options.Directory }));
    }

    [Fact]
    public void The_oldest_segments_go_and_offsets_stay()
    {
        var options = NewLog(max: 10_000, segment: 1000);
        using var appender = new LogAppender(options);
        for (var i = 0; i < 1000; i++)
        {
            Append(appender, new Chunk(1, $"{i:D80}", i));
            appender.Prune(long.MaxValue, long.MaxValue);
            Assert.InRange(appender.Total, 0, 11_000);
        }
        Assert.Equal(100_000, appender.End);
        var read = ReadChunks(new LogReadOptions { Directory = options.Directory });
        Assert.Equal($"{999:D80}", read[^1].Text);
        Assert.InRange(read.Count, 90, 100);
        // A position that is gone goes on with what is there; one that is there is exact.
        Assert.Equal(read, ReadChunks(new LogReadOptions { Directory = options.Directory, From = LogPosition.At(500) }));
        Assert.Equal([read[^1]], ReadChunks(new LogReadOptions { Directory = options.Directory, From = LogPosition.At(99_900) }));
    }

    [Fact]
    public void Who_needs_a_segment_holds_it_back_up_to_a_bound()
    {
        var options = NewLog(max: 10_000, segment: 1000);
        using var appender = new LogAppender(options);
        for (var i = 0; i < 1000; i++)
        {
            Append(appender, new Chunk(1, $"{i:D80}", i));
            appender.Prune(preferred: 0, required: long.MaxValue);
            Assert.False(appender.IsBlocked);
            Assert.InRange(appender.Total, 0, 21_000);
        }
        Assert.InRange(appender.Total, 18_000, 21_000);
        for (var i = 0; i < 20; i++) Append(appender, new Chunk(1, $"{i:D80}", i));
        var oldest = appender.Oldest;
        appender.Prune(long.MaxValue, required: oldest);
        Assert.True(appender.IsBlocked);
        Assert.Equal(oldest, appender.Oldest);
        appender.Prune(long.MaxValue, required: appender.End);
        Assert.False(appender.IsBlocked);
        Assert.InRange(appender.Total, 0, 11_000);
    }

    [Fact]
    public void A_line_without_end_comes_in_pieces()
    {
        var options = NewLog(segment: 1_000_000);
        Write(options, [new Chunk(1, new string('a', 20_000), 1), new Chunk(1, new string('b', 20_000) + "\nc\n", 2)]);
        var lines = ReadLinePieces(new LogReadOptions { Directory = options.Directory });
        Assert.Equal([16384, 16384, 7233, 2], lines.Select(line => line.Length));
        Assert.Equal([false, true, true, false], lines.Select(line => line.Continues));
    }

    [Fact]
    public void A_log_that_is_not_there_is_empty() =>
        Assert.Empty(ReadChunks(new LogReadOptions { Directory = root + "/missing" }));

    private static Arbitrary<Chunk[]> Chunks()
    {
        var text = Gen.Elements('a', 'b', '\n', '\n').ArrayOf().Select(characters => new string(characters)).Where(value => value.Length > 0);
        var chunk = Gen.Choose(1, 2).Zip(text);
        return chunk.ArrayOf().Select(all => all.Select((item, index) => new Chunk(item.Item1, item.Item2, index)).ToArray()).ToArbitrary();
    }

    /// <summary>What the lines of some chunks are: by stream, in the order of their ends, the unended last.</summary>
    private static List<ModelLine> Model(Chunk[] chunks)
    {
        var lines = new List<ModelLine>();
        var open = new ModelLine?[3];
        var position = 0;
        foreach (var chunk in chunks)
        {
            foreach (var character in chunk.Text)
            {
                var line = open[chunk.Stream] ??= new ModelLine(chunk.Stream, "", TimeOf(chunk.Time), 0);
                line = open[chunk.Stream] = line with { Text = line.Text + character, Last = position++ };
                if (character != '\n') continue;
                lines.Add(line);
                open[chunk.Stream] = null;
            }
        }
        lines.AddRange(open.OfType<ModelLine>());
        return lines;
    }

    private static DateTimeOffset TimeOf(int index) => DateTimeOffset.UnixEpoch.AddSeconds(index);

    private static void Append(LogAppender appender, Chunk chunk)
    {
        var frame = new byte[LogFrame.MaxPayload + LogFrame.Overhead];
        var length = Encoding.Latin1.GetBytes(chunk.Text, frame.AsSpan(LogFrame.HeaderSize));
        appender.Append(frame.AsSpan(0, LogFrame.Seal(frame, chunk.Stream, length, Protocol.UnixTime.ToNanoseconds(TimeOf(chunk.Time)))));
    }

    private static void Write(LogOptions options, Chunk[] chunks)
    {
        using var appender = new LogAppender(options);
        appender.Open();
        foreach (var chunk in chunks) Append(appender, chunk);
    }

    private static List<(int Stream, string Text)> ReadChunks(LogReadOptions options)
    {
        var result = new List<(int, string)>();
        var reader = Now(LogReader.OpenAsync(options, CancellationToken.None));
        while (Now(reader.ReadChunkAsync(CancellationToken.None)) is { } chunk) result.Add((chunk.Stream, Encoding.Latin1.GetString(chunk.Data.Span)));
        return result;
    }

    private static List<(int Stream, string Text, DateTimeOffset Time)> ReadLines(LogReadOptions options)
    {
        var result = new List<(int, string, DateTimeOffset)>();
        var reader = Now(LogReader.OpenAsync(options, CancellationToken.None));
        while (Now(reader.ReadLineAsync(CancellationToken.None)) is { } line) result.Add((line.Stream, Encoding.Latin1.GetString(line.Data.Span), line.Time));
        return result;
    }

    private static List<(int Length, bool Continues)> ReadLinePieces(LogReadOptions options)
    {
        var result = new List<(int, bool)>();
        var reader = Now(LogReader.OpenAsync(options, CancellationToken.None));
        while (Now(reader.ReadLineAsync(CancellationToken.None)) is { } line) result.Add((line.Data.Length, line.Continues));
        return result;
    }

    /// <summary>Nothing here waits for anybody.</summary>
    private static T Now<T>(ValueTask<T> task)
    {
        Assert.True(task.IsCompleted);
        return task.Result;
    }

    private LogOptions NewLog(long max = long.MaxValue / 2, long segment = LogOptions.DefaultSegmentBytes) =>
        new() { Directory = $"{root}/{count++}", MaxBytes = max, SegmentBytes = segment };

    internal sealed record Chunk(int Stream, string Text, int Time);

    private sealed record ModelLine(int Stream, string Text, DateTimeOffset Time, int Last);
}
