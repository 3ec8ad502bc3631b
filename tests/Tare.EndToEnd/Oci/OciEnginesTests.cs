using System.Diagnostics;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>podman with the runtime under it: what its users see must be what they see with the runtimes that it knows.</summary>
public sealed class OciEnginesTests(PodmanFixture fixture) : IClassFixture<PodmanFixture>, IAsyncLifetime
{
    private readonly string name = "t" + Guid.NewGuid().ToString("N")[..8];

    public Task InitializeAsync() => Task.CompletedTask;

    /// <summary>Takes away what a failed case has left; what a case is about, it removes itself.</summary>
    public async Task DisposeAsync()
    {
        if (fixture.Podman is null)
            return;
        (await Podman("pod", "rm", "--all", "--force", "--time", "0")).Ok();
        // With id mappings podman's removal and its own clean-up after the process get into each other's way (containers/podman issue 11594).
        Stopwatch watch = Stopwatch.StartNew();
        Result removal;
        do
            removal = await Podman("rm", "--all", "--force", "--time", "0");
        while (removal.Err.Contains("device or resource busy", StringComparison.Ordinal) && watch.Elapsed < Eventually.Limit);
        removal.Ok();
    }

    [PodmanFact]
    public async Task Run_gives_input_output_and_exit_code()
    {
        Result result = await fixture.Podman.RunAsync(RunWords("--interactive", Harness.Oci.Podman.Image, "sh", "-c", "cat; echo err >&2; exit 3"), "in"u8.ToArray());
        result.Expect(3);
        Assert.Equal("in", result.Out);
        Assert.Equal("err\n", result.Err);
    }

    [PodmanTheory]
    [InlineData(127, "nosuch")]
    [InlineData(127, "/nosuch")]
    [InlineData(126, "/etc")]
    [InlineData(126, "/etc/passwd")]
    public async Task A_program_that_cannot_be_run_has_the_exit_code_that_a_shell_gives(int code, string program)
    {
        Result result = (await Run(program)).Expect(code);
        Assert.Contains($"exec: \"{program}\"", result.Err, StringComparison.Ordinal);
    }

    [PodmanFact]
    public async Task Detached_it_goes_on_and_its_output_is_in_its_log()
    {
        await Detached("sh", "-c", "echo one; echo two >&2; exit 4");
        Assert.Equal("4", (await Podman("wait", name)).Ok().Text);
        Result logs = (await Podman("logs", name)).Ok();
        Assert.Equal("one\n", logs.Out);
        Assert.Equal("two\n", logs.Err);
        Assert.Equal("exited 4", await Inspect("{{.State.Status}} {{.State.ExitCode}}"));
        (await Podman("rm", name)).Ok();
    }

    [PodmanFact]
    public async Task Created_started_stopped_started_again_and_killed()
    {
        (await Podman(CreateWords("create", "sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 1000 & wait $!; done"))).Ok();
        Assert.Equal("created", await Inspect("{{.State.Status}}"));
        (await Podman("init", name)).Ok();
        Assert.Equal("initialized", await Inspect("{{.State.Status}}"));
        (await Podman("start", name)).Ok();
        await Logged("ready\n");
        (await Podman("stop", "--time", "30", name)).Ok();
        Assert.Equal("exited 7", await Inspect("{{.State.Status}} {{.State.ExitCode}}"));
        (await Podman("start", name)).Ok();
        (await Podman("kill", name)).Ok();
        Assert.Equal("137", (await Podman("wait", name)).Ok().Text);
        (await Podman("rm", name)).Ok();
    }

    [PodmanFact]
    public async Task Exec_runs_further_processes()
    {
        await Detached("sleep", "1000");
        Result result = (await Podman("exec", "--user", "12:34", "--workdir", "/tmp", "--env", "A=b c", name, "sh", "-c", "id -u; id -g; pwd; echo $A; exit 5")).Expect(5);
        Assert.Equal("12\n34\n/tmp\nb c\n", result.Out);
        (await Podman("exec", name, "nosuch")).Expect(127);
        (await Podman("exec", name, "sh", "-c", "kill -9 $$")).Expect(137);
        Assert.Equal("in", (await fixture.Podman.RunAsync(["exec", "--interactive", name, "cat"], "in"u8.ToArray())).Ok().Out);
        Assert.Equal("2", (await Podman("top", name, "pid")).Ok().Lines.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [PodmanFact]
    public async Task Paused_it_runs_on_when_resumed_and_can_be_killed()
    {
        await Detached("sleep", "1000");
        (await Podman("pause", name)).Ok();
        Assert.Equal("paused", await Inspect("{{.State.Status}}"));
        (await Podman("unpause", name)).Ok();
        Assert.Equal("ok", (await Podman("exec", name, "echo", "ok")).Ok().Text);
        (await Podman("pause", name)).Ok();
        (await Podman("rm", "--force", "--time", "0", name)).Ok();
    }

    [PodmanFact]
    public async Task Containers_of_a_pod_share_its_namespaces()
    {
        string image = Harness.Oci.Podman.Image;
        (await Podman("pod", "create", "--name", name, "--network", "none", "--share", "net,ipc,uts,pid", "--hostname", "together", "--cgroup-parent", fixture.CgroupParent,
            "--infra-image", image, "--infra-command", "sleep 1000")).Ok();
        string first = $"{name}-1";
        (await Podman("run", "--detach", "--pod", name, "--name", first, image, "sleep", "1000")).Ok();
        const string script = "hostname; for n in net ipc uts pid mnt; do readlink /proc/self/ns/$n; done";
        string[] here = (await Podman("exec", first, "sh", "-c", script)).Ok().Lines;
        string[] there = (await Podman("run", "--rm", "--pod", name, image, "sh", "-c", script)).Ok().Lines;
        Assert.Equal("together", here[0]);
        Assert.Equal(here[..5], there[..5]);
        Assert.NotEqual(here[5], there[5]);
        (await Podman("pod", "rm", "--force", "--time", "0", name)).Ok();
    }

    [PodmanFact]
    public async Task Limits_are_those_of_its_control_group()
    {
        await Detached(["--memory", "64m", "--pids-limit", "33", "--cpu-shares", "512"], "sleep", "1000");
        Assert.Equal("67108864 33", (await Podman("exec", name, "sh", "-c",
            "cd /sys/fs/cgroup; echo $(cat memory/memory.limit_in_bytes memory.max 2>/dev/null) $(cat pids/pids.max pids.max 2>/dev/null)")).Ok().Text);
        Assert.Equal("1", (await Podman("stats", "--no-stream", "--format", "{{.PIDs}}", name)).Ok().Text);
    }

    [PodmanFact]
    public async Task Out_of_memory_it_is_killed() =>
        (await Podman(CreateWords("run", ["--rm", "--memory", "16m"], "dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1"))).Expect(137);

    [PodmanFact]
    public async Task A_memory_limit_in_which_nothing_can_run_is_named_as_the_cause()
    {
        Result result = (await Podman(CreateWords("run", ["--rm", "--memory", "4k"], "true"))).Expect(126);
        Assert.Contains("memory limit", result.Err, StringComparison.Ordinal);
    }

    [PodmanFact]
    public async Task Volumes_and_temporary_filesystems_are_mounted()
    {
        string folder = Path.Combine(fixture.Podman.Folder, name);
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "file"), "content\n");
        Result result = (await Podman(CreateWords("run", ["--rm", "--read-only", "-v", $"{folder}:/ro:ro", "-v", $"{folder}:/rw", "-v", $"{name}:/volume", "--tmpfs", "/t:size=1m,mode=1700"],
            "sh", "-c", "cat /ro/file; for d in / /ro /rw /volume /t; do touch $d/new 2>/dev/null && echo $d; done; stat -c %a /t"))).Ok();
        Assert.Equal("content\n/rw\n/volume\n/t\n1700\n", result.Out);
        Assert.True(File.Exists(Path.Combine(folder, "new")));
        Assert.Equal("new", (await Podman(CreateWords("run", ["--rm", "-v", $"{name}:/volume"], "ls", "/volume"))).Ok().Text);
        (await Podman("volume", "rm", name)).Ok();
    }

    [PodmanFact]
    public async Task On_a_terminal_it_has_its_size_and_its_keys()
    {
        using Terminal terminal = fixture.Podman.StartOnTerminal(33, 111, RunWords("--interactive", "--tty", Harness.Oci.Podman.Image, "sh"));
        await terminal.SeeAsync("# ");
        terminal.Type("stty size; tty; exit 6\n");
        await terminal.SeeAsync("33 111");
        await terminal.SeeAsync("/dev/pts/0");
        Assert.Equal(6, await terminal.EndAsync());
    }

    [PodmanFact]
    public async Task Capabilities_filter_and_user_are_as_asked()
    {
        Result result = (await Podman(CreateWords("run", ["--rm", "--cap-drop", "all", "--cap-add", "net_raw", "--security-opt", "no-new-privileges"],
            "grep", "-E", "^(CapEff|NoNewPrivs):", "/proc/self/status"))).Ok();
        Assert.Equal("CapEff:\t0000000000002000\nNoNewPrivs:\t1\n", result.Out);
        string profile = Path.Combine(fixture.Podman.Folder, name + ".json");
        await File.WriteAllTextAsync(profile, """{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}]}""");
        result = (await Podman(CreateWords("run", ["--rm", "--security-opt", $"seccomp={profile}", "--user", "1000:1000"], "sh", "-c", "id -u; mkdir /tmp/x; echo $? > /dev/stdout"))).Ok();
        Assert.Equal("1000\n1\n", result.Out);
        Assert.Contains("Permission denied", result.Err, StringComparison.Ordinal);
    }

    [PodmanFact]
    public async Task In_a_user_namespace_its_ids_are_the_hosts_others()
    {
        await Detached(["--uidmap", "0:200000:65536", "--gidmap", "0:300000:65536"], "sleep", "1000");
        Assert.Equal("0\n0 200000 65536\n0 300000 65536", (await Podman("exec", name, "sh", "-c", "id -u; for f in uid gid; do echo $(cat /proc/self/${f}_map); done")).Ok().Text);
        string pid = await Inspect("{{.State.Pid}}");
        Assert.Contains("Uid:\t200000\t", await File.ReadAllTextAsync($"/proc/{pid}/status"), StringComparison.Ordinal);
    }

    [PodmanFact]
    public async Task A_terminal_in_a_user_namespace_is_the_user_s()
    {
        await Detached(["--uidmap", "0:200000:65536", "--gidmap", "0:300000:65536"], "sleep", "1000");
        using Terminal terminal = fixture.Podman.StartOnTerminal(20, 80, ["exec", "--interactive", "--tty", "--user", "1000", name, "sh", "-c", "stat -c 'owner %u' $(tty)"]);
        await terminal.SeeAsync("owner 1000");
        Assert.Equal(0, await terminal.EndAsync());
    }

    [PodmanFact]
    public async Task Many_at_once()
    {
        Result[] results = await Task.WhenAll(Enumerable.Range(0, 6).Select(number => Run("sh", "-c", $"echo {number}")));
        Assert.Equal(Enumerable.Range(0, 6).Select(number => $"{number}\n"), results.Select(result => result.Ok().Out));
    }

    /// <summary>As the user nobody, who has no further ids: podman makes a user namespace of him alone, and runs the runtime as its root.</summary>
    [PodmanFact]
    public async Task An_ordinary_user_runs_containers_too()
    {
        const int nobody = 65534;
        // The runtime itself may lie where he has no right to look.
        string folder = $"{fixture.Podman.Folder}-{nobody}";
        Directory.CreateDirectory(folder);
        string copy = Path.Combine(folder, "runtime");
        File.Copy(OciRuntime.Program, copy);
        Podman podman = new(folder, string.Join(' ', OciRuntime.Words.Prepend(copy)), nobody);
        try
        {
            await podman.ImportAsync();
            Result result = await podman.RunAsync(["run", "--rm", "--network", "none", Harness.Oci.Podman.Image, "sh", "-c", "id -u; echo $(cat /proc/self/uid_map); echo x > /dev/null; exit 3"]);
            result.Expect(3);
            Assert.Equal($"0\n0 {nobody} 1\n", result.Out);
            (await podman.RunAsync(["run", "--detach", "--network", "none", "--name", name, Harness.Oci.Podman.Image, "sleep", "1000"])).Ok();
            Assert.Equal("sleep 1000", (await podman.RunAsync(["exec", name, "sh", "-c", "tr '\\0' ' ' < /proc/1/cmdline"])).Ok().Text.TrimEnd());
            (await podman.RunAsync(["kill", name])).Ok();
            Assert.Equal("137", (await podman.RunAsync(["wait", name])).Ok().Text);
            (await podman.RunAsync(["rm", name])).Ok();
            Assert.Equal("", (await podman.RunAsync(["ps", "--all", "--quiet"])).Ok().Text);
        }
        finally
        {
            await podman.RunAsync(["rm", "--all", "--force", "--time", "0"]);
            // The process that keeps his namespaces.
            foreach (string file in Directory.EnumerateFiles(folder, "pause.pid", SearchOption.AllDirectories))
                Processes.Signal(int.Parse(await File.ReadAllTextAsync(file), System.Globalization.CultureInfo.InvariantCulture), Processes.SIGKILL);
            await Eventually.TrueAsync(() => OciLeaks.Of(podman.State, folder, fixture.CgroupParent + "-none").Count == 0,
                () => $"left behind:\n{string.Join('\n', OciLeaks.Of(podman.State, folder, fixture.CgroupParent + "-none"))}");
            Directory.Delete(folder, recursive: true);
        }
    }

    private Task<Result> Podman(params string[] arguments) => fixture.Podman.RunAsync(arguments);

    /// <summary>Runs a container to its end, and removes it.</summary>
    private Task<Result> Run(params string[] command) => Podman(RunWords([Harness.Oci.Podman.Image, .. command]));

    private async Task Detached(params string[] command) => (await Podman(CreateWords("run", ["--detach"], command))).Ok();

    private async Task Detached(string[] options, params string[] command) => (await Podman(CreateWords("run", ["--detach", .. options], command))).Ok();

    private string[] RunWords(params string[] rest) => ["run", "--rm", "--network", "none", "--cgroup-parent", fixture.CgroupParent, .. rest];

    private string[] CreateWords(string verb, params string[] command) => CreateWords(verb, [], command);

    private string[] CreateWords(string verb, string[] options, params string[] command) =>
        [verb, "--name", name, "--network", "none", "--cgroup-parent", fixture.CgroupParent, .. options, Harness.Oci.Podman.Image, .. command];

    private async Task<string> Inspect(string format) => (await Podman("inspect", "--format", format, name)).Ok().Text;

    private Task Logged(string output) => Eventually.EqualAsync(output, async () => (await Podman("logs", name)).Ok().Out);
}
