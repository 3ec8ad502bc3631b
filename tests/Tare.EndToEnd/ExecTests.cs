using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>exec with -i, -d, -e, -u, -w; terminals are in TerminalTests.</summary>
public sealed class ExecTests(EngineFixture engine) : EngineTests(engine)
{
    [Theory, Clients]
    public async Task Output_and_errors_come_apart(string client)
    {
        string name = await Idle(client);
        Result result = (await Run(client, "exec", name, "sh", "-c", "echo out; echo err >&2")).Ok();
        Assert.Equal("out\n", result.Out);
        Assert.Equal("err\n", result.Err);
    }

    [Theory, Clients]
    public async Task Environment_directory_and_user(string client)
    {
        string name = await Idle(client, "-e", "FROM=container", "-w", "/var");
        Assert.Equal("container\nadded\n/var\n0", await Ok(client, "exec", "-e", "ADDED=added", name, "sh", "-c", "echo $FROM; echo $ADDED; pwd; id -u"));
        Assert.Equal("/tmp\n1000\n/home", await Ok(client, "exec", "-w", "/tmp", "-u", "user", name, "sh", "-c", "pwd; id -u; echo $HOME"));
        Assert.Equal("uid=4321 gid=50(staff) groups=50(staff)", await Ok(client, "exec", "-u", "4321:staff", name, "id"));
    }

    [Theory, Clients]
    public async Task It_runs_inside_the_container(string client)
    {
        string name = await Idle(client, "--hostname", "box");
        await Ok(client, "exec", name, "sh", "-c", "echo there > /file");
        Assert.Equal("there\nbox", await Ok(client, "exec", name, "sh", "-c", "cat /file; hostname"));
        string script = "for n in ipc mnt pid uts net; do readlink /proc/1/ns/$n; readlink /proc/self/ns/$n; done";
        string[] lines = (await Ok(client, "exec", name, "sh", "-c", script)).Split('\n');
        Assert.Equal(10, lines.Length);
        for (int i = 0; i < lines.Length; i += 2)
            Assert.Equal(lines[i], lines[i + 1]);
        Assert.Equal(await Ok(client, "exec", name, "sed", "-n", "s/CapEff:\\t//p", "/proc/1/status"), await Ok(client, "exec", name, "sed", "-n", "s/CapEff:\\t//p", "/proc/self/status"));
        Assert.Equal(await Ok(client, "exec", name, "cat", "/proc/1/cgroup"), await Ok(client, "exec", name, "cat", "/proc/self/cgroup"));
    }

    [Theory, Clients]
    public async Task Privileged_exec(string client)
    {
        string name = await Idle(client);
        const string Capabilities = "sed -n 's/CapEff:\\t//p' /proc/self/status";
        const ulong SysAdmin = 1UL << 21;
        Assert.Equal(0UL, Convert.ToUInt64(await Ok(client, "exec", name, "sh", "-c", Capabilities), 16) & SysAdmin);
        Assert.Equal(SysAdmin, Convert.ToUInt64(await Ok(client, "exec", "--privileged", name, "sh", "-c", Capabilities), 16) & SysAdmin);
    }

    [Theory, Clients]
    public async Task Detached_it_returns_at_once_and_goes_on(string client)
    {
        string name = await Idle(client);
        Assert.Equal("", await Ok(client, "exec", "-d", name, "sh", "-c", "echo started > /started; sleep 1000"));
        await Eventually.EqualAsync("started", async () => (await Run(client, "exec", name, "cat", "/started")).Text);
        Assert.Contains("sleep 1000", await Ok(client, "exec", name, "ps"), StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task A_directory_that_is_missing_or_a_user_unknown_is_an_error(string client)
    {
        string name = await Idle(client);
        Result directory = await Run(client, "exec", "-w", "/nosuch", name, "true");
        directory.Expect(127);
        Assert.Contains("chdir to cwd (\"/nosuch\") set in config.json failed: no such file or directory", directory.Out + directory.Err, StringComparison.Ordinal);
        Result relative = (await Run(client, "exec", "-w", "tmp", name, "true")).Expect(128);
        Assert.Contains("Cwd must be an absolute path", relative.Out + relative.Err, StringComparison.Ordinal);
        Assert.Equal("Error response from daemon: uids and gids must be in range 0-2147483647\n", (await Run(client, "exec", "-u", "-1", name, "true")).Expect(1).Err);
        Result user = (await Run(client, "exec", "-u", "nobody", name, "true")).Expect(1);
        Assert.Contains("unable to find user nobody: no matching entries in passwd file", user.Err, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task The_containers_end_ends_it(string client)
    {
        string name = await Idle(client);
        using Running exec = Start(client, "exec", name, "sh", "-c", "echo up; sleep 1000");
        await exec.SeeAsync("up");
        await Ok(client, "kill", name);
        (await exec.EndAsync()).Expect(137);
    }

    [Theory, Clients]
    public async Task Many_at_once_in_one_container(string client)
    {
        string name = await Idle(client);
        Result[] results = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => Run(client, "exec", name, "sh", "-c", $"echo {i}; exit {i}")));
        for (int i = 0; i < results.Length; i++)
            Assert.Equal($"{i}\n", results[i].Expect(i).Out);
    }

    [Theory, Clients]
    public async Task Inspect_of_an_exec_over_the_api(string client)
    {
        string name = await Idle(client);
        (int status, string body) = await Api.SendAsync(HttpMethod.Post, $"containers/{name}/exec", """{"Cmd":["sh","-c","exit 3"],"Env":["A=b"],"WorkingDir":"/tmp"}""");
        Assert.Equal(201, status);
        string id = (string)JsonNode.Parse(body)!["Id"]!;
        JsonNode before = await Api.GetAsync($"exec/{id}/json");
        Assert.False((bool)before["Running"]!);
        Assert.Null(before["ExitCode"]);
        Assert.Equal("sh", (string)before["ProcessConfig"]!["entrypoint"]!);
        Assert.Equal(200, (await Api.SendAsync(HttpMethod.Post, $"exec/{id}/start", """{"Detach":true}""")).Status);
        await Eventually.EqualAsync(3, async () => (int?)(await Api.GetAsync($"exec/{id}/json"))["ExitCode"] ?? -1);
        Assert.Equal(409, (await Api.SendAsync(HttpMethod.Post, $"exec/{id}/start", """{"Detach":true}""")).Status);
        Assert.Equal(404, (await Api.SendAsync(HttpMethod.Get, "exec/0123456789abcdef/json")).Status);
    }
}
