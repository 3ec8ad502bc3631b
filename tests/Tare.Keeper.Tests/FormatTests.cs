using FsCheck;
using FsCheck.Fluent;
using Tare.Errors;
using Tare.Keeper.Protocol;
using Tare.Keeper.Server;

namespace Tare.Keeper.Tests;

/// <summary>What one version writes and another reads.</summary>
public sealed class FormatTests
{
    [Fact]
    public void A_handover_is_read_as_it_was_written()
    {
        var handover = Sample();
        var read = Handover.Read(handover.Write());
        Assert.Equal(handover.Processes[0].Record, read.Processes[0].Record);
        Assert.Equal(handover.Write(), read.Write());
        Assert.Equal([3, 4, 10, 30, 20, 21, 22, 25, 40, 41, 42], read.Descriptors);
    }

    [Fact]
    public void A_handover_of_the_next_version_is_read_without_what_is_new()
    {
        var now = Sample().Write();
        // New fields of every wire type, at the top and inside.
        byte[] news = [0xA8, 0x3F, 0x05, 0xA1, 0x3F, 1, 2, 3, 4, 5, 6, 7, 8, 0xAA, 0x3F, 0x02, 9, 9, 0xA5, 0x3F, 1, 2, 3, 4];
        Assert.Equal(now, Handover.Read([.. news, .. now, .. news]).Write());
        var record = new byte[1000];
        var writer = new FieldWriter(record);
        Sample().Processes[0].Record.Write(ref writer);
        Assert.Equal(Sample().Processes[0].Record, ProcessRecord.Read([.. writer.Written, .. news]));
    }

    [Fact]
    public void A_handover_of_the_version_before_is_read_with_what_it_lacks_as_nothing()
    {
        // The least that any version wrote: version, listener, and a process of which little was known.
        var buffer = new byte[1000];
        var inner = new FieldWriter(new byte[100]);
        inner.Text(Field.Id, "old");
        inner.Number(Field.Pid, 77);
        var process = new FieldWriter(new byte[200]);
        process.Bytes(Field.Record, inner.Written);
        process.Number(Field.Phase, 1);
        var writer = new FieldWriter(buffer);
        writer.Number(Field.FormatVersion, 1);
        writer.Present(Field.Listener, 3);
        writer.Bytes(Field.Process, process.Written);
        var read = Handover.Read(writer.Written);
        Assert.Equal((new ProcessKey("old", 0), 77, Phase.Running), (read.Processes[0].Record.Key, read.Processes[0].Record.Pid, read.Processes[0].Phase));
        Assert.Null(read.Processes[0].Launch);
        Assert.Equal(-1, read.Processes[0].LogPosition);
    }

    [Fact]
    public void A_handover_that_needs_a_newer_reader_is_refused()
    {
        var writer = new FieldWriter(new byte[100]);
        writer.Number(Field.FormatVersion, 9);
        writer.Number(Field.ReadableFrom, 9);
        writer.Present(Field.Listener, 3);
        var bytes = writer.Written.ToArray();
        Assert.Equal(ErrorKind.NotImplemented, Assert.Throws<TareException>(() => Handover.Read(bytes)).Kind);
    }

    [Fact]
    public void A_handover_with_held_descriptors_is_refused_by_a_program_that_would_not_close_them()
    {
        Assert.Equal(2, ReadableFrom(Sample()));
        Assert.Equal(1, ReadableFrom(Sample() with { Holdings = [] }));

        static long ReadableFrom(Handover handover)
        {
            var reader = new FieldReader(handover.Write());
            while (reader.Next() && reader.Field != Field.ReadableFrom)
            {
                // Others.
            }
            return reader.Number;
        }
    }

    [Fact]
    public void As_many_descriptors_as_a_name_can_have_are_handed_over_in_their_order()
    {
        var holdings = new[] { "a", new string('b', FdPart.MaxNameBytes) }.Select(name => new HandedHolding(name, [.. Enumerable.Range(2_000_000_000, FdPart.MaxTotal).Reverse()])).ToList();
        var read = Handover.Read((Sample() with { Holdings = holdings }).Write()).Holdings;
        Assert.Equal(holdings.Select(holding => holding.Name), read.Select(holding => holding.Name));
        for (var i = 0; i < 2; i++) Assert.Equal(holdings[i].Descriptors, read[i].Descriptors);
    }

    [Fact]
    public void Any_bytes_are_a_part_of_a_list_or_refused() =>
        Prop.ForAll<byte[]>(data =>
        {
            try
            {
                var part = FdPart.Read(data);
                Assert.InRange(part.Total, part.First + 1, FdPart.MaxTotal);
            }
            catch (TareException)
            {
                // Refused.
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_bytes_are_read_or_refused() =>
        Prop.ForAll<byte[]>(data =>
        {
            try
            {
                _ = ProcessRecord.Read(data);
                _ = Handover.Read(data);
            }
            catch (TareException)
            {
                // Refused.
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_journal_tells_after_any_cut_what_was_whole()
    {
        var root = Directory.CreateTempSubdirectory("tare-journal-").FullName;
        try
        {
            var path = root + "/keeper.journal";
            var sizes = new List<(long Size, int Living)>();
            using (var journal = new Journal(path))
            {
                sizes.Add((0, 0));
                for (var i = 0; i < 6; i++)
                {
                    var record = new ProcessRecord { Key = new ProcessKey($"p{i}", i), Pid = i };
                    journal.Intent(record);
                    Note();
                    journal.Started(record);
                    Note();
                    if (i % 3 == 0) journal.Forget(record.Key);
                    Note();

                    void Note() => sizes.Add((new FileInfo(path).Length, journal.Living.Count()));
                }
            }
            var whole = File.ReadAllBytes(path);
            for (var cut = 0; cut <= whole.Length; cut++)
            {
                File.WriteAllBytes(path, whole[..cut]);
                using var journal = new Journal(path);
                Assert.Equal(sizes.Last(size => size.Size <= cut).Living, journal.Living.Count());
            }
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public void A_journal_stays_small()
    {
        var root = Directory.CreateTempSubdirectory("tare-journal-").FullName;
        try
        {
            var path = root + "/keeper.journal";
            using (var journal = new Journal(path))
            {
                var stays = new ProcessRecord { Key = new ProcessKey("stays", 1), Pid = 1, Container = "c" };
                journal.Started(stays);
                for (var i = 0; i < 20_000; i++)
                {
                    var record = new ProcessRecord { Key = new ProcessKey("goes", i), Pid = i };
                    journal.Intent(record);
                    journal.Started(record);
                    journal.Forget(record.Key);
                }
            }
            Assert.InRange(new FileInfo(path).Length, 1, 70_000);
            using var again = new Journal(path);
            Assert.Equal("stays", Assert.Single(again.Living).Record.Key.Id);
            Assert.True(again.Living.Single().Started);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static Handover Sample() => new()
    {
        Listener = 3,
        Lock = 4,
        RequestSession = 1,
        Request = 99,
        Sessions = [new HandedSession(1, 10, true)],
        Watches = [new HandedWatch(1, 5, new ProcessKey("a", 2), LogHold.Require, 12345, 30, 7)],
        Aborted = [new ProcessKey("gone", 3)],
        Holdings = [new HandedHolding("dns/a", [40, 41]), new HandedHolding("filter", [42])],
        Processes =
        [
            new HandedProcess(
                new ProcessRecord
                {
                    Key = new ProcessKey("a", 2),
                    Container = "container",
                    Pid = 4711,
                    Identity = 18446744073709551615,
                    StartedAt = DateTimeOffset.UnixEpoch.AddDays(20000),
                    Terminal = true,
                    OpenStdin = true,
                    Output = OutputTarget.Log,
                    Log = new LogOptions { Directory = "/a/b", MaxBytes = 1, SegmentBytes = 2 },
                    LogStart = 0,
                    Exit = new ProcessExit(new ProcessKey("a", 2), 0, false, DateTimeOffset.UnixEpoch.AddDays(20001), 55),
                    Slots = Slots.PidFd | Slots.Stdin | Slots.Master,
                },
                Phase.Launching,
                1,
                true,
                true,
                [20, 21, 22],
                77,
                new HandedLaunch(55, 25, (3, 2), true, [(1, 8), (1, 9)])),
        ],
    };
}
