using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>Hooks (config.md, "POSIX-platform Hooks").</summary>
public sealed class OciHookTests(OciFixture oci) : OciTests(oci)
{
    private static readonly string[] Kinds = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

    [OciFact(Only = OciKinds.Tare, Because = "runc runs poststart hooks in create, and crun before those of the start")]
    public async Task All_kinds_run_in_their_order()
    {
        OciBundle box = Bundle("sh", "-c", "echo program >>/log");
        string log = box.Rootfs + "/log";
        foreach (string kind in Kinds)
            Add(box, kind, $"echo {kind} >>{(kind == "startContainer" ? "/log" : log)}");
        await File.WriteAllTextAsync(log, "");
        await Created(box);
        Assert.Equal(["prestart", "createRuntime", "createContainer"], await File.ReadAllLinesAsync(log));
        (await Oci("start", box.Id)).Ok();
        await Becomes(box.Id, "stopped");
        string[] lines = await File.ReadAllLinesAsync(log);
        // The program and the hooks behind its start go on at once.
        Assert.Equal("startContainer", lines[3]);
        Assert.Equal(["poststart", "program"], lines[4..].Order());
        (await Oci("delete", box.Id)).Ok();
        Assert.Equal("poststop", (await File.ReadAllLinesAsync(log))[^1]);
        await Gone(box.Id);
    }

    [OciTheory(Crun = "bundle and pid are not always those of state")]
    [InlineData("prestart", "created|creating")]
    [InlineData("createRuntime", "creat")]
    [InlineData("createContainer", "creat")]
    [InlineData("startContainer", "created")]
    [InlineData("poststart", "running")]
    [InlineData("poststop", "stopped")]
    public async Task Each_gets_the_state_on_its_standard_input(string kind, string status)
    {
        OciBundle box = Bundle("sleep", "0.1").Set("annotations", new JsonObject { ["key"] = "value" });
        string file = kind == "startContainer" ? "/state" : box.Rootfs + "/state";
        Add(box, kind, $"cat >{file}");
        await Started(box);
        int pid = kind == "poststop" ? 0 : -1;
        await Becomes(box.Id, "stopped");
        (await Oci("delete", box.Id)).Ok();
        JsonObject state = (JsonObject)JsonNode.Parse(await File.ReadAllTextAsync(box.Rootfs + "/state"))!;
        Assert.Equal(box.Id, (string)state["id"]!);
        Assert.Equal(box.Folder, (string)state["bundle"]!);
        // runc runs poststart hooks in create.
        if (kind != "poststart" || OciRuntime.Kind != OciKinds.Runc)
            Assert.Matches(status, (string)state["status"]!);
        Assert.Equal("value", (string)state["annotations"]!["key"]!);
        if (pid < 0)
            Assert.True((int)state["pid"]! > 0);
    }

    [OciTheory]
    [InlineData("createContainer")]
    [InlineData("startContainer")]
    public async Task Some_run_in_the_containers_namespaces(string kind)
    {
        OciBundle box = Bundle("true");
        string file = kind == "startContainer" ? "/seen" : box.Rootfs + "/seen";
        Add(box, kind, $"readlink /proc/self/ns/mnt >{file}; readlink /proc/self/ns/uts >>{file}; hostname >>{file}");
        await Started(box);
        await Becomes(box.Id, "stopped");
        string[] seen = await File.ReadAllLinesAsync(box.Rootfs + "/seen");
        Assert.NotEqual(File.ResolveLinkTarget("/proc/self/ns/mnt", returnFinalTarget: false)!.Name, seen[0]);
        if (OciRuntime.IsTare)
        {
            Assert.NotEqual(File.ResolveLinkTarget("/proc/self/ns/uts", returnFinalTarget: false)!.Name, seen[1]);
            Assert.Equal("oci", seen[2]);
        }
    }

    [OciTheory(Crun = "exit code 255")]
    [InlineData("prestart")]
    [InlineData("createRuntime")]
    [InlineData("createContainer")]
    public async Task One_that_fails_before_the_start_undoes_the_creation(string kind)
    {
        OciBundle box = Bundle("true");
        string log = Path.Combine(box.Folder, "log");
        Add(box, kind, "echo some words >&2; exit 3");
        Add(box, kind, $"echo next >>{log}");
        Refused(await TryCreate(box), 1, kind, "exit status 3", "some words");
        Assert.False(File.Exists(log));
        await Gone(box.Id);
    }

    [OciFact(Only = OciKinds.Tare, Because = "runc does not wait for these hooks in start, and crun neither: both succeed")]
    public async Task One_that_fails_at_the_start_keeps_the_program_from_running()
    {
        OciBundle box = Bundle("sh", "-c", "echo ran");
        Add(box, "startContainer", "exit 4");
        await Created(box);
        Refused(await Oci("start", box.Id), 1, "startContainer", "exit status 4");
        await Becomes(box.Id, "stopped");
        Assert.DoesNotContain("ran", OutputOf(box), StringComparison.Ordinal);
        (await Oci("delete", "--force", box.Id)).Ok();
        await Gone(box.Id);
    }

    [OciFact(Only = OciKinds.Tare, Because = "runc runs these hooks in create; crun goes on, as older versions of the specification had it")]
    public async Task One_that_fails_after_the_start_stops_the_container()
    {
        OciBundle box = Idle();
        Add(box, "poststart", "exit 5");
        await Created(box);
        Refused(await Oci("start", box.Id), 1, "poststart", "exit status 5");
        await Eventually.EqualAsync(false, async () => (await Oci("state", box.Id)).Out.Contains("running", StringComparison.Ordinal));
        (await Oci("delete", "--force", box.Id)).Ok();
        await Gone(box.Id);
    }

    [OciFact(Only = OciKinds.Tare | OciKinds.Crun, Because = "runc fails then, against the specification")]
    public async Task One_that_fails_after_the_end_is_told_of_and_the_rest_run()
    {
        OciBundle box = Bundle("true");
        string log = Path.Combine(box.Folder, "log");
        Add(box, "poststop", "exit 6");
        Add(box, "poststop", $"echo next >>{log}");
        await Started(box);
        await Becomes(box.Id, "stopped");
        Result result = (await Oci("delete", box.Id)).Ok();
        Assert.Equal("next\n", await File.ReadAllTextAsync(log));
        if (OciRuntime.IsTare)
            Assert.Contains("poststop hook #0", result.Err, StringComparison.Ordinal);
        await Gone(box.Id);
    }

    [OciTheory]
    [InlineData("createRuntime")]
    [InlineData("createContainer")]
    public async Task One_that_takes_too_long_is_killed(string kind)
    {
        OciBundle box = Bundle("true");
        Add(box, kind, "exec sleep 7373", timeout: 1);
        Refused(await TryCreate(box), 1, kind, "timeout", "1 s");
        await Eventually.TrueAsync(() => !Processes.All().Any(process => process.Arguments is ["sleep", "7373"] && process.State != 'Z'), () => "the hook is left");
        await Gone(box.Id);
    }

    [OciFact(Crun = "exit code 255")]
    public async Task One_that_is_not_there()
    {
        OciBundle box = Bundle("true").Set("hooks", JsonNode.Parse("""{"createRuntime":[{"path":"/nonexistent/hook"}]}"""));
        Refused(await TryCreate(box), 1, "/nonexistent/hook");
        await Gone(box.Id);
    }

    [OciFact]
    public async Task One_that_does_not_read_its_input()
    {
        OciBundle box = Bundle("true").Set("annotations", new JsonObject { ["long"] = new string('x', 200_000) });
        foreach (string kind in Kinds)
            box.Set("hooks." + kind, JsonNode.Parse("""[{"path":"/bin/true"}]"""));
        (await Run(box)).Ok();
        await Gone(box.Id);
    }

    [OciFact]
    public async Task Arguments_and_environment_are_the_hooks_own()
    {
        OciBundle box = Bundle("true");
        string log = Path.Combine(box.Folder, "log");
        box.Set("hooks", JsonNode.Parse($$"""{"createRuntime":[{"path":"/bin/sh","args":["called-so","-c","echo $0 $1 $X >{{log}}","a","b"],"env":["X=y"]}]}"""));
        (await Run(box)).Ok();
        Assert.Equal("a b y\n", await File.ReadAllTextAsync(log));
    }

    [OciFact(Crun = "the container is not there yet")]
    public async Task The_creation_that_a_hook_looks_at_has_its_control_groups_and_mounts()
    {
        OciBundle box = Bundle("true").Set("linux.resources.pids", new JsonObject { ["limit"] = 55 });
        string log = Path.Combine(box.Folder, "log");
        Add(box, "createRuntime", $"pid=$(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/'); (cat {Cgroup(box.Id, "pids")}/pids.max; grep -c ' /dev/shm \\|/dev/shm ' /proc/$pid/mountinfo) >{log}");
        (await Run(box)).Ok();
        string[] lines = await File.ReadAllLinesAsync(log);
        Assert.Equal("55", lines[0]);
        Assert.NotEqual("0", lines[1]);
    }

    private static void Add(OciBundle box, string kind, string script, int? timeout = null) => box.Hook(kind, script, timeout);
}
