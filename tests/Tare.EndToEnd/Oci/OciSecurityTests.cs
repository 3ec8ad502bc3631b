using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>
/// The runtime and a container that wants to get at it: its program, its descriptors, its processes. Each case says what was taken away
/// from the runtime to see it fail.
/// </summary>
public sealed class OciSecurityTests(OciFixture oci) : OciTests(oci)
{
    /// <summary>CVE-2019-5736. Seen to fail without the seals of the launcher's memory file (Descriptors.SealedMemory).</summary>
    [OciFact(Only = OciKinds.Tare, Because = "runc's first process is found by another name")]
    public async Task What_waits_in_a_container_executes_nothing_that_can_be_written_to()
    {
        OciBundle hostile = await HostileIdle("CAP_SYS_PTRACE");
        OciBundle victim = await Created(Idle().Namespace("pid", $"/proc/{await Pid(hostile.Id)}/ns/pid"));
        int pid = await Pid(victim.Id);
        Assert.StartsWith("/memfd:", new FileInfo($"/proc/{pid}/exe").LinkTarget, StringComparison.Ordinal);

        string inside = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("NSpid:", StringComparison.Ordinal)).Split('\t')[^1];
        using Running attack = Start("exec", hostile.Id, HostileProgram.Place, "exe", inside, "/go");
        await attack.SeeAsync("held");
        (await Oci("start", victim.Id)).Ok();
        (await Oci("delete", "--force", victim.Id)).Ok();
        hostile.Write("/go", "");
        Assert.Equal("held\nfailed", (await attack.EndAsync()).Ok().Text);
    }

    /// <summary>The same by a program that is a script whose interpreter is the runtime. Seen to fail when the launcher does not look for its program (launch).</summary>
    [OciTheory]
    [InlineData("run")]
    [InlineData("create")]
    [InlineData("exec")]
    public async Task A_script_whose_interpreter_is_the_runtime_runs_nothing_of_the_host(string verb)
    {
        byte[] before = SHA256.HashData(await File.ReadAllBytesAsync(OciRuntime.Program));
        OciBundle box = verb == "exec" ? Idle() : Bundle("/evil", "--version");
        box.Write("/evil", "#!/proc/self/exe\n", (UnixFileMode)493);
        if (verb == "run")
        {
            Assert.NotEqual(0, (await Run(box)).Code);
        }
        else
        {
            await Started(box);
            if (verb == "exec")
                Assert.NotEqual(0, (await Oci("exec", box.Id, "/evil", "--version")).Code);
            else
                await Becomes(box.Id, "stopped");
            Assert.DoesNotContain("version", OutputOf(box), StringComparison.Ordinal);
        }
        Assert.Equal(before, SHA256.HashData(await File.ReadAllBytesAsync(OciRuntime.Program)));
    }

    /// <summary>Seen to fail without PR_SET_DUMPABLE (LaunchCompiler.Hide), of a container and of an exec.</summary>
    [OciFact(Only = OciKinds.Tare, Because = "looks for the processes by Tare's name for them")]
    public async Task Processes_of_a_container_get_at_nothing_of_one_that_joins_them()
    {
        OciBundle hostile = await HostileIdle();
        using Running look = Start("exec", hostile.Id, HostileProgram.Place, "look", "8");
        await look.SeeAsync("looking");
        await Created(Idle().Namespace("pid", $"/proc/{await Pid(hostile.Id)}/ns/pid"));
        for (int i = 0; i < 10; i++)
            (await Oci("exec", hostile.Id, "true")).Ok();
        string[] lines = (await look.EndAsync()).Ok().Lines;
        Assert.Equal(2, lines.Length);
        Assert.True(int.Parse(lines[1].Split(' ')[1]) > 0, "no process of the runtime was seen: " + lines[1]);
    }

    /// <summary>Descriptors of the caller. Seen to fail without ProcessSteps.CloseDescriptors and CloseOnExecution.</summary>
    [OciFact]
    public async Task Descriptors_of_the_caller_do_not_reach_a_container()
    {
        OciBundle box = Bundle(HostileProgram.Place, "fds");
        await HostileProgram.AddAsync(box);
        Assert.Equal("0 1 2 ", (await WithDescriptors("run", "--bundle", box.Save().Folder, box.Id)).Ok().Text);
        OciBundle idle = await HostileIdle();
        Assert.Equal("0 1 2 ", (await WithDescriptors("exec", idle.Id, HostileProgram.Place, "fds")).Ok().Text);
        Assert.Equal("0 1 2 3 ", (await WithDescriptors("exec", "--preserve-fds", "1", idle.Id, HostileProgram.Place, "fds")).Ok().Text);
    }

    /// <summary>CVE-2024-21626. Seen to fail when the working directory is entered by chdir(2), and before the descriptors are closed.</summary>
    [OciTheory]
    [InlineData("/proc/self/fd/3")]
    [InlineData("/proc/self/fd/5")]
    [InlineData("/proc/self/fd/6")]
    [InlineData("/proc/self/fd/9")]
    [InlineData("/link")]
    public async Task A_working_directory_is_no_descriptor_of_the_runtime(string cwd)
    {
        OciBundle box = Bundle("sh", "-c", "ls -d ../../../../root ../../../../../../usr/lib").Set("process.cwd", cwd);
        File.CreateSymbolicLink(box.Rootfs + "/link", "/proc/self/fd/8");
        Result run = await WithDescriptors("run", "--bundle", box.Save().Folder, box.Id);
        Assert.NotEqual(0, run.Code);
        Assert.Equal("", run.Out);

        OciBundle idle = Idle();
        File.CreateSymbolicLink(idle.Rootfs + "/link", "/proc/self/fd/8");
        await Started(idle);
        Result exec = await WithDescriptors("exec", "--cwd", cwd, idle.Id, "sh", "-c", "ls -d ../../../../root ../../../../../../usr/lib");
        Assert.NotEqual(0, exec.Code);
        Assert.Equal("", exec.Out);
    }

    /// <summary>Seen to fail without PR_SET_NO_NEW_PRIVS (ProcessSteps.BecomeUser).</summary>
    [OciTheory]
    [InlineData(true, "1000")]
    [InlineData(false, "0")]
    public async Task A_set_user_id_program_gains_nothing_where_that_is_forbidden(bool forbidden, string user)
    {
        OciBundle box = Idle().Set("process.noNewPrivileges", forbidden);
        File.SetUnixFileMode(await HostileProgram.AddAsync(box), (UnixFileMode)2541); // 04755
        box.Set("process.user", new JsonObject { ["uid"] = 1000, ["gid"] = 1000 });
        await Started(box);
        Assert.Equal(user, (await Oci("exec", box.Id, HostileProgram.Place, "uid")).Ok().Text);
        OciBundle other = Bundle(HostileProgram.Place, "uid").Set("process.noNewPrivileges", forbidden).Set("process.user", new JsonObject { ["uid"] = 1000, ["gid"] = 1000 });
        File.SetUnixFileMode(await HostileProgram.AddAsync(other), (UnixFileMode)2541);
        Assert.Equal(user, (await Run(other)).Ok().Text);
    }

    /// <summary>A command of the runtime with seven descriptors of this host open that nobody has asked for.</summary>
    private Task<Result> WithDescriptors(params string[] arguments) => Running.RunAsync(
        "/bin/sh",
        ["-c", "exec 3</ 4</etc/passwd 5</root 6</ 7</dev/null 8</ 9</; exec \"$@\"", "sh", OciRuntime.Program, .. OciRuntime.Words, "--root", Fixture.Root, .. arguments]);

    private async Task<OciBundle> HostileIdle(params string[] capabilities)
    {
        OciBundle box = Idle();
        await HostileProgram.AddAsync(box);
        foreach (string set in (string[])["bounding", "effective", "permitted"])
        {
            foreach (string capability in capabilities)
                ((JsonArray)box.Config["process"]!["capabilities"]![set]!).Add(capability);
        }
        return await Started(box);
    }
}
