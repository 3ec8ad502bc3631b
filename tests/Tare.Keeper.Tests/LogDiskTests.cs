using System.Diagnostics;
using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Keeper.Tests;

/// <summary>Disks of logs that do not answer, or are full.</summary>
[Collection("alone")]
public sealed class LogDiskTests
{
    private const int Many = 300_000;

    [Fact]
    public async Task A_stalled_log_disk_leaves_the_launches_of_others_quick()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var disk = LoopDisk.Create(keeper.Root);
        using var chatter = await keeper.LaunchAsync("chatter", TestProgram.Execute(false, "/usr/bin/yes", "a line of output"), log: new LogOptions { Directory = disk.Path + "/log", MaxBytes = 4_000_000, SegmentBytes = 1_000_000 });
        using var onTheDisk = await keeper.LaunchAsync("later", TestProgram.Shell("echo a; exit 5"), log: new LogOptions { Directory = disk.Path + "/first" });
        Assert.Equal(5, (await keeper.ExitAsync("later")).ExitCode);
        // The machine has other work too: one round in which nothing of it came in between is proof enough.
        double quiet = 0, stalled = double.MaxValue;
        for (var round = 0; round < 5 && stalled >= 2 * quiet; round++)
        {
            PidFds.SendSignal(chatter.PidFd, 19); // SIGSTOP
            quiet = await MedianAsync(keeper, $"quiet{round}-");
            PidFds.SendSignal(chatter.PidFd, 18); // SIGCONT
            disk.Freeze();
            stalled = await MedianAsync(keeper, $"stalled{round}-");
            disk.Thaw();
        }
        Assert.True(stalled < 2 * quiet, $"{stalled} ms against {quiet} ms");
        disk.Freeze();
        try
        {
            // Not even a launch that logs to that disk waits for it; only its end does.
            using var launched = await keeper.LaunchAsync("frozen", TestProgram.Shell("echo b; exit 6"), log: new LogOptions { Directory = disk.Path + "/second" });
            using var exec = await keeper.LaunchAsync("while", TestProgram.Shell("exit 3"), OutputTarget.Caller);
            Assert.Equal(3, (await keeper.ExitAsync("while")).ExitCode);
            Assert.False(keeper.Told.ContainsKey(launched.Key));
        }
        finally
        {
            disk.Thaw();
        }
        Assert.Equal(6, (await keeper.ExitAsync("frozen")).ExitCode);
        PidFds.SendSignal(chatter.PidFd, 9);
        await keeper.ExitAsync("chatter");
    }

    [Fact]
    public async Task While_a_log_disk_is_frozen_the_output_of_others_is_written_and_read_in_full()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var disk = LoopDisk.Create(keeper.Root);
        var onTheDisk = new LogOptions { Directory = disk.Path + "/log" };
        using var frozen = await keeper.LaunchAsync("frozen", TestProgram.Shell($"echo before; read line; exec seq 1 {Many}"), stdin: true, log: onTheDisk);
        using var older = await keeper.LaunchAsync("older", TestProgram.Shell($"read line; exec seq 1 {Many}"), stdin: true);
        await using (var written = await LogReader.OpenAsync(keeper.Follow("frozen") with { Directory = onTheDisk.Directory }, CancellationToken.None))
            Assert.NotNull(await written.ReadLineAsync(Patience()));
        disk.Freeze();
        try
        {
            await keeper.Poller.WriteAsync(frozen.Stdin!, "\n"u8.ToArray(), CancellationToken.None);
            await keeper.Poller.WriteAsync(older.Stdin!, "\n"u8.ToArray(), CancellationToken.None);
            // One that had its log before, and one that comes now.
            await AssertCountsAsync(keeper, "older");
            using var newer = await keeper.LaunchAsync("newer", TestProgram.Shell($"exec seq 1 {Many}"));
            await AssertCountsAsync(keeper, "newer");
            Assert.Equal(0, (await keeper.ExitAsync("newer")).ExitCode);
            // What is on the frozen disk can be read, as often as one likes: nothing of it waits in the keeper.
            var before = KeeperFixture.OpenFiles(keeper.Client.KeeperPid);
            for (var i = 0; i < 100; i++)
            {
                await using var reader = await LogReader.OpenAsync(keeper.Follow("frozen") with { Directory = onTheDisk.Directory, Follow = false }, CancellationToken.None).AsTask().WaitAsync(Patience());
                Assert.Equal("before\n", Encoding.UTF8.GetString((await reader.ReadLineAsync(Patience()))!.Value.Data.Span));
            }
            await keeper.Client.CloseStdinAsync(older.Key, CancellationToken.None); // a request that is answered after those before it
            Assert.Equal(before.Length, KeeperFixture.OpenFiles(keeper.Client.KeeperPid).Length);
            // Its pipe is full, and it waits.
            Assert.NotNull(ProcStat.Read(frozen.Pid));
            Assert.False(keeper.Told.ContainsKey(frozen.Key));
        }
        finally
        {
            disk.Thaw();
        }
        Assert.Equal(0, (await keeper.ExitAsync("frozen")).ExitCode);
        await AssertCountsAsync(keeper, "frozen", onTheDisk.Directory, first: "before");
    }

    [Fact]
    public async Task A_new_keeper_adopts_everybody_while_a_log_disk_is_frozen()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var disk = LoopDisk.Create(keeper.Root);
        var onTheDisk = new LogOptions { Directory = disk.Path + "/log" };
        using var frozen = await keeper.LaunchAsync("frozen", TestProgram.Shell($"echo before; read line; exec seq 1 {Many}"), stdin: true, log: onTheDisk);
        using var other = await keeper.LaunchAsync("other", TestProgram.Shell($"read line; exec seq 1 {Many}"), stdin: true);
        await using (var written = await LogReader.OpenAsync(keeper.Follow("frozen") with { Directory = onTheDisk.Directory }, CancellationToken.None))
            Assert.NotNull(await written.ReadLineAsync(Patience()));
        var first = keeper.Client.KeeperPid;
        disk.Freeze();
        try
        {
            // Nothing of the first waits for the disk, so that it can end; the second has to open the log there.
            KeeperFixture.Kill(first);
            var patience = Stopwatch.StartNew();
            while (keeper.Client.KeeperPid == first && patience.Elapsed < TimeSpan.FromSeconds(20)) await Task.Delay(5);
            await keeper.Poller.WriteAsync(frozen.Stdin!, "\n"u8.ToArray(), CancellationToken.None);
            await keeper.Poller.WriteAsync(other.Stdin!, "\n"u8.ToArray(), CancellationToken.None);
            await AssertCountsAsync(keeper, "other");
            Assert.Equal(0, (await keeper.ExitAsync("other")).ExitCode);
            Assert.NotEqual(first, keeper.Client.KeeperPid);
            Assert.NotNull(ProcStat.Read(frozen.Pid));
            Assert.False(keeper.Told.ContainsKey(frozen.Key));
        }
        finally
        {
            disk.Thaw();
        }
        Assert.Equal(0, (await keeper.ExitAsync("frozen")).ExitCode);
        await AssertCountsAsync(keeper, "frozen", onTheDisk.Directory, first: "before");
    }

    [Fact]
    public async Task With_a_frozen_log_disk_an_upgrade_is_refused_and_nobody_loses_anything()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var disk = LoopDisk.Create(keeper.Root);
        var onTheDisk = new LogOptions { Directory = disk.Path + "/log" };
        using var frozen = await keeper.LaunchAsync("frozen", TestProgram.Shell($"echo before; read line; exec seq 1 {Many}"), stdin: true, log: onTheDisk);
        using var other = await keeper.LaunchAsync("other", TestProgram.Shell($"i=0; while [ ! -e {keeper.Root}/stop ]; do i=$((i+1)); echo $i; done"));
        await using (var written = await LogReader.OpenAsync(keeper.Follow("frozen") with { Directory = onTheDisk.Directory }, CancellationToken.None))
            Assert.NotNull(await written.ReadLineAsync(Patience()));
        disk.Freeze();
        try
        {
            await keeper.Poller.WriteAsync(frozen.Stdin!, "\n"u8.ToArray(), CancellationToken.None);
            await using var reader = await LogReader.OpenAsync(keeper.Follow("other"), CancellationToken.None);
            var upgrade = keeper.Client.UpgradeAsync(null, CancellationToken.None);
            var asked = Stopwatch.StartNew();
            var (longest, last) = (TimeSpan.Zero, DateTimeOffset.MaxValue);
            while (!upgrade.IsCompleted)
            {
                var chunk = (await reader.ReadChunkAsync(Patience()))!.Value;
                if (chunk.Time - last > longest) longest = chunk.Time - last;
                last = chunk.Time;
            }
            // The refusal takes as long as a disk is given to answer, and the others do not stand still meanwhile.
            Assert.True(longest < asked.Elapsed / 2, $"{longest} of {asked.Elapsed}");
            var error = await Assert.ThrowsAsync<TareException>(() => upgrade);
            Assert.Equal(ErrorKind.Unavailable, error.Kind);
            Assert.Contains(onTheDisk.Directory, error.Message);
        }
        finally
        {
            disk.Thaw();
        }
        await keeper.Client.UpgradeAsync(null, Patience());
        await File.WriteAllTextAsync(keeper.Root + "/stop", "");
        Assert.Equal(0, (await keeper.ExitAsync("frozen")).ExitCode);
        Assert.Equal(0, (await keeper.ExitAsync("other")).ExitCode);
        await AssertCountsAsync(keeper, "frozen", onTheDisk.Directory, first: "before");
        var numbers = (await keeper.ReadLogAsync("other")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Enumerable.Range(1, numbers.Length).Select(number => $"{number}"), numbers);
    }

    [Fact]
    public async Task A_filesystem_has_a_writer_for_as_long_as_it_has_logs()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var disk = LoopDisk.Create(keeper.Root);
        Assert.Equal(1, Writers(keeper));
        using var here = await keeper.LaunchAsync("here", TestProgram.Execute(false, "/bin/cat"), stdin: true);
        await WrittenAsync(keeper, here, keeper.Root + "/here");
        Assert.Equal(1, Writers(keeper));
        for (var i = 0; i < 3; i++)
        {
            var there = new LaunchedProcess[2];
            for (var j = 0; j < 2; j++)
            {
                there[j] = await keeper.LaunchAsync($"there{i}{j}", TestProgram.Execute(false, "/bin/cat"), stdin: true, log: new LogOptions { Directory = $"{disk.Path}/{j}" });
                await WrittenAsync(keeper, there[j], $"{disk.Path}/{j}");
            }
            Assert.Equal(2, Writers(keeper));
            foreach (var process in there)
            {
                PidFds.SendSignal(process.PidFd, 9);
                await keeper.ExitAsync(process.Key.Id);
                process.Dispose();
            }
            // The thread ends after it has told the end.
            var patience = Stopwatch.StartNew();
            while (Writers(keeper) != 1 && patience.Elapsed < TimeSpan.FromSeconds(20)) await Task.Delay(5);
            Assert.Equal(1, Writers(keeper));
        }
    }

    [Fact]
    public async Task A_full_disk_stops_no_process_and_the_log_goes_on_afterwards()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var disk = LoopDisk.Create(keeper.Root);
        var filler = disk.Path + "/filler";
        using var process = await keeper.LaunchAsync("full", TestProgram.Execute(false, "/bin/cat"), stdin: true, log: new LogOptions { Directory = disk.Path + "/log" });
        await keeper.Poller.WriteAsync(process.Stdin!, "before\n"u8.ToArray(), CancellationToken.None);
        await using (var written = await LogReader.OpenAsync(keeper.Follow("full") with { Directory = disk.Path + "/log" }, CancellationToken.None))
            Assert.NotNull(await written.ReadLineAsync(new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token));
        using (var file = File.OpenHandle(filler, FileMode.CreateNew, FileAccess.Write, preallocationSize: 0))
        {
            var zeros = new byte[1 << 16];
            long offset = 0;
            try
            {
                while (true)
                {
                    RandomAccess.Write(file, zeros, offset);
                    offset += zeros.Length;
                }
            }
            catch (IOException)
            {
                RandomAccess.FlushToDisk(file);
            }
        }
        var bulk = new byte[4_000_000];
        Array.Fill(bulk, (byte)'x');
        await keeper.Poller.WriteAsync(process.Stdin!, bulk, CancellationToken.None);
        var patience = Stopwatch.StartNew();
        while (!keeper.KeeperLog().Contains("is being lost", StringComparison.Ordinal) && patience.Elapsed < TimeSpan.FromSeconds(20)) await Task.Delay(10);
        Assert.Contains("no space left on device", keeper.KeeperLog());
        while (RegularFiles.Available(process.Stdin!) > 0 && patience.Elapsed < TimeSpan.FromSeconds(20)) await Task.Delay(10);
        File.Delete(filler);
        await Task.Run(disk.Sync);
        await keeper.Poller.WriteAsync(process.Stdin!, "\nafter\n"u8.ToArray(), CancellationToken.None);
        process.Stdin!.Dispose();
        await keeper.Client.CloseStdinAsync(process.Key, CancellationToken.None);
        Assert.Equal(0, (await keeper.ExitAsync("full")).ExitCode);
        await using var reader = await LogReader.OpenAsync(new LogReadOptions { Directory = disk.Path + "/log" }, CancellationToken.None);
        var lines = new List<string>();
        while (await reader.ReadLineAsync(CancellationToken.None) is { } line) lines.Add(Encoding.UTF8.GetString(line.Data.Span));
        Assert.Equal("before\n", lines[0]);
        Assert.Equal("after\n", lines[^1]);
    }

    private static CancellationToken Patience() => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    /// <summary>Follows a log to its end: every number up to <see cref="Many"/> is in it, once and in order.</summary>
    private static async Task AssertCountsAsync(KeeperFixture keeper, string id, string? directory = null, string? first = null)
    {
        var follow = keeper.Follow(id);
        await using var reader = await LogReader.OpenAsync(follow with { Directory = directory ?? follow.Directory }, CancellationToken.None).AsTask().WaitAsync(Patience());
        var lines = new List<string>();
        while (await reader.ReadLineAsync(Patience()) is { } line) lines.Add(Encoding.UTF8.GetString(line.Data.Span).TrimEnd('\n'));
        Assert.Equal((first is null ? [] : new[] { first }).Concat(Enumerable.Range(1, Many).Select(number => $"{number}")), lines);
    }

    /// <summary>Has cat write something, and waits until it is in the log.</summary>
    private static async Task WrittenAsync(KeeperFixture keeper, LaunchedProcess cat, string directory)
    {
        await keeper.Poller.WriteAsync(cat.Stdin!, "line\n"u8.ToArray(), CancellationToken.None);
        await using var reader = await LogReader.OpenAsync(keeper.Follow(cat.Key.Id) with { Directory = directory }, CancellationToken.None);
        Assert.NotNull(await reader.ReadLineAsync(Patience()));
    }

    /// <summary>How many threads of the keeper write logs.</summary>
    private static int Writers(KeeperFixture keeper) =>
        Directory.GetDirectories($"/proc/{keeper.Client.KeeperPid}/task").Count(task => NameOf(task) == "log writer");

    private static string NameOf(string task)
    {
        try
        {
            return File.ReadAllText(task + "/comm").Trim();
        }
        catch (IOException)
        {
            return ""; // ended meanwhile
        }
    }

    /// <summary>The median time of an exec from the request to its end, in milliseconds.</summary>
    private static async Task<double> MedianAsync(KeeperFixture keeper, string name)
    {
        var times = new List<double>();
        for (var i = 0; i < 60; i++)
        {
            var watch = Stopwatch.StartNew();
            using var process = await keeper.LaunchAsync($"{name}{i}", TestProgram.Execute(false, "/bin/true"), OutputTarget.Caller);
            await keeper.ExitAsync($"{name}{i}");
            if (i >= 10) times.Add(watch.Elapsed.TotalMilliseconds);
            await keeper.AcknowledgeAsync($"{name}{i}");
        }
        return times.Order().ElementAt(times.Count / 2);
    }
}
