using System.Diagnostics;
using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>create, start, stop, kill, wait, restart, rename, pause, unpause, top, rm, ps.</summary>
public sealed class LifecycleTests(EngineFixture engine) : EngineTests(engine)
{
    [Theory, Clients]
    public async Task Create_start_wait_rm(string client)
    {
        string name = Name();
        string id = await Ok(client, "create", "--name", name, "--network", "none", Image, "sh", "-c", "exit 4");
        Assert.Matches("^[0-9a-f]{64}$", id);
        Assert.Equal("created", await Api.StatusAsync(name));
        Assert.Equal(name, await Ok(client, "start", name));
        Assert.Equal("4", await Ok(client, "wait", name));
        Assert.Equal("exited", await Api.StatusAsync(name));
        Assert.Equal(name, await Ok(client, "rm", name));
        Assert.False(await Api.ExistsAsync(id));
    }

    [Theory, Clients]
    public async Task A_container_is_found_by_name_id_and_prefix(string client)
    {
        string name = Name();
        string id = await Ok(client, "create", "--name", name, "--network", "none", Image);
        foreach (string reference in new[] { name, "/" + name, id, id[..12], id[..20] })
            Assert.Equal(id, await Ok(client, "inspect", "-f", "{{.Id}}", reference));
    }

    [Theory, Clients]
    public async Task Wait_waits_for_a_running_container_and_several(string client)
    {
        string one = Name();
        string two = Name();
        await Ok(client, "run", "-d", "--name", one, "--network", "none", "-i", Image, "sh", "-c", "read line; exit 9");
        await Ok(client, "run", "-d", "--name", two, "--network", "none", Image, "sh", "-c", "exit 2");
        using Running wait = Start(client, "wait", one, two);
        Running attach = Start(client, "attach", one);
        await attach.WriteAsync("\n");
        Assert.Equal("9\n2\n", (await wait.EndAsync()).Ok().Out);
        (await attach.EndAsync()).Expect(9);
    }

    [Theory, Clients]
    public async Task Stop_asks_first(string client)
    {
        string name = Name();
        await Ok(client, "run", "-d", "--name", name, "--network", "none", Image, "sh", "-c", "trap 'echo asked; exit 3' TERM; echo up; while :; do sleep 1000 & wait $!; done");
        await Eventually.EqualAsync("up", () => Ok(client, "logs", name));
        Assert.Equal(name, await Ok(client, "stop", name));
        Assert.Equal("up\nasked", await Ok(client, "logs", name));
        Assert.Equal("exited 3", await Ok(client, "inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", name));
        Assert.Equal(name, await Ok(client, "stop", name));
    }

    [Theory, Clients]
    public async Task Stop_kills_after_its_time(string client)
    {
        string name = Name();
        await Ok(client, "run", "-d", "--name", name, "--network", "none", Image, "sleep", "1000");
        Stopwatch watch = Stopwatch.StartNew();
        await Ok(client, "stop", "-t", "1", name);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.9, 8);
        Assert.Equal("137", await Ok(client, "inspect", "-f", "{{.State.ExitCode}}", name));
    }

    [Theory, Clients]
    public async Task The_stop_signal_is_the_containers(string client)
    {
        string name = Name();
        await Ok(client, "run", "-d", "--name", name, "--network", "none", "--stop-signal", "USR1", Image, "sh", "-c", "trap 'exit 6' USR1; echo up; while :; do sleep 1000 & wait $!; done");
        await Eventually.EqualAsync("up", () => Ok(client, "logs", name));
        await Ok(client, "stop", name);
        Assert.Equal("6", await Ok(client, "inspect", "-f", "{{.State.ExitCode}}", name));
    }

    [Theory, Clients]
    public async Task Kill_sends_the_signal_that_is_named(string client)
    {
        string name = Name();
        await Ok(client, "run", "-d", "--name", name, "--network", "none", Image, "sh", "-c", "trap 'echo hup' HUP; trap 'exit 0' TERM; echo up; while :; do sleep 1000 & wait $!; done");
        await Eventually.EqualAsync("up", () => Ok(client, "logs", name));
        Assert.Equal(name, await Ok(client, "kill", "-s", "HUP", name));
        await Eventually.EqualAsync("up\nhup", () => Ok(client, "logs", name));
        Assert.Equal("running", await Api.StatusAsync(name));
        await Ok(client, "kill", "--signal=15", name);
        Assert.Equal("0", await Ok(client, "wait", name));
        Result dead = (await Run(client, "kill", name)).Expect(1);
        Assert.EndsWith("is not running\n", dead.Err, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task Kill_refuses_a_signal_that_does_not_exist(string client)
    {
        string name = await Idle(client);
        Result result = (await Run(client, "kill", "-s", "NOSUCH", name)).Expect(1);
        Assert.Contains("Invalid signal: NOSUCH", result.Err, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("running", await Api.StatusAsync(name));
    }

    [Theory, Clients]
    public async Task Restart_starts_again_what_runs_and_what_has_ended(string client)
    {
        string name = await Idle(client);
        string pid = await Ok(client, "inspect", "-f", "{{.State.Pid}}", name);
        Assert.Equal(name, await Ok(client, "restart", name));
        Assert.NotEqual(pid, await Ok(client, "inspect", "-f", "{{.State.Pid}}", name));
        Assert.Equal("running", await Api.StatusAsync(name));

        string ended = Name();
        await Ok(client, "run", "--name", ended, "--network", "none", Image, "echo", "once more");
        await Ok(client, "restart", ended);
        await Ok(client, "wait", ended);
        Assert.Equal("once more\nonce more", await Ok(client, "logs", ended));
    }

    [Theory, Clients]
    public async Task Its_files_stay_over_a_restart(string client)
    {
        string name = Name();
        await Ok(client, "run", "--name", name, "--network", "none", Image, "sh", "-c", "echo x >> /count; wc -l < /count");
        await Ok(client, "start", "-a", name);
        Assert.Equal("1\n2", await Ok(client, "logs", name));
    }

    [Theory, Clients]
    public async Task Rename(string client)
    {
        string name = Name();
        string other = Name();
        string id = await Ok(client, "create", "--name", name, "--network", "none", Image);
        await Ok(client, "rename", name, other);
        Assert.Equal("/" + other, await Ok(client, "inspect", "-f", "{{.Name}}", id));
        Assert.False(await Api.ExistsAsync(name));
        string third = Name();
        await Ok(client, "create", "--name", third, "--network", "none", Image);
        Result taken = (await Run(client, "rename", third, other)).Expect(1);
        Assert.Contains($"Conflict. The container name \"/{other}\" is already in use by container", taken.Err, StringComparison.Ordinal);
        Result nonsense = (await Run(client, "rename", third, "no good")).Expect(1);
        Assert.Contains("Invalid container name (/no good), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", nonsense.Err, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task Pause_freezes_and_unpause_goes_on(string client)
    {
        string name = Name();
        await Ok(client, "run", "-d", "--name", name, "--network", "none", Image, "sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; usleep 10000; done");
        await Eventually.EqualAsync(true, async () => (await Run(client, "logs", name)).Lines.Length > 3);
        Assert.Equal(name, await Ok(client, "pause", name));
        Assert.Equal("paused true true", await Ok(client, "inspect", "-f", "{{.State.Status}} {{.State.Paused}} {{.State.Running}}", name));
        string frozen = await Ok(client, "logs", name);
        await Task.Delay(200);
        Assert.Equal(frozen, await Ok(client, "logs", name));
        Assert.Contains("(Paused)", await Ok(client, "ps", "--filter", "name=" + name, "--format", "{{.Status}}"), StringComparison.Ordinal);
        Assert.Contains("is paused", (await Run(client, "exec", name, "true")).Expect(1).Err, StringComparison.Ordinal);
        Assert.Contains("already paused", (await Run(client, "pause", name)).Expect(1).Err, StringComparison.Ordinal);
        Assert.Equal(name, await Ok(client, "unpause", name));
        await Eventually.EqualAsync(true, async () => (await Ok(client, "logs", name)).Length > frozen.Length);
        Assert.Contains("is not paused", (await Run(client, "unpause", name)).Expect(1).Err, StringComparison.Ordinal);
        await Ok(client, "pause", name);
        await Ok(client, "rm", "-f", name);
    }

    [Theory, Clients]
    public async Task Top_lists_the_processes(string client)
    {
        string name = Name();
        await Ok(client, "run", "-d", "--name", name, "--network", "none", Image, "sleep", "1234");
        string[] lines = (await Ok(client, "top", name)).Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Equal(["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"], lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        string[] fields = lines[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(await Ok(client, "inspect", "-f", "{{.State.Pid}}", name), fields[1]);
        Assert.EndsWith("sleep 1234", lines[1].TrimEnd(), StringComparison.Ordinal);
        string[] chosen = (await Ok(client, "top", name, "-o", "pid,comm")).Split('\n');
        Assert.Equal(["PID", "COMMAND"], chosen[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal([fields[1], "sleep"], chosen[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory, Clients]
    public async Task Rm_refuses_what_runs_unless_forced(string client)
    {
        string name = await Idle(client);
        Result refused = (await Run(client, "rm", name)).Expect(1);
        Assert.Contains($"cannot remove container \"{name}\": container is running: stop the container before removing or force remove", refused.Err, StringComparison.Ordinal);
        Assert.Equal(name, await Ok(client, "rm", "-f", name));
        Assert.False(await Api.ExistsAsync(name));
    }

    [Theory, Clients]
    public async Task Rm_goes_on_with_the_others_after_an_error(string client)
    {
        string name = Name();
        await Ok(client, "create", "--name", name, "--network", "none", Image);
        Result result = (await Run(client, "rm", "nosuch", name)).Expect(1);
        Assert.Equal(name + "\n", result.Out);
        Assert.False(await Api.ExistsAsync(name));
    }

    [Theory, Clients]
    public async Task Ps_shows_what_runs_and_with_a_everything(string client)
    {
        string running = await Idle(client);
        string ended = Name();
        await Run(client, "run", "--name", ended, "--network", "none", Image, "sh", "-c", "exit 3");
        string created = Name();
        await Ok(client, "create", "--name", created, "--network", "none", Image);
        string[] ps = (await Ok(client, "ps")).Split('\n');
        Assert.Equal(["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"], ps[0].Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        string line = Assert.Single(ps, l => l.EndsWith(running, StringComparison.Ordinal));
        Assert.Matches("""^[0-9a-f]{12}   tare-test/busybox:latest   "sh -c 'trap 'exit 0…"   (Less than a second|[0-9]+ seconds?|1 second) ago +Up (Less than a second|[0-9]+ seconds?)  +""", line);
        Assert.DoesNotContain(ps, l => l.EndsWith(ended, StringComparison.Ordinal));
        string[] all = (await Ok(client, "ps", "-a", "--format", "{{.Names}} {{.Status}}")).Split('\n');
        Assert.Contains(all, l => l.StartsWith($"{ended} Exited (3) ", StringComparison.Ordinal));
        Assert.Contains(created + " Created", all);
        Assert.Equal(created, (await Ok(client, "ps", "-l", "--format", "{{.Names}}")));
        string[] byState = (await Ok(client, "ps", "-a", "--filter", "status=exited", "--filter", "name=" + ended, "--format", "{{.Names}}")).Split('\n');
        Assert.Equal([ended], byState);
    }

    [Theory, Clients]
    public async Task Inspect_tells_what_was_asked_and_what_happened(string client)
    {
        string name = Name();
        await Run(client, "run", "--name", name, "--network", "none", "-e", "A=b", "-w", "/tmp", "-u", "user", "--hostname", "box", "--read-only", Image, "sh", "-c", "exit 3");
        JsonArray array = (JsonArray)JsonNode.Parse(await Ok(client, "inspect", name))!;
        JsonNode seen = Assert.Single(array)!;
        Assert.Equal("/" + name, (string)seen["Name"]!);
        Assert.Equal("sh", (string)seen["Path"]!);
        Assert.Equal(["-c", "exit 3"], ((JsonArray)seen["Args"]!).Select(a => (string)a!));
        JsonNode state = seen["State"]!;
        Assert.Equal("exited", (string)state["Status"]!);
        Assert.Equal(3, (int)state["ExitCode"]!);
        Assert.Equal(0, (int)state["Pid"]!);
        Assert.False((bool)state["Running"]!);
        Assert.True((DateTimeOffset)state["FinishedAt"]! >= (DateTimeOffset)state["StartedAt"]!);
        JsonNode config = seen["Config"]!;
        Assert.Equal(["A=b", "PATH=/bin"], ((JsonArray)config["Env"]!).Select(a => (string)a!));
        Assert.Equal("/tmp", (string)config["WorkingDir"]!);
        Assert.Equal("user", (string)config["User"]!);
        Assert.Equal("box", (string)config["Hostname"]!);
        Assert.Equal(Image, (string)config["Image"]!);
        Assert.Equal("none", (string)seen["HostConfig"]!["NetworkMode"]!);
        Assert.True((bool)seen["HostConfig"]!["ReadonlyRootfs"]!);
        Assert.StartsWith("sha256:", (string)seen["Image"]!, StringComparison.Ordinal);
        Assert.NotNull(seen["NetworkSettings"]!["Networks"]!["none"]);
    }

    [Theory, Clients]
    public async Task Starting_what_runs_changes_nothing(string client)
    {
        string name = await Idle(client);
        string pid = await Ok(client, "inspect", "-f", "{{.State.Pid}}", name);
        Assert.Equal(name, await Ok(client, "start", name));
        Assert.Equal(pid, await Ok(client, "inspect", "-f", "{{.State.Pid}}", name));
    }

    [Theory, Clients]
    public async Task All_processes_of_a_container_end_with_its_first(string client)
    {
        string name = Name();
        await Ok(client, "run", "-d", "--name", name, "--network", "none", Image, "sh", "-c", "sleep 4321 & echo up; trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done");
        await Eventually.EqualAsync("up", () => Ok(client, "logs", name));
        Assert.Contains(Processes.All(), p => p.Arguments is ["sleep", "4321"]);
        await Ok(client, "stop", name);
        Assert.DoesNotContain(Processes.All(), p => p.Arguments is ["sleep", "4321"]);
    }

    [Theory, Clients]
    public async Task Many_at_once(string client)
    {
        string[] names = Enumerable.Range(0, 20).Select(_ => Name()).ToArray();
        string[] ids = await Task.WhenAll(names.Select(name => Ok(client, "run", "-d", "--name", name, "--network", "none", Image, "sh", "-c", $"echo {name}; exit 0")));
        Assert.Equal(20, ids.Distinct().Count());
        Assert.All((await Ok(client, ["wait", .. names])).Split('\n'), code => Assert.Equal("0", code));
        foreach (string name in names)
            Assert.Equal(name, await Ok(client, "logs", name));
        await Ok(client, ["rm", .. names]);
    }
}
