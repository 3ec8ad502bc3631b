using System.Globalization;
using System.Text;
using Tare.Linux;

namespace Tare.Keeper.Tests;

/// <summary>Logs that are being written.</summary>
public sealed class FollowTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_follower_gets_everything_and_ends_with_the_process()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var process = await keeper.LaunchAsync("follow", TestProgram.Execute(false, "/bin/cat"), stdin: true);
        await using var reader = await LogReader.OpenAsync(keeper.Follow("follow"), CancellationToken.None);
        for (var i = 0; i < 20; i++)
        {
            await keeper.Poller.WriteAsync(process.Stdin!, Encoding.UTF8.GetBytes($"line {i}\n"), CancellationToken.None);
            var line = await reader.ReadLineAsync(new CancellationTokenSource(Patience).Token);
            Assert.Equal($"line {i}\n", Encoding.UTF8.GetString(line!.Value.Data.Span));
        }
        await keeper.Poller.WriteAsync(process.Stdin!, "no newline"u8.ToArray(), CancellationToken.None);
        var last = reader.ReadLineAsync(new CancellationTokenSource(Patience).Token).AsTask();
        process.Stdin!.Dispose();
        await keeper.Client.CloseStdinAsync(process.Key, CancellationToken.None);
        Assert.Equal("no newline", Encoding.UTF8.GetString((await last)!.Value.Data.Span));
        Assert.Null(await reader.ReadLineAsync(new CancellationTokenSource(Patience).Token));
    }

    [Fact]
    public async Task Full_speed_output_is_complete_and_ordered_for_who_requires_it_though_the_log_is_small()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        const int Lines = 2_000_000;
        using var process = await keeper.LaunchAsync("fast", TestProgram.Shell($"read go; exec seq {Lines}"), stdin: true, log: keeper.Log("fast", max: 1_000_000, segment: 200_000));
        // What is written before the reader has said that it requires it may be gone: it begins when the reader is there.
        await using var reader = await LogReader.OpenAsync(keeper.Follow("fast") with { Hold = LogHold.Require }, CancellationToken.None);
        await keeper.Poller.WriteAsync(process.Stdin!, "\n"u8.ToArray(), CancellationToken.None);
        var expected = 1;
        var largest = 0L;
        while (await reader.ReadLineAsync(new CancellationTokenSource(Patience).Token) is { } line)
        {
            Assert.Equal(expected, int.Parse(line.Data.Span, CultureInfo.InvariantCulture));
            if (expected++ % 100_000 == 0) largest = Math.Max(largest, Size(keeper.Root + "/fast"));
        }
        Assert.Equal(Lines + 1, expected);
        Assert.InRange(largest, 1, 2_400_000);
        Assert.Equal(0, (await keeper.ExitAsync("fast")).ExitCode);
    }

    [Fact]
    public async Task Without_a_reader_the_log_stays_within_its_bounds()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var process = await keeper.LaunchAsync("bounded", TestProgram.Execute(false, "/usr/bin/seq", "2000000"), log: keeper.Log("bounded", max: 1_000_000, segment: 200_000));
        var exit = await keeper.ExitAsync("bounded");
        Assert.InRange(Size(keeper.Root + "/bounded"), 800_000, 1_000_000);
        Assert.True(exit.LogEnd > 14_000_000);
        var text = await keeper.ReadLogAsync("bounded");
        Assert.EndsWith("1999999\n2000000\n", text);
    }

    [Fact]
    public async Task A_reader_of_a_running_process_sees_whole_lines_and_ends()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var process = await keeper.LaunchAsync("running", TestProgram.Execute(false, "/bin/cat"), stdin: true);
        await using (var follower = await LogReader.OpenAsync(keeper.Follow("running"), CancellationToken.None))
        {
            await keeper.Poller.WriteAsync(process.Stdin!, "one\ntwo\npartial"u8.ToArray(), CancellationToken.None);
            var seen = 0;
            while (seen < 15) seen += (await follower.ReadChunkAsync(new CancellationTokenSource(Patience).Token))!.Value.Data.Length;
        }
        await using var reader = await LogReader.OpenAsync(keeper.Follow("running") with { Follow = false, Tail = 1 }, CancellationToken.None);
        Assert.Equal("two\n", Encoding.UTF8.GetString((await reader.ReadLineAsync(CancellationToken.None))!.Value.Data.Span));
        Assert.Null(await reader.ReadLineAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_follower_ends_at_its_time_though_nothing_is_written()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var process = await keeper.LaunchAsync("quiet", TestProgram.Shell("exec sleep 100"));
        await using var reader = await LogReader.OpenAsync(keeper.Follow("quiet") with { Until = DateTimeOffset.UtcNow.AddMilliseconds(200) }, CancellationToken.None);
        Assert.Null(await reader.ReadLineAsync(new CancellationTokenSource(Patience).Token));
    }

    [Fact]
    public async Task A_slow_reader_that_only_prefers_does_not_stop_the_process()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var process = await keeper.LaunchAsync("prefer", TestProgram.Execute(false, "/usr/bin/seq", "2000000"), log: keeper.Log("prefer", max: 1_000_000, segment: 200_000));
        await using var reader = await LogReader.OpenAsync(keeper.Follow("prefer"), CancellationToken.None);
        Assert.Equal(0, (await keeper.ExitAsync("prefer")).ExitCode);
        var last = "";
        while (await reader.ReadLineAsync(new CancellationTokenSource(Patience).Token) is { } line) last = Encoding.UTF8.GetString(line.Data.Span);
        Assert.Equal("2000000\n", last);
    }

    [Fact]
    public async Task A_grandchild_that_keeps_the_pipe_open_does_not_keep_the_exit_back()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var process = await keeper.LaunchAsync("parent", TestProgram.Shell("(while :; do echo noise; done) & echo $!; exit 3"));
        var exit = await keeper.ExitAsync("parent");
        Assert.Equal(3, exit.ExitCode);
        var text = await keeper.ReadLogAsync("parent");
        KeeperFixture.Kill(int.Parse(text.Split('\n').First(line => line.Length > 0 && line != "noise"), CultureInfo.InvariantCulture));
    }

    private static long Size(string directory) => new DirectoryInfo(directory).EnumerateFiles().Sum(file => file.Length);
}
