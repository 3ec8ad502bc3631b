using System.Diagnostics;
using System.Globalization;
using System.Text;
using Tare.Keeper.Server;
using Tare.Linux;

namespace Tare.Keeper.Tests;

/// <summary>What is killed, upgraded and started anew, and what lives on.</summary>
public sealed class SurvivalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_killed_keeper_is_replaced_and_everything_goes_on()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        var processes = new List<LaunchedProcess>();
        for (var i = 0; i < 20; i++)
        {
            // Each answers every line of input: eight on terminals, the others on pipes.
            var terminal = i % 5 < 2;
            const string Script = "while read line; do [ \"$line\" = end ] && exit $CODE; echo \"answer $line\"; done";
            var script = Script.Replace("$CODE", $"{i + 1}", StringComparison.Ordinal);
            processes.Add(await keeper.LaunchAsync($"c{i}", terminal ? TestProgram.TerminalShell(script) : TestProgram.Shell(script), terminal: terminal, stdin: true));
        }
        await SayAsync(keeper, processes, "before");
        for (var i = 0; i < 20; i++) await UntilLogHasAsync(keeper, $"c{i}", "answer before");
        var first = keeper.Client.KeeperPid;
        KeeperFixture.Kill(first);
        // One ends while no keeper lives, or a new one is just coming: its code is not lost.
        PidFds.SendSignal(processes[19].PidFd, 9);
        await SayAsync(keeper, processes.Take(19), "after");
        for (var i = 0; i < 19; i++) await UntilLogHasAsync(keeper, $"c{i}", "answer after");
        Assert.NotEqual(first, keeper.Client.KeeperPid);
        await SayAsync(keeper, processes.Take(19), "end");
        for (var i = 0; i < 19; i++) Assert.Equal(i + 1, (await keeper.ExitAsync($"c{i}")).ExitCode);
        Assert.Equal(137, (await keeper.ExitAsync("c19")).ExitCode);
        for (var i = 0; i < 19; i++)
        {
            var text = await keeper.ReadLogAsync($"c{i}");
            Assert.Equal(["answer before", "answer after"], text.Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.StartsWith("answer", StringComparison.Ordinal)));
        }
        Assert.All(keeper.Told.Values, count => Assert.Equal(1, count));
        foreach (var process in processes) process.Dispose();
    }

    [Fact]
    public async Task The_end_of_an_adopted_process_is_known_at_once_whether_or_not_its_new_parent_reaps_it()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        var processes = new List<LaunchedProcess>();
        for (var i = 0; i < 5; i++) processes.Add(await keeper.LaunchAsync($"c{i}", TestProgram.Shell($"read line; exit {i % 3}"), stdin: true));
        var first = keeper.Client.KeeperPid;
        KeeperFixture.Kill(first);
        await UntilAsync(() => keeper.Client.KeeperPid != first);
        for (var i = 0; i < 5; i++)
        {
            var watch = Stopwatch.StartNew();
            if (i < 3) PidFds.SendSignal(processes[i].PidFd, 9);
            else await SayAsync(keeper, [processes[i]], "end");
            Assert.Equal(i < 3 ? 137 : i % 3, (await keeper.ExitAsync($"c{i}")).ExitCode);
            Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(1));
            processes[i].Dispose();
        }
    }

    [Fact]
    public async Task A_keeper_killed_under_full_output_doubles_and_reorders_nothing()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var process = await keeper.LaunchAsync("writer", TestProgram.Shell("i=0; while [ $i -lt 300000 ]; do i=$((i+1)); echo $i; done"));
        await using var reader = await LogReader.OpenAsync(keeper.Follow("writer"), CancellationToken.None);
        var numbers = new List<int>();
        var kills = 0;
        while (await reader.ReadLineAsync(new CancellationTokenSource(Patience).Token) is { } line)
        {
            // A read that was under way when it was killed is lost at most: a line can be cut there, but none comes twice.
            if (int.TryParse(line.Data.Span[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)) numbers.Add(number);
            if (numbers.Count < 10_000 * (kills + 1) || kills == 4) continue;
            kills++;
            var pid = keeper.Client.KeeperPid;
            KeeperFixture.Kill(pid);
            await UntilAsync(() => keeper.Client.KeeperPid != pid);
        }
        Assert.Equal(4, kills);
        Assert.Equal(0, (await keeper.ExitAsync("writer")).ExitCode);
        var disorder = numbers.Where((number, index) => index > 0 && number <= numbers[index - 1]).Count();
        Assert.True(disorder <= 8, $"{disorder} numbers are out of order; a line cut by a kill makes two at most");
        Assert.InRange(numbers.Count, 300_000 - (4 * 64 * 1024 / 6), 300_000);
        Assert.Equal(300_000, numbers[^1]);
    }

    [Fact]
    public async Task Another_daemon_finds_what_runs_and_hears_again_what_ended()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var ended = await keeper.LaunchAsync("ended", TestProgram.Shell("echo bye; exit 7"));
        using var running = await keeper.LaunchAsync("running", TestProgram.TerminalShell("read line; echo got $line"), terminal: true);
        using var exec = await keeper.LaunchAsync("exec", TestProgram.Shell("exec seq 1000000"), OutputTarget.Caller);
        using var piped = await keeper.LaunchAsync("piped", TestProgram.Execute(false, "/bin/cat"), stdin: true);
        var before = await keeper.ExitAsync("ended");
        // The daemon dies: everything that it held is closed.
        var pid = keeper.Client.KeeperPid;
        await keeper.Client.DisposeAsync();
        running.Dispose();
        exec.Dispose();
        piped.Dispose();
        await keeper.ConnectAsync();
        Assert.Equal(pid, keeper.Client.KeeperPid);
        var kept = (await keeper.Client.ListAsync(CancellationToken.None)).ToDictionary(process => process.Key.Id);
        Assert.Equal(["ended", "exec", "piped", "running"], kept.Keys.Order());
        await UntilToldAsync(keeper, ended.Key, 2);
        Assert.Equal(before, await keeper.ExitAsync("ended"));
        // The exec's output is drained: it is not stopped by a pipe that nobody reads, and gets no SIGPIPE.
        Assert.Equal(0, (await keeper.ExitAsync("exec")).ExitCode);
        await keeper.Poller.WriteAsync(kept["running"].Terminal!, "hello\n"u8.ToArray(), CancellationToken.None);
        Assert.Equal(0, (await keeper.ExitAsync("running")).ExitCode);
        Assert.Contains("got hello", await keeper.ReadLogAsync("running"));
        await keeper.Poller.WriteAsync(kept["piped"].Stdin!, "still open\n"u8.ToArray(), CancellationToken.None);
        kept["piped"].Stdin!.Dispose();
        await keeper.Client.CloseStdinAsync(piped.Key, CancellationToken.None);
        Assert.Equal(0, (await keeper.ExitAsync("piped")).ExitCode);
        Assert.Equal("still open\n", await keeper.ReadLogAsync("piped"));
        foreach (var process in kept.Values) process.Dispose();
    }

    [Fact]
    public async Task A_keeper_without_processes_and_daemon_ends_and_the_next_one_tells_what_it_knew()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var ended = await keeper.LaunchAsync("ended", TestProgram.Shell("echo one; exit 7"));
        using var running = await keeper.LaunchAsync("running", TestProgram.Shell("trap 'echo two; exit 9' TERM; echo ready; while :; do sleep 0.01; done"));
        await UntilLogHasAsync(keeper, "running", "ready");
        var before = await keeper.ExitAsync("ended");
        using var process = PidFds.Open(keeper.Client.KeeperPid);
        var first = keeper.Client.KeeperPid;
        await keeper.Client.DisposeAsync();
        Assert.True(PidFds.SendSignal(running.PidFd, 15)); // only now has the keeper nothing alive
        await keeper.Poller.WaitReadableAsync(process, new CancellationTokenSource(Patience).Token);
        Assert.Equal([KeeperHost.JournalPath(keeper.ExecRoot), KeeperHost.LogPath(keeper.ExecRoot)], Directory.GetFileSystemEntries(keeper.ExecRoot).Order());
        await keeper.ConnectAsync();
        Assert.NotEqual(first, keeper.Client.KeeperPid);
        await UntilToldAsync(keeper, ended.Key, 2);
        await UntilToldAsync(keeper, running.Key, 1);
        Assert.Equal(9, (await keeper.ExitAsync("running")).ExitCode);
        Assert.Equal("ready\ntwo\n", await keeper.ReadLogAsync("running"));
        var kept = await keeper.Client.ListAsync(CancellationToken.None);
        Assert.Equal(before, kept.Single(kept => kept.Key == ended.Key).Exit);
        Assert.Equal(new FileInfo(Directory.GetFiles(keeper.Root + "/running").Single()).Length, kept.Single(kept => kept.Key == running.Key).Exit!.LogEnd);
        foreach (var one in kept) one.Dispose();
    }

    [Fact]
    public async Task When_both_are_killed_the_journal_tells()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var ended = await keeper.LaunchAsync("ended", TestProgram.Shell("exit 9"));
        using var running = await keeper.LaunchAsync("running", TestProgram.Shell("exec sleep 100"), OutputTarget.Discard);
        using var lost = await keeper.LaunchAsync("lost", TestProgram.Shell("exec sleep 100"), OutputTarget.Discard);
        await keeper.ExitAsync("ended");
        // Nobody starts a new keeper before the second of them has ended unseen.
        var pid = keeper.Client.KeeperPid;
        using var keeperProcess = PidFds.Open(pid);
        await keeper.Client.DisposeAsync();
        KeeperFixture.Kill(pid);
        await keeper.Poller.WaitReadableAsync(keeperProcess, CancellationToken.None);
        PidFds.SendSignal(lost.PidFd, 9);
        await UntilAsync(() => ProcStat.Read(lost.Pid) is null);
        await keeper.ConnectAsync();
        await UntilToldAsync(keeper, ended.Key, 2);
        Assert.Equal(9, (await keeper.ExitAsync("ended")).ExitCode);
        var unknown = await keeper.ExitAsync("lost");
        Assert.Null(unknown.ExitCode);
        Assert.Equal(running.Pid, (await keeper.Client.ListAsync(CancellationToken.None)).Single(process => process.Key.Id == "running").Pid);
        PidFds.SendSignal(running.PidFd, 15);
        Assert.Equal(143, (await keeper.ExitAsync("running")).ExitCode);
    }

    [Fact]
    public async Task Two_daemons_that_start_at_once_find_one_keeper()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        var clients = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => KeeperClient.ConnectAsync(keeper.ClientOptions() with { ExecRoot = keeper.Root + "/two" }, CancellationToken.None)));
        Assert.Single(clients.Select(client => client.KeeperPid).Distinct());
        using var process = PidFds.Open(clients[0].KeeperPid);
        foreach (var client in clients) await client.DisposeAsync();
        await keeper.Poller.WaitReadableAsync(process, new CancellationTokenSource(Patience).Token);
        Assert.Empty(Directory.GetFileSystemEntries(keeper.Root + "/two"));
    }

    [Fact]
    public async Task Upgrades_in_place_lose_nothing()
    {
        const int Upgrades = 100, Processes = 50;
        await using var keeper = await KeeperFixture.StartAsync();
        var processes = new List<LaunchedProcess>();
        for (var i = 0; i < Processes; i++)
        {
            var terminal = i % 5 == 0;
            var script = $"while read line; do [ \"$line\" = end ] && exit {i + 1}; echo \"answer $line\"; done";
            processes.Add(await keeper.LaunchAsync($"c{i}", terminal ? TestProgram.TerminalShell(script) : TestProgram.Shell(script), terminal: terminal, stdin: true));
        }
        using var writer = await keeper.LaunchAsync("writer", TestProgram.Shell("i=0; while [ ! -e " + keeper.Root + "/stop ]; do i=$((i+1)); echo $i; done"), log: keeper.Log("writer", max: 1L << 40, segment: 1_000_000));
        var pid = keeper.Client.KeeperPid;
        var launched = 0;
        for (var i = 0; i < Upgrades; i++)
        {
            var upgrade = keeper.Client.UpgradeAsync(null, CancellationToken.None);
            // Something is always under way: a launch, an end, input, a watch.
            var launch = keeper.LaunchAsync($"during{i}", TestProgram.Shell($"echo {i}; exit {i}"));
            await SayAsync(keeper, [processes[i % Processes]], $"{i}");
            await using var reader = await LogReader.OpenAsync(keeper.Follow($"c{(i + 1) % Processes}"), CancellationToken.None);
            await upgrade.WaitAsync(Patience);
            (await launch.WaitAsync(Patience)).Dispose();
            launched++;
        }
        Assert.Equal(pid, keeper.Client.KeeperPid);
        Assert.DoesNotContain(keeper.Notices, notice => notice.Contains("has ended", StringComparison.Ordinal));
        for (var i = 0; i < launched; i++)
        {
            Assert.Equal(i, (await keeper.ExitAsync($"during{i}")).ExitCode);
            Assert.Equal($"{i}\n", await keeper.ReadLogAsync($"during{i}"));
        }
        await File.WriteAllTextAsync(keeper.Root + "/stop", "");
        Assert.Equal(0, (await keeper.ExitAsync("writer")).ExitCode);
        var numbers = (await keeper.ReadLogAsync("writer")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Enumerable.Range(1, numbers.Length).Select(number => $"{number}"), numbers);
        await SayAsync(keeper, processes, "end");
        for (var i = 0; i < Processes; i++)
        {
            Assert.Equal(i + 1, (await keeper.ExitAsync($"c{i}")).ExitCode);
            var answers = (await keeper.ReadLogAsync($"c{i}")).Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.StartsWith("answer", StringComparison.Ordinal));
            Assert.Equal(Enumerable.Range(0, Upgrades).Where(number => number % Processes == i).Select(number => $"answer {number}"), answers);
        }
        Assert.All(keeper.Told.Values, count => Assert.Equal(1, count));
        foreach (var process in processes) process.Dispose();
    }

    [Fact]
    public async Task A_program_that_refuses_the_handover_changes_nothing()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var process = await keeper.LaunchAsync("stays", TestProgram.Shell("exec sleep 100"));
        using (var no = Descriptors.Duplicate(File.OpenHandle("/bin/false").DangerousGetHandle().ToInt32()))
        {
            var error = await Assert.ThrowsAsync<Errors.TareException>(() => keeper.Client.UpgradeAsync(no, CancellationToken.None));
            Assert.Contains("cannot take over", error.Message);
        }
        PidFds.SendSignal(process.PidFd, 15);
        Assert.Equal(143, (await keeper.ExitAsync("stays")).ExitCode);
        await keeper.Client.UpgradeAsync(null, CancellationToken.None);
    }

    private static async Task SayAsync(KeeperFixture keeper, IEnumerable<LaunchedProcess> processes, string line)
    {
        foreach (var process in processes) await keeper.Poller.WriteAsync(process.Terminal ?? process.Stdin!, Encoding.UTF8.GetBytes(line + "\n"), CancellationToken.None);
    }

    private static async Task UntilLogHasAsync(KeeperFixture keeper, string id, string line)
    {
        await using var reader = await LogReader.OpenAsync(keeper.Follow(id), CancellationToken.None);
        while (await reader.ReadLineAsync(new CancellationTokenSource(Patience).Token) is { } read)
        {
            if (Encoding.UTF8.GetString(read.Data.Span).Trim() == line) return;
        }
        Assert.Fail($"{id} ended before it said {line}");
    }

    private static Task UntilToldAsync(KeeperFixture keeper, ProcessKey key, int times) => UntilAsync(() => keeper.Told.GetValueOrDefault(key) >= times);

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!condition()) await Task.Delay(10, patience.Token);
    }
}
