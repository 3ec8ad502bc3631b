using System.Globalization;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>exec: a further process in a container, with the container's own settings or others.</summary>
public sealed class OciExecTests(OciFixture oci) : OciTests(oci)
{
    private const string Capabilities = "sed -n 's/^Cap\\(Bnd\\|Eff\\|Prm\\):\\t//p' /proc/self/status";

    [OciFact]
    public async Task Output_exit_code_and_namespaces()
    {
        OciBundle box = await Started(Idle());
        Result result = (await Oci("exec", box.Id, "sh", "-c", "hostname; echo err >&2; exit 9")).Expect(9);
        Assert.Equal("oci\n", result.Out);
        Assert.Equal("err\n", result.Err);
        string script = "for n in ipc mnt pid uts net; do readlink /proc/1/ns/$n; readlink /proc/self/ns/$n; done";
        string[] lines = (await Exec(box, script)).Split('\n');
        for (int i = 0; i < lines.Length; i += 2)
            Assert.Equal(lines[i], lines[i + 1]);
        Assert.Equal(await Exec(box, "cat /proc/1/cgroup"), await Exec(box, "cat /proc/self/cgroup"));
    }

    [OciFact(Crun = "directory and no-new-privileges are not the container's")]
    public async Task It_has_the_containers_settings()
    {
        OciBundle box = await Started(Idle().Set("process.user.uid", 1000).Set("process.user.gid", 1000).Set("process.user.additionalGids", new System.Text.Json.Nodes.JsonArray(50))
            .Set("process.cwd", "/tmp").Set("process.env", OciBundle.List("PATH=/bin", "OWN=1")).Set("process.noNewPrivileges", true));
        Assert.Equal("1000\n1000\n1000 50\n/tmp\n1\nNoNewPrivs:\t1", await Exec(box, "id -u; id -g; id -G; pwd; echo $OWN; grep NoNewPrivs /proc/self/status"));
        string own = await Exec(box, "grep Cap /proc/1/status");
        Assert.Equal(own, await Exec(box, "grep Cap /proc/self/status"));
    }

    [OciFact(Crun = "no option for groups")]
    public async Task User_directory_and_environment_can_be_others()
    {
        OciBundle box = await Started(Idle().Set("process.env", OciBundle.List("PATH=/bin", "A=old")));
        Result result = await Oci("exec", "--user", "1000:50", "--cwd", "/var", "--env", "A=new", "--env", "B=b=c", "-g", "7", box.Id, "sh", "-c", "id -u; id -G; pwd; echo $A $B");
        // One has the group twice.
        Assert.Equal("1000\n50 7\n/var\nnew b=c", result.Ok().Text.Replace(" 7 7", " 7", StringComparison.Ordinal));
        Assert.Equal("1000\n0", (await Oci("exec", "--user", "1000", box.Id, "sh", "-c", "id -u; id -g")).Ok().Text);
    }

    [OciFact]
    public async Task Options_end_with_the_id()
    {
        OciBundle box = await Started(Idle());
        Assert.Equal("-e --tty", (await Oci("exec", box.Id, "echo", "-e --tty")).Ok().Text);
    }

    [OciFact]
    public async Task A_process_can_be_described_by_a_file()
    {
        OciBundle box = await Started(Idle());
        string file = Path.Combine(box.Folder, "process.json");
        await File.WriteAllTextAsync(file, """{"args":["sh","-c","pwd; id -u; echo $X; ulimit -n; grep CapEff /proc/self/status; exit 3"],"cwd":"/home","user":{"uid":5,"gid":6},"env":["PATH=/bin","X=y"],"rlimits":[{"type":"RLIMIT_NOFILE","soft":77,"hard":88}],"capabilities":{}}""");
        Assert.Equal("/home\n5\ny\n77\nCapEff:\t0000000000000000", (await Oci("exec", "--process", file, box.Id)).Expect(3).Text);
    }

    [OciFact(Crun = "the others are dropped")]
    public async Task Capabilities_are_added()
    {
        OciBundle box = await Started(Idle());
        string before = await Exec(box, Capabilities);
        string[] after = (await Oci("exec", "--cap", "CAP_SYS_CHROOT", box.Id, "sh", "-c", Capabilities)).Ok().Lines;
        const ulong Chroot = 1UL << 18;
        foreach ((string less, string more) in before.Split('\n').Zip(after))
            Assert.Equal(Convert.ToUInt64(less, 16) | Chroot, Convert.ToUInt64(more, 16));
    }

    [OciFact]
    public async Task Detached_it_goes_on()
    {
        OciBundle box = await Started(Idle());
        string pidFile = Path.Combine(box.Folder, "exec.pid");
        (await Detached(box, "exec", "-d", "--pid-file", pidFile, box.Id, "sh", "-c", "echo started; sleep 4321")).Ok();
        await Eventually.EqualAsync("started", () => Task.FromResult(OutputOf(box)));
        int pid = int.Parse(await File.ReadAllTextAsync(pidFile), CultureInfo.InvariantCulture);
        Assert.Equal(await Exec(box, "readlink /proc/1/ns/pid"), File.ResolveLinkTarget($"/proc/{pid}/ns/pid", returnFinalTarget: false)!.Name);
    }

    [OciFact]
    public async Task It_ends_with_the_container()
    {
        OciBundle box = await Started(Idle());
        using Running exec = Start("exec", box.Id, "sh", "-c", "echo begun; sleep 1000");
        await exec.SeeAsync("begun");
        (await Oci("kill", box.Id, "KILL")).Ok();
        (await exec.EndAsync()).Expect(137);
    }

    [OciFact]
    public async Task Standard_input_is_passed()
    {
        OciBundle box = await Started(Idle());
        Assert.Equal("abc", (await OciWith("abc", "exec", box.Id, "cat")).Ok().Out);
    }

    [OciFact]
    public async Task Signals_are_passed_on()
    {
        OciBundle box = await Started(Idle());
        using Running exec = Start("exec", box.Id, "sh", "-c", "trap 'echo got; exit 6' TERM; echo ready; while :; do sleep 1000 >/dev/null 2>&1 & wait $!; done");
        await exec.SeeAsync("ready");
        Processes.Signal(exec.Pid, Processes.SIGTERM);
        Assert.Contains("got", (await exec.EndAsync()).Expect(6).Out, StringComparison.Ordinal);
    }

    [OciFact]
    public async Task Privileges_can_be_forbidden()
    {
        OciBundle box = await Started(Idle());
        Assert.Equal("NoNewPrivs:\t0", await Exec(box, "grep NoNewPrivs /proc/self/status"));
        Assert.Equal("NoNewPrivs:\t1", (await Oci("exec", "--no-new-privs", box.Id, "grep", "NoNewPrivs", "/proc/self/status")).Ok().Text);
    }

    [OciFact]
    public async Task Descriptors_are_preserved_when_asked_for()
    {
        OciBundle box = await Started(Idle());
        string file = Path.Combine(box.Folder, "words");
        await File.WriteAllTextAsync(file, "words\n");
        string[] command = ["-c", "file=$1; shift; exec \"$@\" 3<\"$file\"", "sh", file, OciRuntime.Program, .. OciRuntime.Words, "--root", Fixture.Root, "exec", "--preserve-fds", "1", box.Id, "sh", "-c", "cat <&3"];
        Assert.Equal("words\n", (await Running.RunAsync("/bin/sh", command)).Ok().Out);
    }

    [OciFact]
    public async Task In_a_created_container_it_runs_before_the_program()
    {
        OciBundle box = await Created(Bundle("echo", "program"));
        Assert.Equal("oci", await Exec(box, "hostname"));
        (await Oci("start", box.Id)).Ok();
        await Becomes(box.Id, "stopped");
        Assert.Equal("program", OutputOf(box));
    }

    [OciFact]
    public async Task A_stopped_container_takes_none()
    {
        OciBundle box = await Started(Bundle("true"));
        await Becomes(box.Id, "stopped");
        Refused(await Oci("exec", box.Id, "true"), OciRuntime.Kind == OciKinds.Crun ? 1 : 255, "stopped", box.Id);
        Refused(await Oci("exec", "no-such-container", "true"), OciRuntime.Kind == OciKinds.Crun ? 1 : 255, "does not exist");
    }

    [OciTheory]
    [InlineData("/nosuch", "no such file or directory")]
    [InlineData("nosuch", "executable file not found")]
    [InlineData("/etc", "permission denied")]
    [InlineData("/etc/passwd", "permission denied")]
    [InlineData("/etc/passwd/x", "not a directory")]
    public async Task A_program_that_cannot_be_executed(string program, string cause)
    {
        OciBundle box = await Started(Idle());
        Result result = await Oci("exec", box.Id, program);
        Assert.NotEqual(0, result.Code);
        if (OciRuntime.Kind != OciKinds.Crun)
            Refused(result, 255, "exec failed", program, cause);
        Assert.Equal("running", await Status(box.Id));
    }

    [OciFact]
    public async Task A_program_of_no_known_format()
    {
        OciBundle box = await Started(Idle());
        box.Write("/strange", "not a program", (UnixFileMode)493);
        Result result = await Oci("exec", box.Id, "/strange");
        Assert.NotEqual(0, result.Code);
        if (OciRuntime.IsTare)
            Refused(result, 255, "exec format error", "/strange");
    }

    [OciFact(Only = OciKinds.Tare | OciKinds.Runc, Because = "crun says otherwise what is missing")]
    public async Task Nothing_to_run_is_refused()
    {
        OciBundle box = await Started(Idle());
        Assert.NotEqual(0, (await Oci("exec", box.Id)).Code);
        string file = Path.Combine(box.Folder, "process.json");
        await File.WriteAllTextAsync(file, """{"args":[],"cwd":"/"}""");
        Refused(await Oci("exec", "--process", file, box.Id), 255, "args");
        await File.WriteAllTextAsync(file, """{"args":["true"],"cwd":"tmp"}""");
        Refused(await Oci("exec", "--process", file, box.Id), 255, "cwd");
        Refused(await Oci("exec", "--process", file + ".missing", box.Id), 255, "process.json.missing");
        Refused(await Oci("exec", "--user", "somebody", box.Id, "true"), 255, "somebody");
    }
}
