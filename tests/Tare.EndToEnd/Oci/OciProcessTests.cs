using System.Globalization;
using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>What a configuration says of the process itself (config.md, "Process").</summary>
public sealed class OciProcessTests(OciFixture oci) : OciTests(oci)
{
    private const string CapabilitySets = "sed -n 's/^Cap\\(...\\):\\t/\\1 /p' /proc/self/status";

    [OciFact]
    public async Task User_and_groups() =>
        Assert.Equal("10 20 20 5 6", await Output(
            Bundle().Set("process.user", new JsonObject { ["uid"] = 10, ["gid"] = 20, ["additionalGids"] = new JsonArray(5, 6) }), "echo $(id -u) $(id -g) $(id -G)"));

    [OciTheory]
    [InlineData(18, "0022")]
    [InlineData(0, "0000")]
    [InlineData(63, "0077")]
    public async Task Umask(int umask, string shown) =>
        Assert.Equal($"{shown} {511 & ~umask:D}", await Output(Bundle().Set("process.user.umask", umask), "mkdir /made; echo $(umask) $(printf %d 0$(stat -c %a /made))"));

    [OciFact]
    public async Task Working_directory()
    {
        Assert.Equal("/tmp", await Output(Bundle().Set("process.cwd", "/tmp"), "pwd"));
        // What is missing is made, as every runtime does it.
        Assert.Equal("/new/place", await Output(Bundle().Set("process.cwd", "/new/place"), "pwd"));
    }

    [OciFact]
    public async Task A_working_directory_that_the_user_may_not_enter_is_entered_before_the_user_is_changed()
    {
        OciBundle box = Bundle().Set("process.cwd", "/closed").Set("process.user.uid", 1000);
        Directory.CreateDirectory(box.Rootfs + "/closed");
        File.SetUnixFileMode(box.Rootfs + "/closed", (UnixFileMode)448);
        Result result = await Run(box.Sh("readlink /proc/self/cwd"));
        if (OciRuntime.IsTare)
            Assert.True(result.Code is 0 || result.Err.Contains("/closed", StringComparison.Ordinal), result.ToString());
    }

    [OciFact]
    public async Task Environment_is_what_it_says_and_no_more()
    {
        OciBundle box = Bundle().Set("process.env", OciBundle.List("PATH=/bin", "A=1", "EMPTY=", "B=two words"));
        Assert.Equal("A=1\nB=two words\nEMPTY=\nPATH=/bin", await Output(box, "env | grep -v -E '^(PWD|SHLVL|OLDPWD|_|HOME)=' | sort"));
    }

    [OciFact]
    public async Task HOME_is_added_from_the_containers_passwd() =>
        Assert.Equal("/home", await Output(Bundle().Set("process.user.uid", 1000), "echo $HOME"));

    [OciFact]
    public async Task The_program_is_looked_for_on_the_containers_PATH()
    {
        OciBundle box = Bundle("tool").Set("process.env", OciBundle.List("PATH=/opt:/bin"));
        box.Write("/opt/tool", "#!/bin/sh\necho found\n", (UnixFileMode)493);
        Assert.Equal("found", (await Run(box)).Ok().Text);
    }

    [OciFact]
    public async Task Arguments_arrive_as_they_are()
    {
        OciBundle box = Bundle("sh", "-c", "for a; do echo \"[$a]\"; done", "sh", "", "two words", "ü\t$x", "-v");
        Assert.Equal("[]\n[two words]\n[ü\t$x]\n[-v]", (await Run(box)).Ok().Text);
    }

    [OciFact]
    public async Task Capability_sets()
    {
        OciBundle box = Bundle().Set("process.capabilities", new JsonObject
        {
            ["bounding"] = OciBundle.List("CAP_CHOWN", "CAP_KILL", "CAP_SETUID"),
            ["permitted"] = OciBundle.List("CAP_CHOWN", "CAP_KILL"),
            ["inheritable"] = OciBundle.List("CAP_CHOWN", "CAP_KILL"),
            ["effective"] = OciBundle.List("CAP_CHOWN"),
            ["ambient"] = OciBundle.List("CAP_KILL"),
        }).Set("process.user.uid", 1000);
        // For whoever is no root only what is ambient survives execve; CHOWN is 0, KILL is 5, SETUID is 7.
        Assert.Equal(
            "Inh 0000000000000021\nPrm 0000000000000020\nEff 0000000000000020\nBnd 00000000000000a1\nAmb 0000000000000020", await Output(box, CapabilitySets));
    }

    [OciFact]
    public async Task No_capabilities_at_all() =>
        Assert.Equal("Eff 0000000000000000", await Output(Bundle().Set("process.capabilities", new JsonObject()), CapabilitySets + " | grep Eff"));

    [OciFact]
    public async Task Unknown_capabilities_are_told_of_and_left_out()
    {
        JsonArray names = OciBundle.List("CAP_CHOWN", "CAP_TEST");
        OciBundle box = Bundle("true").Set("process.capabilities", new JsonObject { ["bounding"] = names, ["effective"] = names.DeepClone(), ["permitted"] = names.DeepClone() });
        Result result = (await Run(box)).Ok();
        if (OciRuntime.Kind != OciKinds.Crun)
            Assert.Contains("CAP_TEST", result.Err, StringComparison.Ordinal);
    }

    [OciFact]
    public async Task Resource_limits()
    {
        JsonArray limits =
        [
            new JsonObject { ["type"] = "RLIMIT_NOFILE", ["soft"] = 300, ["hard"] = 400 },
            new JsonObject { ["type"] = "RLIMIT_CORE", ["soft"] = 512, ["hard"] = 1024 },
            new JsonObject { ["type"] = "RLIMIT_CPU", ["soft"] = 60, ["hard"] = 120 },
        ];
        Assert.Equal("300 400 60", await Output(Bundle().Set("process.rlimits", limits), "echo $(ulimit -Sn) $(ulimit -Hn) $(ulimit -St)"));
        Refused(await Run(Bundle("true").Set("process.rlimits", new JsonArray(new JsonObject { ["type"] = "RLIMIT_TEST", ["soft"] = 1, ["hard"] = 1 }))), 1, "RLIMIT_TEST");
    }

    [OciTheory(Only = OciKinds.Tare | OciKinds.Crun, Because = "runc takes a limit that is given twice, and lets the kernel refuse a soft one above the hard one")]
    [InlineData("""[{"type":"RLIMIT_NOFILE","soft":10,"hard":10},{"type":"RLIMIT_NOFILE","soft":20,"hard":20}]""")]
    [InlineData("""[{"type":"RLIMIT_NOFILE","soft":20,"hard":10}]""")]
    public async Task Resource_limits_that_make_no_sense(string limits)
    {
        Result result = await Run(Bundle("true").Set("process.rlimits", JsonNode.Parse(limits)));
        if (OciRuntime.IsTare)
            Refused(result, 1, "rlimits");
    }

    [OciFact]
    public async Task Oom_score()
    {
        Assert.Equal("500", await Output(Bundle().Set("process.oomScoreAdj", 500), "cat /proc/self/oom_score_adj"));
        string own = (await File.ReadAllTextAsync("/proc/self/oom_score_adj")).Trim();
        Assert.Equal(own, await Output(Bundle(), "cat /proc/self/oom_score_adj"));
    }

    [OciFact]
    public async Task No_new_privileges()
    {
        Assert.Equal("NoNewPrivs:\t1", await Output(Bundle().Set("process.noNewPrivileges", true), "grep NoNewPrivs /proc/self/status"));
        Assert.Equal("NoNewPrivs:\t0", await Output(Bundle(), "grep NoNewPrivs /proc/self/status"));
    }

    [OciTheory]
    [InlineData("SCHED_BATCH", 3)]
    [InlineData("SCHED_IDLE", 5)]
    public async Task Scheduling_policy(string policy, int number)
    {
        OciBundle box = Bundle().Set("process.scheduler", new JsonObject { ["policy"] = policy, ["nice"] = 3 });
        // Fields 19 and 41 of /proc/PID/stat; the name of the program has no blanks. The policy IDLE knows no nice value.
        string[] seen = (await Output(box, "cut -d' ' -f19,41 /proc/self/stat")).Split(' ');
        Assert.Equal(number.ToString(CultureInfo.InvariantCulture), seen[1]);
        if (policy == "SCHED_BATCH")
            Assert.Equal("3", seen[0]);
    }

    [OciFact]
    public async Task Io_priority() =>
        Assert.Equal("best-effort: prio 6", await Output(Bundle().Set("process.ioPriority", new JsonObject { ["class"] = "IOPRIO_CLASS_BE", ["priority"] = 6 }), "ionice -p $$"));

    [OciFact]
    public async Task Affinity_of_a_further_process()
    {
        OciBundle box = await Started(Idle());
        string file = Path.Combine(box.Folder, "process.json");
        await File.WriteAllTextAsync(file, """{"args":["grep","Cpus_allowed_list","/proc/self/status"],"cwd":"/","env":["PATH=/bin"],"user":{"uid":0,"gid":0},"execCPUAffinity":{"initial":"0","final":"0"}}""");
        Assert.Equal("Cpus_allowed_list:\t0", (await Oci("exec", "--process", file, box.Id)).Ok().Text);
    }

    [OciFact]
    public async Task Personality() =>
        Assert.Equal("00000008", await Output(Bundle().Set("linux.personality", new JsonObject { ["domain"] = "LINUX32" }), "cat /proc/self/personality"));

    [OciFact]
    public async Task The_first_process_is_number_one_and_a_session_leader() =>
        Assert.Equal("1 1 1", await Output(Bundle(), "read pid x x x pgrp session x </proc/self/stat; exec 3</proc/1/stat; read pid x x x pgrp session rest <&3; echo $pid $pgrp $session"));

    [OciFact]
    public async Task Signals_are_as_a_program_expects_them() =>
        Assert.Equal("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000", (await Run(Bundle("grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"))).Ok().Text);

    [OciTheory]
    [InlineData("/nosuch", "no such file or directory")]
    [InlineData("nosuch", "executable file not found")]
    [InlineData("/etc", "permission denied")]
    [InlineData("/etc/passwd", "permission denied")]
    [InlineData("/etc/passwd/x", "not a directory")]
    public async Task A_program_that_cannot_be_executed(string program, string cause)
    {
        OciBundle box = Bundle(program);
        Result result = await Run(box);
        Assert.NotEqual(0, result.Code);
        if (OciRuntime.IsTare)
            Refused(result, 1, program, cause);
        await Gone(box.Id);
    }

    [OciFact]
    public async Task A_program_that_cannot_be_executed_is_told_by_create_or_start()
    {
        OciBundle box = Bundle("/nosuch");
        Result result = await TryCreate(box);
        if (result.Code == 0)
        {
            result = await Oci("start", box.Id);
            Refused(result, 1, "/nosuch");
            await Becomes(box.Id, "stopped");
            (await Oci("delete", "--force", box.Id)).Ok();
        }
        await Gone(box.Id);
    }

    [OciFact]
    public async Task A_script_runs_by_its_interpreter_and_fails_without_one()
    {
        OciBundle box = Bundle("/script", "x");
        box.Write("/script", "#!/bin/sh\necho $0 $1\n", (UnixFileMode)493);
        Assert.Equal("/script x", (await Run(box)).Ok().Text);
        box = Bundle("/script");
        box.Write("/script", "#!/no/interpreter\n", (UnixFileMode)493);
        Result result = await Run(box);
        Assert.NotEqual(0, result.Code);
        if (OciRuntime.IsTare)
            Refused(result, 1, "/script");
    }

    [OciFact]
    public async Task Standard_streams_can_be_opened_again_by_an_ordinary_user()
    {
        OciBundle box = Bundle().Set("process.user.uid", 1000);
        Assert.Equal("again", await Output(box, "echo again >/dev/stdout"));
    }

    [OciFact]
    public async Task A_long_argument_and_many_of_them()
    {
        OciBundle box = Bundle(["sh", "-c", "echo ${#1} $#", "sh", new string('x', 100_000), .. Enumerable.Range(0, 2000).Select(i => i.ToString(CultureInfo.InvariantCulture))]);
        Assert.Equal("100000 2001", (await Run(box)).Ok().Text);
    }

    [OciTheory(Only = OciKinds.Tare, Because = "runc has memory policies from 1.4 on, and crun gives an exec none")]
    [InlineData("""{"mode":"MPOL_BIND","nodes":"0"}""", "bind:0")]
    [InlineData("""{"mode":"MPOL_INTERLEAVE","nodes":"0","flags":["MPOL_F_STATIC_NODES"]}""", "interleave=static:0")]
    [InlineData("""{"mode":"MPOL_PREFERRED"}""", "local")]
    [InlineData("""{"mode":"MPOL_DEFAULT"}""", "default")]
    public async Task Memory_policy(string policy, string shown)
    {
        // A kernel without NUMA refuses it.
        if (!File.Exists("/proc/self/numa_maps"))
            return;
        const string Script = "cut -d ' ' -f 2 /proc/self/numa_maps | sort -u";
        Assert.Equal(shown, await Output(Bundle().Set("linux.memoryPolicy", JsonNode.Parse(policy)), Script));
        OciBundle box = await Started(Idle().Set("linux.memoryPolicy", JsonNode.Parse(policy)));
        Assert.Equal(shown, await Exec(box, Script));
    }

    [OciFact(Only = OciKinds.Tare, Because = "runc has memory policies from 1.4 on, and crun says only what the system call was")]
    public async Task A_memory_policy_for_nodes_that_are_not_there()
    {
        OciBundle box = Bundle("true").Set("linux.memoryPolicy", JsonNode.Parse("""{"mode":"MPOL_BIND","nodes":"777"}"""));
        Refused(await Run(box), 1, "memory policy MPOL_BIND for the nodes 777");
        await Gone(box.Id);
    }

    [OciFact(Only = OciKinds.Tare | OciKinds.Runc, Because = "crun gives an exec the caller's")]
    public async Task An_exec_has_the_containers_execution_domain()
    {
        OciBundle box = await Started(Idle().Set("linux.personality", new JsonObject { ["domain"] = "LINUX32" }));
        Assert.Equal("00000008", await Exec(box, "cat /proc/self/personality"));
    }
}
