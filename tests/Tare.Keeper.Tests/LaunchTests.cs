using System.Diagnostics;
using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Keeper.Tests;

public sealed class LaunchTests
{
    [Fact]
    public async Task A_process_runs_writes_and_ends_with_its_code()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var process = await keeper.LaunchAsync("one", TestProgram.Shell("echo out; echo err >&2; exit 42"));
        var exit = await keeper.ExitAsync("one");
        Assert.Equal(42, exit.ExitCode);
        Assert.False(exit.Signaled);
        Assert.Equal("out\n", await keeper.ReadLogAsync("one"));
        Assert.Equal("err\n", await keeper.ReadLogAsync("one", stream: 2));
        Assert.Equal(exit.LogEnd, new FileInfo(Directory.GetFiles(keeper.Root + "/one").Single()).Length);
    }

    [Fact]
    public async Task A_signal_ends_with_128_and_its_number()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var process = await keeper.LaunchAsync("killed", TestProgram.Shell("exec sleep 100"));
        Assert.True(PidFds.SendSignal(process.PidFd, 15));
        var exit = await keeper.ExitAsync("killed");
        Assert.Equal(143, exit.ExitCode);
        Assert.True(exit.Signaled);
    }

    [Fact]
    public async Task A_failed_step_is_told_and_leaves_nothing()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        // The first failure also loads what the runtime needs for it.
        await Assert.ThrowsAsync<LaunchFailedException>(() => keeper.LaunchAsync("first", TestProgram.Failing(1).Program));
        var before = KeeperFixture.OpenFiles(keeper.Client.KeeperPid);
        var (program, step) = TestProgram.Failing(Errno.EXDEV);
        var error = await Assert.ThrowsAsync<LaunchFailedException>(() => keeper.LaunchAsync("failing", program));
        Assert.Equal((step, Errno.EXDEV), (error.Step, error.Error));
        var missing = await Assert.ThrowsAsync<LaunchFailedException>(() => keeper.LaunchAsync("missing", TestProgram.Execute(false, "/nonexistent")));
        Assert.Equal(Errno.ENOENT, missing.Error);
        var nonsense = await Assert.ThrowsAsync<LaunchFailedException>(() => keeper.LaunchAsync("nonsense", Descriptors.SealedMemory("nonsense", "nonsense"u8)));
        Assert.Equal(Errno.EPROTO, nonsense.Error);
        Assert.Empty(await keeper.Client.ListAsync(CancellationToken.None));
        Assert.Empty(KeeperFixture.Children(keeper.Client.KeeperPid));
        Assert.Equal(before, KeeperFixture.OpenFiles(keeper.Client.KeeperPid));
    }

    [Fact]
    public async Task A_launch_is_idempotent()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        var launches = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => keeper.LaunchAsync("same", TestProgram.Shell("exec sleep 100"))));
        Assert.Single(launches.Select(launch => launch.Pid).Distinct());
        using var again = await keeper.LaunchAsync("same", TestProgram.Shell("exec sleep 100"));
        Assert.Equal(launches[0].Pid, again.Pid);
        Assert.Single(KeeperFixture.Children(keeper.Client.KeeperPid));
        foreach (var launch in launches) launch.Dispose();
    }

    [Fact]
    public async Task Stdin_reaches_the_process_and_ends_when_all_have_closed_it()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var process = await keeper.LaunchAsync("cat", TestProgram.Execute(false, "/bin/cat"), stdin: true);
        var input = new byte[1_000_000];
        Random.Shared.NextBytes(input);
        var text = Convert.ToBase64String(input);
        await keeper.Poller.WriteAsync(process.Stdin!, Encoding.UTF8.GetBytes(text), CancellationToken.None);
        process.Stdin!.Dispose();
        Assert.False(keeper.Told.ContainsKey(process.Key));
        await keeper.Client.CloseStdinAsync(process.Key, CancellationToken.None);
        Assert.Equal(0, (await keeper.ExitAsync("cat")).ExitCode);
        Assert.Equal(text, await keeper.ReadLogAsync("cat"));
    }

    [Fact]
    public async Task The_caller_gets_the_output_of_an_exec()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var process = await keeper.LaunchAsync("exec", TestProgram.Shell("echo out; echo err >&2"), OutputTarget.Caller);
        Assert.Equal("out\n", await ReadAllAsync(keeper, process.Stdout!));
        Assert.Equal("err\n", await ReadAllAsync(keeper, process.Stderr!));
        Assert.Equal(0, (await keeper.ExitAsync("exec")).ExitCode);
        using var silent = await keeper.LaunchAsync("silent", TestProgram.Shell("echo out; echo err >&2"), OutputTarget.Discard);
        Assert.Null(silent.Stdout);
        Assert.Equal(0, (await keeper.ExitAsync("silent")).ExitCode);
    }

    [Fact]
    public async Task A_terminal_is_a_terminal()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var process = await keeper.LaunchAsync("tty", TestProgram.TerminalShell("tty; read line; stty size; echo got $line"), terminal: true);
        Terminals.Resize(process.Terminal!, 33, 77);
        await keeper.Poller.WriteAsync(process.Terminal!, "hello\n"u8.ToArray(), CancellationToken.None);
        Assert.Equal(0, (await keeper.ExitAsync("tty")).ExitCode);
        var output = await keeper.ReadLogAsync("tty");
        Assert.Contains("/dev/pts/", output);
        Assert.Contains("33 77", output);
        Assert.EndsWith("got hello\r\n", output);
    }

    [Fact]
    public async Task Nothing_of_the_keeper_leaks_into_a_process()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var process = await keeper.LaunchAsync("leak", TestProgram.Shell("ls /proc/self/fd | wc -l; grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status"));
        await keeper.ExitAsync("leak");
        var lines = (await keeper.ReadLogAsync("leak")).Split('\n');
        Assert.Equal("4", lines[0]); // 0, 1, 2 and the folder itself
        Assert.Equal("SigBlk:\t0000000000000000", lines[1]);
        Assert.Equal("SigIgn:\t0000000000000000", lines[2]);
    }

    [Fact]
    public async Task An_acknowledged_process_is_forgotten_and_a_running_one_is_not()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var process = await keeper.LaunchAsync("ack", TestProgram.Execute(false, "/bin/cat"), stdin: true);
        var error = await Assert.ThrowsAsync<TareException>(() => keeper.AcknowledgeAsync("ack"));
        Assert.Equal(ErrorKind.Conflict, error.Kind);
        process.Stdin!.Dispose();
        await keeper.Client.CloseStdinAsync(process.Key, CancellationToken.None);
        await keeper.ExitAsync("ack");
        Assert.Single(await keeper.Client.ListAsync(CancellationToken.None));
        await keeper.AcknowledgeAsync("ack");
        await keeper.AcknowledgeAsync("ack");
        Assert.Empty(await keeper.Client.ListAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Orphans_of_strangers_are_reaped()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        // Each subshell ends at once and leaves a child to the subreaper.
        using var process = await keeper.LaunchAsync("orphans", TestProgram.Shell("for i in 1 2 3 4 5; do (sleep 0.2 & ) ; done; exec sleep 100"));
        var children = KeeperFixture.Children(keeper.Client.KeeperPid);
        var patience = Stopwatch.StartNew();
        while (KeeperFixture.Children(keeper.Client.KeeperPid) is not [_] && patience.Elapsed < TimeSpan.FromSeconds(20)) await Task.Delay(20);
        Assert.Equal([$"{process.Pid}"], KeeperFixture.Children(keeper.Client.KeeperPid));
        Assert.NotEmpty(children);
    }

    [Fact]
    public async Task Hundreds_of_launches_give_every_code_and_every_byte()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        await Parallel.ForEachAsync(Enumerable.Range(0, 400), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            var id = $"many{i}";
            using var process = await keeper.LaunchAsync(id, TestProgram.Shell($"echo {id}; exit {i % 256}"));
            var exit = await keeper.ExitAsync(id);
            Assert.Equal(i % 256, exit.ExitCode);
            Assert.Equal(id + "\n", await keeper.ReadLogAsync(id));
            await keeper.AcknowledgeAsync(id);
        });
        Assert.All(keeper.Told.Values, count => Assert.Equal(1, count));
        Assert.Empty(KeeperFixture.Children(keeper.Client.KeeperPid));
    }

    private static async Task<string> ReadAllAsync(KeeperFixture keeper, Fd fd)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        int count;
        while ((count = await keeper.Poller.ReadAsync(fd, buffer, CancellationToken.None)) > 0) text.Append(Encoding.UTF8.GetString(buffer, 0, count));
        return text.ToString();
    }
}
