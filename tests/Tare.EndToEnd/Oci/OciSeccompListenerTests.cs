using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>SCMP_ACT_NOTIFY (config-linux.md, "Seccomp"; seccomp_unotify(2)): the listener leaves the container while its own filter is in force.</summary>
public sealed class OciSeccompListenerTests(OciFixture oci) : OciTests(oci)
{
    /// <summary>What busybox's shell and a program that makes one call need, and nothing by which a descriptor can be sent.</summary>
    private static readonly string[] Few =
    [
        "access", "arch_prctl", "brk", "capset", "clone", "close", "dup2", "dup3", "execve", "exit", "exit_group", "fcntl", "fork", "fstat", "getcwd", "getegid",
        "geteuid", "getgid", "getpid", "getppid", "getrandom", "getuid", "ioctl", "lseek", "mmap", "mprotect", "munmap", "newfstatat", "open", "openat", "prctl", "prlimit64", "read",
        "readlink", "readlinkat", "rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "set_robust_list", "set_tid_address", "stat", "statx", "uname", "vfork", "wait4", "write",
    ];

    /// <summary>Seen to fail (to wait for ever) when the launcher sends the listener itself.</summary>
    [OciTheory(Only = OciKinds.Tare | OciKinds.Runc, Because = "crun leaves it to the caller which calls these are")]
    [InlineData("run")]
    [InlineData("start")]
    [InlineData("exec")]
    public async Task A_profile_may_ask_about_sending(string verb)
    {
        OciBundle box = Bundle(HostileProgram.Place, "call", "sendmsg");
        using Running agent = await Agent(box, new JsonObject
        {
            ["defaultAction"] = "SCMP_ACT_ALLOW",
            ["syscalls"] = Rules(Rule("SCMP_ACT_NOTIFY", "sendmsg")),
        });
        await Launch(verb, box, 9 /* EBADF: the call was made */);
        await agent.SeeAsync("notified " + (IsArm ? 211 : 46));
    }

    /// <summary>Seen to fail (EPERM) when the launcher sends the listener itself.</summary>
    [OciTheory(Only = OciKinds.Tare, Because = "the others need more calls before they execute")]
    [InlineData("run")]
    [InlineData("start")]
    [InlineData("exec")]
    public async Task A_profile_may_forbid_sending(string verb)
    {
        OciBundle box = Bundle(HostileProgram.Place, "call", "mkdir");
        using Running agent = await Agent(box, new JsonObject
        {
            ["defaultAction"] = "SCMP_ACT_ERRNO",
            ["flags"] = OciBundle.List("SECCOMP_FILTER_FLAG_TSYNC"),
            ["syscalls"] = Rules(Rule("SCMP_ACT_ALLOW", Few), Rule("SCMP_ACT_NOTIFY", "mkdir", "mkdirat")),
        });
        await Launch(verb, box, 0);
        await agent.SeeAsync("notified " + (IsArm ? 34 : 83));
    }

    [OciFact]
    public async Task Without_an_agent_nothing_is_left()
    {
        OciBundle box = Bundle("true").Set("linux.seccomp", new JsonObject
        {
            ["defaultAction"] = "SCMP_ACT_ALLOW",
            ["listenerPath"] = "/nowhere/agent",
            ["syscalls"] = Rules(Rule("SCMP_ACT_NOTIFY", "mkdir")),
        });
        Refused(await Run(box), 1, "agent");
        await Gone(box.Id);
    }

    private static bool IsArm => System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64;

    private static JsonArray Rules(params JsonNode[] rules) => new(rules);

    private static JsonObject Rule(string action, params string[] names) => new() { ["names"] = OciBundle.List(names), ["action"] = action };

    private static async Task<Running> Agent(OciBundle box, JsonObject profile)
    {
        string path = Path.Combine(box.Folder, "agent");
        profile["listenerPath"] = path;
        box.Set("linux.seccomp", profile);
        Running agent = Running.Start(await HostileProgram.AddAsync(box), ["agent", path]);
        await agent.SeeAsync("listening");
        return agent;
    }

    /// <summary>Has the program of a bundle run, which is to end with this code.</summary>
    private async Task Launch(string verb, OciBundle box, int code)
    {
        string[] program = ((JsonArray)box.Config["process"]!["args"]!).Select(word => (string)word!).ToArray();
        switch (verb)
        {
            case "run":
                (await Run(box)).Expect(code);
                break;
            case "start":
                await Started(box.Sh($"{string.Join(' ', program)}; echo ended $?"));
                await Eventually.EqualAsync($"ended {code}", () => Task.FromResult(OutputOf(box)));
                break;
            default:
                // It waits for ever, without a call that the profile forbids.
                (await Running.RunAsync("mkfifo", [box.Rootfs + "/fifo"])).Ok();
                await Started(box.Args("busybox", "cat", "/fifo"));
                (await Oci(["exec", box.Id, .. program])).Expect(code);
                break;
        }
    }
}
