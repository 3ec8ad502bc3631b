using System.Text;
using Tare.Engine.Containers;
using Tare.Engine.Streams;
using Tare.Errors;
using Tare.Keeper;
using Tare.Wire;

namespace Tare.Engine.Tests;

/// <summary>The engine with the real parts below it.</summary>
public sealed class RealTests
{
    [Fact]
    public async Task Output_input_and_exit_code_are_the_programs()
    {
        await using var real = await RealEngine.OpenAsync();
        Assert.Equal(("out\n", "err\n", 3L), await real.RunAttachedAsync(["sh", "-c", "echo out; echo err >&2; exit 3"]));
        var input = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i}\n"));
        var (output, _, code) = await real.RunAttachedAsync(["cat"], input);
        Assert.Equal((input, 0L), (output, code));
        Assert.Equal("1000\n", (await real.RunAttachedAsync(["id", "-u"], change: request => request.User = "app")).Output);
        Assert.Equal("/srv/a\n", (await real.RunAttachedAsync(["pwd"], change: request => request.WorkingDir = "/srv/a")).Output);
    }

    [Fact]
    public async Task Nothing_is_left_of_containers_that_are_gone()
    {
        await using var real = await RealEngine.OpenAsync();
        for (var i = 0; i < 10; i++) await real.RunAttachedAsync(["true"]);
        await Assert.ThrowsAsync<TareException>(() => real.RunAttachedAsync(["nosuch"]));
        await LifecycleTests.Until(() => Directory.GetDirectories(Path.Combine(real.DataRoot, "containers")).Length == 0);
        await LifecycleTests.Until(() => real.Cgroups().Count == 0);
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_told_in_dockers_words()
    {
        await using var real = await RealEngine.OpenAsync();
        await real.CreateAsync("bad", ["nosuch"]);
        var thrown = await Assert.ThrowsAsync<TareException>(() => real.Containers.StartAsync("bad", CancellationToken.None));
        Assert.EndsWith("exec: \"nosuch\": executable file not found in $PATH", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(127, (await real.Containers.InspectAsync("bad", false, CancellationToken.None)).State!.ExitCode);
    }

    [Fact]
    public async Task Execs_have_their_output_input_and_exit_code()
    {
        await using var real = await RealEngine.OpenAsync();
        await real.RunAsync("host", ["sleep", "1000"], request => request.Env = ["A=container"]);
        var (output, exec) = await real.ExecAsync("host", ["sh", "-c", "echo $A $B; pwd; exit 5"], request => (request.Env, request.WorkingDir) = (["B=exec"], "/tmp"));
        Assert.Equal(("container exec\n/tmp\n", 5, false), (output, exec.ExitCode, exec.Running));
        var input = new string('x', 300_000) + "\n";
        Assert.Equal(input, (await real.ExecAsync("host", ["cat"], input: input)).Output);
        (output, exec) = await real.ExecAsync("host", ["nosuch"]);
        Assert.Equal("OCI runtime exec failed: exec failed: unable to start container process: exec: \"nosuch\": executable file not found in $PATH\r\n", output);
        Assert.Equal(127, exec.ExitCode);
        (output, exec) = await real.ExecAsync("host", ["pwd"], request => request.WorkingDir = "/nosuch");
        Assert.Equal("OCI runtime exec failed: exec failed: unable to start container process: chdir to cwd (\"/nosuch\") set in config.json failed: no such file or directory\r\n", output);
        Assert.Equal(127, exec.ExitCode);
        (output, exec) = await real.ExecAsync("host", ["pwd"], request => request.WorkingDir = "tmp");
        Assert.Equal(("OCI runtime exec failed: exec failed: Cwd must be an absolute path\r\n", 128), (output, exec.ExitCode));
        Assert.Equal("marked\n", (await real.ExecAsync("host", ["sh", "-c", "test -x /.dockerenv && test ! -s /.dockerenv && echo marked"])).Output);
        // Without a terminal a new size changes nothing, and is no error.
        await real.Containers.ResizeAsync("host", 10, 20, CancellationToken.None);
        Assert.Equal("/dev/pts/0\r\n", (await real.ExecAsync("host", ["tty"], request => request.Tty = true)).Output);
        // A child that holds the pipe does not hold the session.
        (output, exec) = await real.ExecAsync("host", ["sh", "-c", "sleep 1000 & echo started"]);
        Assert.Equal(("started\n", 0), (output, exec.ExitCode));
        await LifecycleTests.Refused(
            ErrorKind.InvalidArgument, "unable to find user nosuch: no matching entries in passwd file", () => real.ExecAsync("host", ["true"], request => request.User = "nosuch"));
        await real.Containers.PauseAsync("host", CancellationToken.None);
        await LifecycleTests.Refused(ErrorKind.Conflict, "Container host is paused, unpause the container before exec", () => real.ExecAsync("host", ["true"]));
        await real.Containers.UnpauseAsync("host", CancellationToken.None);
        var top = await real.Containers.TopAsync("host", null, CancellationToken.None);
        Assert.Contains(top.Processes, row => row[^1] == "sleep 1000");
    }

    [Fact]
    public async Task A_terminal_echoes_and_has_a_size()
    {
        await using var real = await RealEngine.OpenAsync();
        var id = await real.CreateAsync("term", ["sh", "-c", "read x; echo got $x"], request => (request.Tty, request.OpenStdin) = (true, true));
        await using var streams = await real.Containers.AttachAsync(id, new ContainerAttachOptions { Stdin = true, Stdout = true, Stream = true }, CancellationToken.None);
        var reading = RealEngine.ReadAsync(streams);
        await real.Containers.StartAsync(id, CancellationToken.None);
        await real.Containers.ResizeAsync(id, 40, 120, CancellationToken.None);
        await streams.WriteStdinAsync("word\n"u8.ToArray(), CancellationToken.None);
        Assert.Equal("word\r\ngot word\r\n", (await reading.WaitAsync(TimeSpan.FromSeconds(20))).Output);
    }

    [Fact]
    public async Task A_container_that_is_removed_at_its_end_can_be_restarted_before()
    {
        // Its root is mounted as volatile, which the kernel refuses to mount again as it was left.
        await using var real = await RealEngine.OpenAsync();
        var id = await real.RunAsync("again", ["sh", "-c", "echo run >> /runs; cat /runs; sleep 1000"], request => request.HostConfig!.AutoRemove = true);
        await LifecycleTests.Until(() => real.LogsAsync(id).GetAwaiter().GetResult() == "run\n");
        await real.Containers.RestartAsync(id, null, 0, CancellationToken.None);
        await LifecycleTests.Until(() => real.LogsAsync(id).GetAwaiter().GetResult() == "run\nrun\nrun\n");
        await real.Containers.RemoveAsync(id, new ContainerRemoveOptions { Force = true }, CancellationToken.None);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Who_reads_the_log_of_a_container_that_is_removed_reads_it_to_its_end(bool attached)
    {
        // More than one file of the log, all of it written before the second is opened.
        const long length = 2 * LogOptions.DefaultSegmentBytes + 1;
        await using var real = await RealEngine.OpenAsync();
        var id = await real.CreateAsync("gone", ["sh", "-c", $"read x; yes | head -c {length}"], request => (request.HostConfig!.AutoRemove, request.OpenStdin) = (true, true));
        await using var attach = await real.Containers.AttachAsync(id, new ContainerAttachOptions { Stdin = true, Stdout = true, Stream = true }, CancellationToken.None);
        var removed = real.Containers.Wait(id, WaitCondition.Removed, CancellationToken.None);
        await real.Containers.StartAsync(id, CancellationToken.None);
        await using IOutputStream reader = attached ? attach : await real.Containers.LogsAsync(id, new ContainerLogOptions { Stdout = true, Follow = true }, CancellationToken.None);
        await attach.WriteStdinAsync("go\n"u8.ToArray(), CancellationToken.None);

        var chunk = await reader.ReadAsync(CancellationToken.None);
        Assert.Equal(0, (await removed.WaitAsync(TimeSpan.FromSeconds(60))).StatusCode);
        if (!attached) await attach.DisposeAsync();
        long read = 0;
        for (; chunk is { } some; chunk = await reader.ReadAsync(CancellationToken.None)) read += some.Data.Length;
        Assert.Equal(length, read);

        await reader.DisposeAsync();
        await LifecycleTests.Until(() => Directory.GetDirectories(Path.Combine(real.DataRoot, "containers")).Length == 0);
    }

    [Fact]
    public async Task Logs_are_by_lines_and_follow_to_the_end()
    {
        await using var real = await RealEngine.OpenAsync();
        var id = await real.RunAsync("lines", ["sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.1; done; echo four >&2; printf five"]);
        var followed = await real.LogsAsync(id, new ContainerLogOptions { Stdout = true, Stderr = true, Follow = true });
        Assert.Equal("1\n2\n3\nfivefour\n", followed);
        // The last three lines are counted over both streams.
        Assert.Equal("3\nfive", await real.LogsAsync(id, new ContainerLogOptions { Stdout = true, Tail = "3" }));
        Assert.Equal("four\n", await real.LogsAsync(id, new ContainerLogOptions { Stderr = true }));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z four\n$", await real.LogsAsync(id, new ContainerLogOptions { Stderr = true, Timestamps = true }));
        await LifecycleTests.Refused(ErrorKind.InvalidArgument, "You must choose at least one stream", () => real.LogsAsync(id, new ContainerLogOptions()));
    }

    [Fact]
    public async Task An_engine_that_comes_back_finds_everything_as_it_was()
    {
        await using var real = await RealEngine.OpenAsync();
        var writers = new List<string>();
        for (var i = 0; i < 5; i++) writers.Add(await real.RunAsync($"writer{i}", ["sh", "-c", "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.005; done"]));
        await real.RunAsync("ending", ["sh", "-c", "sleep 0.5; exit 9"]);
        await real.RunAsync("talking", ["cat"], request => request.OpenStdin = true);
        var pids = await PidsAsync(real, writers);
        await real.StopAsync();
        await Task.Delay(1000);
        await real.StartAsync();
        Assert.Equal(pids, await PidsAsync(real, writers));
        Assert.Equal(9, (await real.Containers.Wait("ending", WaitCondition.NotRunning, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(10))).StatusCode);
        foreach (var writer in writers)
        {
            await real.Containers.KillAsync(writer, null, CancellationToken.None);
            var lines = (await real.LogsAsync(writer)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.True(lines.Length > 50);
            // None is lost and none is doubled.
            for (var i = 0; i < lines.Length; i++) Assert.Equal($"line {i + 1}", lines[i]);
        }
        await using var streams = await real.Containers.AttachAsync("talking", new ContainerAttachOptions { Stdin = true, Stdout = true, Stream = true }, CancellationToken.None);
        await streams.WriteStdinAsync("again\n"u8.ToArray(), CancellationToken.None);
        var chunk = await streams.ReadAsync(CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal("again\n", Encoding.UTF8.GetString(chunk!.Value.Data.Span));
        Assert.Equal("in\n", (await real.ExecAsync("talking", ["echo", "in"])).Output);
    }

    private static async Task<IReadOnlyList<int>> PidsAsync(RealEngine real, List<string> ids)
    {
        var pids = new List<int>();
        foreach (var id in ids) pids.Add((await real.Containers.InspectAsync(id, false, CancellationToken.None)).State!.Pid);
        return pids;
    }
}
