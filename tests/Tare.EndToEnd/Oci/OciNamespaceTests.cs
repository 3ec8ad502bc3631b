using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>Namespaces: new ones, none, and those of others (config-linux.md, "Namespaces").</summary>
public sealed class OciNamespaceTests(OciFixture oci) : OciTests(oci)
{
    private static readonly Dictionary<string, string> Files = new()
    {
        ["pid"] = "pid", ["network"] = "net", ["ipc"] = "ipc", ["uts"] = "uts", ["mount"] = "mnt", ["cgroup"] = "cgroup", ["time"] = "time", ["user"] = "user",
    };

    [OciTheory]
    [InlineData("pid")]
    [InlineData("network")]
    [InlineData("ipc")]
    [InlineData("uts")]
    [InlineData("mount")]
    [InlineData("cgroup")]
    [InlineData("time")]
    public async Task A_new_namespace(string type)
    {
        OciBundle box = await Started(Idle().Namespace(type));
        Assert.NotEqual(NamespaceOf("self", type), NamespaceOf(await Pid(box.Id), type));
        Assert.Equal(NamespaceOf(await Pid(box.Id), type), await Exec(box, $"readlink /proc/self/ns/{Files[type]}"));
    }

    [OciTheory]
    [InlineData("network")]
    [InlineData("ipc")]
    [InlineData("uts")]
    [InlineData("cgroup")]
    [InlineData("time")]
    public async Task The_runtimes_own_namespace(string type)
    {
        OciBundle box = Idle().WithoutNamespace(type);
        if (type == "uts")
            box.Remove("hostname");
        if (type == "network")
            RemoveMount(box, "/sys");
        await Started(box);
        Assert.Equal(NamespaceOf("self", type), NamespaceOf(await Pid(box.Id), type));
    }

    [OciTheory(Crun = "a time namespace cannot be joined")]
    [InlineData("pid")]
    [InlineData("network")]
    [InlineData("ipc")]
    [InlineData("uts")]
    [InlineData("cgroup")]
    [InlineData("time")]
    public async Task A_namespace_of_another_container(string type)
    {
        OciBundle first = await Started(Idle().Namespace(type));
        int pid = await Pid(first.Id);
        OciBundle second = Idle().Namespace(type, $"/proc/{pid}/ns/{Files[type]}");
        if (type == "uts")
            second.Remove("hostname");
        await Started(second);
        Assert.Equal(NamespaceOf(pid, type), NamespaceOf(await Pid(second.Id), type));
        Assert.Equal(NamespaceOf(pid, type), await Exec(second, $"readlink /proc/self/ns/{Files[type]}"));
    }

    [OciTheory]
    [InlineData("cgroup", "ipc")]
    [InlineData("ipc", "mnt")]
    [InlineData("network", "pid")]
    [InlineData("pid", "user")]
    [InlineData("uts", "cgroup")]
    public async Task A_path_of_another_type_is_refused(string type, string file)
    {
        OciBundle box = Bundle("true").Namespace(type, $"/proc/{Environment.ProcessId}/ns/{file}");
        if (type == "uts")
            box.Remove("hostname");
        Refused(await Run(box), 1, "namespace", $"/proc/{Environment.ProcessId}/ns/{file}");
        await Gone(box.Id);
    }

    [OciFact]
    public async Task A_path_that_is_not_there_is_refused()
    {
        OciBundle box = Bundle("true").Namespace("network", "/nonexistent/netns");
        Refused(await Run(box), 1, "/nonexistent/netns");
        await Gone(box.Id);
    }

    [OciFact]
    public async Task A_namespace_given_twice_is_refused()
    {
        OciBundle box = Bundle("true");
        ((JsonArray)box.Config["linux"]!["namespaces"]!).Add(new JsonObject { ["type"] = "pid" });
        Result result = await Run(box);
        if (OciRuntime.Kind != OciKinds.Crun)
            Refused(result, 1, "namespace", "pid");
    }

    [OciFact]
    public async Task Host_and_domain_name() =>
        Assert.Equal("box.example\ndomain", await Output(Bundle().Set("hostname", "box.example").Set("domainname", "domain"), "hostname; cat /proc/sys/kernel/domainname"));

    [OciFact]
    public async Task A_new_network_has_a_loopback_that_is_up() =>
        Assert.Equal("1", await Output(Bundle(), "ip link show lo | grep -c LOOPBACK,UP"));

    [OciFact]
    public async Task System_controls()
    {
        OciBundle box = Bundle().Set("linux.sysctl", new JsonObject { ["net.ipv4.ip_forward"] = "1", ["kernel.shmmni"] = "777" });
        Assert.Equal("1\n777", await Output(box, "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni"));
        Refused(await Run(Bundle("true").Set("linux.sysctl", new JsonObject { ["kernel.panic"] = "1" })), 1, "kernel.panic");
    }

    [OciFact]
    public async Task Clocks_are_shifted()
    {
        OciBundle box = Bundle().Namespace("time").Set("linux.timeOffsets", new JsonObject { ["monotonic"] = new JsonObject { ["secs"] = 172800, ["nanosecs"] = 5 }, ["boottime"] = new JsonObject { ["secs"] = 604800 } });
        string[] lines = (await Output(box, "cat /proc/self/timens_offsets; cut -d. -f1 /proc/uptime")).Split('\n');
        Assert.Equal(["monotonic", "172800", "5"], lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["boottime", "604800", "0"], lines[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.InRange(long.Parse(lines[2], CultureInfo.InvariantCulture), 604800, 604800 + (Stopwatch.GetTimestamp() / Stopwatch.Frequency) + 1);
    }

    [OciFact]
    public async Task Shifted_clocks_need_a_namespace_of_their_own()
    {
        OciBundle box = Bundle("true").Set("linux.timeOffsets", new JsonObject { ["monotonic"] = new JsonObject { ["secs"] = 1 } });
        Result result = await Run(box);
        if (OciRuntime.Kind != OciKinds.Crun)
            Refused(result, 1, "time");
    }

    [OciFact]
    public async Task A_user_namespace_with_a_range_of_ids()
    {
        OciBundle box = Mapped(Bundle());
        File.SetUnixFileMode(box.Rootfs, (UnixFileMode)511);
        string[] lines = (await Output(box, "cat /proc/self/uid_map /proc/self/gid_map; id -u; touch /made; stat -c %u:%g /made /etc")).Split('\n');
        Assert.Equal(["0", "100000", "1000"], lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["0", "200000", "1000"], lines[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["0", "0:0", "65534:65534"], lines[2..]);
    }

    [OciFact]
    public async Task A_user_namespace_with_all_the_others()
    {
        OciBundle box = Mapped(Idle()).Namespace("cgroup");
        await Started(box);
        int pid = await Pid(box.Id);
        foreach (string type in new[] { "pid", "network", "ipc", "uts", "mount", "cgroup", "user" })
            Assert.NotEqual(NamespaceOf("self", type), NamespaceOf(pid, type));
        Assert.Equal("0 oci", await Exec(box, "echo $(id -u) $(hostname)"));
        Assert.Equal("crw-rw-rw- 1, 3", await Exec(box, "ls -l /dev/null | awk '{print $1, $5, $6}'"));
        Assert.Equal("ok", await Exec(box, "echo x >/dev/null && head -c 1 /dev/zero >/dev/null && echo ok"));
    }

    /// <summary>Seen to fail when an exec keeps the ids that it came with.</summary>
    [OciTheory]
    [InlineData("0")]
    [InlineData("7")]
    public async Task A_terminal_of_an_exec_in_a_user_namespace_is_its_user_s(string user)
    {
        OciBundle box = await Started(Mapped(Idle()));
        using Terminal terminal = Terminal.Start(OciRuntime.Program,
            [.. OciRuntime.Words, "--root", Fixture.Root, "exec", "--tty", "--user", user, box.Id, "sh", "-c", "stat -c 'owner %u' $(tty)"], 20, 80);
        await terminal.SeeAsync("owner " + user);
        Assert.Equal(0, await terminal.EndAsync());
    }

    [OciFact]
    public async Task Message_queues_of_a_user_namespace_belong_to_its_root() =>
        Assert.Equal("0", await Output(Mapped(Bundle().Mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev")), "stat -c %u /dev/mqueue"));

    [OciFact]
    public async Task A_user_namespace_of_another_container()
    {
        OciBundle first = await Started(Mapped(Idle()));
        OciBundle second = Idle();
        File.SetUnixFileMode(second.Rootfs, (UnixFileMode)511);
        second.Namespace("user", $"/proc/{await Pid(first.Id)}/ns/user");
        Result result = await TryCreate(second);
        if (result.Code != 0)
        {
            // Some want the mappings said again.
            Assert.NotEqual(OciKinds.Tare, OciRuntime.Kind);
            return;
        }
        (await Oci("start", second.Id)).Ok();
        Assert.Equal(NamespaceOf(await Pid(first.Id), "user"), NamespaceOf(await Pid(second.Id), "user"));
    }

    [OciFact]
    public async Task Without_a_pid_namespace_a_kill_reaches_all()
    {
        OciBundle box = Bundle("sh", "-c", "sleep 5151 & sleep 5151 & wait").WithoutNamespace("pid");
        await Started(box);
        IEnumerable<int> Sleepers() => Processes.All().Where(process => process.Arguments is ["sleep", "5151"] && process.State != 'Z').Select(process => process.Pid);
        await Eventually.EqualAsync(2, () => Task.FromResult(Sleepers().Count()));
        (await Oci("kill", box.Id, "KILL")).Ok();
        await Becomes(box.Id, "stopped");
        (await Oci("delete", "--force", box.Id)).Ok();
        await Eventually.EqualAsync(0, () => Task.FromResult(Sleepers().Count()));
        await Gone(box.Id);
    }

    private OciBundle Mapped(OciBundle box) => box.Namespace("user")
        .Set("linux.uidMappings", new JsonArray(new JsonObject { ["containerID"] = 0, ["hostID"] = 100000, ["size"] = 1000 }))
        .Set("linux.gidMappings", new JsonArray(new JsonObject { ["containerID"] = 0, ["hostID"] = 200000, ["size"] = 1000 }));

    private static void RemoveMount(OciBundle box, string destination)
    {
        JsonArray mounts = (JsonArray)box.Config["mounts"]!;
        mounts.Remove(mounts.Single(mount => (string)mount!["destination"]! == destination));
    }

    private static string NamespaceOf(object pid, string type) => File.ResolveLinkTarget($"/proc/{pid}/ns/{Files[type]}", returnFinalTarget: false)!.Name;
}
