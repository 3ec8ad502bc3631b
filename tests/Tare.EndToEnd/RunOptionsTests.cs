using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>Each option of `run` and what the process in the container sees of it.</summary>
public sealed class RunOptionsTests(EngineFixture engine) : EngineTests(engine)
{
    private async Task<string> Sees(string client, string[] options, string script) =>
        await Ok(client, ["run", "--rm", "--network", "none", .. options, Image, "sh", "-c", script]);

    /// <summary>By this file programs know that they are in a container.</summary>
    [Theory, Clients]
    public async Task A_container_is_marked_as_one(string client) =>
        Assert.Equal("755 0 0:0", await Sees(client, [], "stat -c '%a %s %u:%g' /.dockerenv"));

    [Theory, Clients]
    public async Task Output_and_errors_come_apart(string client)
    {
        Result result = (await Run(client, "run", "--rm", "--network", "none", Image, "sh", "-c", "echo out; echo err >&2")).Ok();
        Assert.Equal("out\n", result.Out);
        Assert.Equal("err\n", result.Err);
    }

    [Theory, Clients]
    public async Task Environment_is_the_images_the_engines_and_the_options(string client)
    {
        string[] seen = (await Sees(client, ["-e", "A=one two", "-e", "EMPTY=", "--env", "PATH=/bin:/x", "--hostname", "box"], "env")).Split('\n');
        Assert.Contains("A=one two", seen);
        Assert.Contains("EMPTY=", seen);
        Assert.Contains("PATH=/bin:/x", seen);
        Assert.Contains("HOSTNAME=box", seen);
        Assert.Contains("HOME=/root", seen);
        Assert.DoesNotContain(seen, line => line.StartsWith("DOCKER_HOST", StringComparison.Ordinal));
    }

    [Theory, Clients]
    public async Task A_variable_without_a_value_comes_from_the_client(string client) =>
        Assert.Equal("xterm", await Sees(client, ["-e", "TERM", "-e", "NOSUCHVARIABLE"], "echo $TERM${NOSUCHVARIABLE+set}"));

    [Theory, Clients]
    public async Task Working_directory_is_made_when_missing(string client) =>
        Assert.Equal("/a/new one\nroot:root", await Sees(client, ["-w", "/a/new one"], "pwd; stat -c %U:%G ."));

    [Theory]
    [ClientsWith("user", "uid=1000(user) gid=1000(user) groups=50(staff),1000(user)")]
    [ClientsWith("1000:50", "uid=1000(user) gid=50(staff) groups=50(staff)")]
    [ClientsWith("4321", "uid=4321 gid=0(root) groups=0(root)")]
    [ClientsWith("4321:8765", "uid=4321 gid=8765 groups=8765")]
    [ClientsWith("0", "uid=0(root) gid=0(root) groups=0(root)")]
    public async Task User(string client, string user, string id) => Assert.Equal(id, await Sees(client, ["-u", user], "id"));

    [Theory, Clients]
    public async Task Another_user_has_its_home_and_no_capabilities(string client)
    {
        string[] seen = (await Sees(client, ["-u", "user"], "echo $HOME; grep CapEff /proc/self/status")).Split('\n');
        Assert.Equal("/home", seen[0]);
        Assert.Equal("CapEff:\t0000000000000000", seen[1]);
    }

    [Theory, Clients]
    public async Task Bind_mounts_show_the_same_files_both_ways(string client)
    {
        (string here, string engine) = Folder();
        await File.WriteAllTextAsync(Path.Combine(here, "in"), "from the host");
        Assert.Equal("from the host", await Sees(client, ["-v", $"{engine}:/data"], "cat /data/in; echo back > /data/out"));
        Assert.Equal("back\n", await File.ReadAllTextAsync(Path.Combine(here, "out")));
    }

    [Theory, Clients]
    public async Task A_read_only_bind_mount_refuses_writes(string client)
    {
        (string here, string engine) = Folder();
        Result result = await Run(client, "run", "--rm", "--network", "none", "-v", $"{engine}:/data:ro", Image, "sh", "-c", "echo x > /data/out");
        Assert.NotEqual(0, result.Code);
        Assert.Contains("Read-only file system", result.Err, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(here));
    }

    [Theory, Clients]
    public async Task One_file_can_be_bound(string client)
    {
        (string here, string engine) = Folder();
        await File.WriteAllTextAsync(Path.Combine(here, "one"), "content");
        Assert.Equal("content", await Sees(client, ["-v", $"{engine}/one:/etc/deep/one:ro"], "cat /etc/deep/one"));
    }

    [Theory, Clients]
    public async Task A_bind_source_that_is_missing_is_made(string client)
    {
        (string here, string engine) = Folder();
        await Sees(client, ["-v", $"{engine}/made/here:/data"], "touch /data/file");
        Assert.True(File.Exists(Path.Combine(here, "made/here/file")));
    }

    [Theory, Clients]
    public async Task Network_none_has_loopback_alone(string client) =>
        Assert.Equal("lo\nLOOPBACK,UP", await Sees(client, [], "ls /sys/class/net; ip link show lo | sed -n 's/.*<\\(LOOPBACK,UP\\).*/\\1/p'"));

    [Theory, Clients]
    public async Task Network_host_is_the_engines_own(string client)
    {
        string container = await Ok(client, "run", "--rm", "--network", "host", Image, "readlink", "/proc/self/ns/net");
        string other = await Ok(client, "run", "--rm", "--network", "host", Image, "readlink", "/proc/self/ns/net");
        Assert.Equal(container, other);
        if (!Setup.IsReference)
            Assert.Equal(File.ResolveLinkTarget("/proc/self/ns/net", false)!.Name, container);
    }

    [Theory, Clients]
    public async Task Without_a_network_option_a_container_is_on_the_default_bridge(string client)
    {
        Result result = (await Run(client, "run", "--rm", Image, "ls", "/sys/class/net")).Ok();
        Assert.Equal(("eth0\nlo\n", ""), (result.Out, result.Err));
    }

    [Theory, Clients]
    public async Task Hostname_is_set_and_in_hosts(string client) =>
        Assert.Equal("box\nbox", await Sees(client, ["--hostname", "box"], "hostname; cat /etc/hostname"));

    [Theory, Clients]
    public async Task Without_a_hostname_it_is_the_short_id(string client)
    {
        string name = Name();
        string seen = await Ok(client, "run", "--name", name, "--network", "none", Image, "hostname");
        Assert.Equal((await Ok(client, "inspect", "-f", "{{.Id}}", name))[..12], seen);
    }

    [Theory, Clients]
    public async Task Read_only_root(string client)
    {
        Result result = await Run(client, "run", "--rm", "--network", "none", "--read-only", Image, "sh", "-c", "touch /x; echo $?; touch /dev/shm/y && echo shm");
        Assert.Equal("1\nshm\n", result.Out);
        Assert.Contains("Read-only file system", result.Err, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task Entrypoint_replaces_and_arguments_follow(string client)
    {
        Assert.Equal("a b", await Ok(client, "run", "--rm", "--network", "none", "--entrypoint", "echo", Image, "a", "b"));
        Assert.Equal("ok", await Ok(client, "run", "--rm", "--network", "none", "--entrypoint", "", Image, "echo", "ok"));
    }

    [Theory, Clients]
    public async Task Options_after_the_image_belong_to_the_command(string client) =>
        Assert.Equal("--rm --name", await Ok(client, "run", "--rm", "--network", "none", Image, "echo", "--rm", "--name"));

    [Theory, Clients]
    public async Task Labels_are_kept_and_filter(string client)
    {
        string name = Name();
        await Ok(client, "create", "--name", name, "--network", "none", "--label", "e2e.case=" + name, "-l", "e2e.flag", Image);
        Assert.Equal(name + "/", await Ok(client, "inspect", "-f", "{{index .Config.Labels \"e2e.case\"}}/{{index .Config.Labels \"e2e.flag\"}}", name));
        Assert.Equal(name, await Ok(client, "ps", "-a", "--filter", "label=e2e.case=" + name, "--format", "{{.Names}}"));
    }

    [Theory, Clients]
    public async Task Cidfile_holds_the_id_and_is_never_overwritten(string client)
    {
        (string here, _) = Folder();
        string file = Path.Combine(here, "cid");
        string id = await Ok(client, "run", "-d", "--cidfile", file, "--network", "none", Image, "true");
        Assert.Equal(id, await File.ReadAllTextAsync(file));
        Result again = (await Run(client, "run", "--cidfile", file, "--network", "none", Image, "true")).Expect(125);
        Assert.Contains("container ID file found, make sure the other container isn't running or delete " + file, again.Err, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task Capabilities_are_dockers_defaults_plus_and_minus(string client)
    {
        Assert.Equal("00000000a80425fb", await Capabilities(client, []));
        Assert.Equal("00000000a82425fb", await Capabilities(client, ["--cap-add", "SYS_ADMIN"]));
        Assert.Equal("00000000a80425fa", await Capabilities(client, ["--cap-drop", "CAP_CHOWN"]));
        Assert.Equal("0000000000000001", await Capabilities(client, ["--cap-drop", "ALL", "--cap-add", "chown"]));
    }

    [Theory, Clients]
    public async Task Privileged_has_what_the_engine_has(string client)
    {
        Assert.Equal("0", await Sees(client, ["--privileged"], "mkdir /m; mount -t tmpfs x /m; echo $?"));
        Assert.Equal("0", await Sees(client, ["--privileged"], "grep Seccomp: /proc/self/status | tr -dc 0-9"));
    }

    [Theory, Clients]
    public async Task Without_privilege_a_mount_is_refused_and_seccomp_is_on(string client)
    {
        Assert.Equal("refused 2", await Sees(client, [], "mkdir /m; mount -t tmpfs x /m 2>/dev/null || echo refused $(grep Seccomp: /proc/self/status | tr -dc 0-9)"));
        Assert.Equal("refused", await Sees(client, [], "unshare -m true 2>/dev/null || echo refused"));
    }

    [Theory, Clients]
    public async Task Memory_cpu_and_pids_are_limited(string client)
    {
        string[] options = ["-m", "64m", "--cpus", "0.5", "--pids-limit", "77"];
        const string Read = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max";
        Assert.Equal("67108864 50000 100000 77", string.Join(' ', (await Sees(client, options, Read)).Split('\n')));
        string name = Name();
        await Ok(client, ["create", "--name", name, "--network", "none", .. options, Image]);
        JsonNode host = (await Api.InspectAsync(name))["HostConfig"]!;
        Assert.Equal(67108864, (long)host["Memory"]!);
        Assert.Equal(134217728, (long)host["MemorySwap"]!);
        Assert.Equal(500000000, (long)host["NanoCpus"]!);
        Assert.Equal(77, (long)host["PidsLimit"]!);
    }

    [Theory, Clients]
    public async Task Too_much_memory_kills_and_is_told(string client)
    {
        string name = Name();
        Result result = await Run(client, "run", "--name", name, "--network", "none", "-m", "16m", "--memory-swap", "16m", Image, "sh", "-c", "exec tail -c 100000000 /dev/zero");
        result.Expect(137);
        Assert.Equal("true", await Ok(client, "inspect", "-f", "{{.State.OOMKilled}}", name));
    }

    [Theory, Clients]
    public async Task Too_many_processes_are_refused(string client)
    {
        Result result = await Run(client, "run", "--rm", "--network", "none", "--pids-limit", "8", Image, "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done; wait");
        Assert.Contains("can't fork", result.Err, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task Detached_prints_the_id_and_goes_on(string client)
    {
        string name = Name();
        string id = await Ok(client, "run", "-d", "--name", name, "--network", "none", Image, "sleep", "1000");
        Assert.Matches("^[0-9a-f]{64}$", id);
        Assert.Equal("running", await Api.StatusAsync(id));
        Assert.Equal(id, await Ok(client, "inspect", "-f", "{{.Id}}", name));
    }

    [Theory, Clients]
    public async Task Removed_after_its_end_with_rm(string client)
    {
        string name = Name();
        await Ok(client, "run", "--rm", "--name", name, "--network", "none", Image, "true");
        await Eventually.EqualAsync(false, () => Api.ExistsAsync(name));
        await Ok(client, "run", "-d", "--rm", "--name", name, "--network", "none", Image, "true");
        await Eventually.EqualAsync(false, () => Api.ExistsAsync(name));
    }

    [Theory, Clients]
    public async Task A_name_in_use_is_refused_word_for_word(string client)
    {
        string name = Name();
        string id = await Ok(client, "create", "--name", name, "--network", "none", Image);
        Result result = (await Run(client, "run", "--name", name, "--network", "none", Image, "true")).Expect(125);
        Assert.Equal(
            $"{client}: Error response from daemon: Conflict. The container name \"/{name}\" is already in use by container \"{id}\". You have to remove (or rename) that container to be able to reuse that name.",
            result.Err.Split('\n')[0].TrimEnd('.') + ".");
    }

    [Theory, Clients]
    public async Task The_process_is_number_one_in_namespaces_of_its_own(string client)
    {
        Assert.Equal("1", await Sees(client, [], "echo $$"));
        string inside = await Sees(client, [], "for n in ipc mnt pid uts net cgroup; do readlink /proc/self/ns/$n; done");
        foreach (string line in inside.Split('\n'))
        {
            string own = File.ResolveLinkTarget("/proc/self/ns/" + line[..line.IndexOf(':')], false)!.Name;
            // Docker's own default: with cgroup v1 the cgroup namespace is the host's.
            if (!line.StartsWith("cgroup:", StringComparison.Ordinal))
                Assert.NotEqual(own, line);
        }
    }

    [Theory, Clients]
    public async Task Devices_masks_and_proc_are_dockers(string client)
    {
        string devices = await Sees(client, [], "cd /dev; ls -d full null random tty urandom zero ptmx shm mqueue fd stdin stdout stderr pts | sort | tr '\\n' ' '");
        Assert.Equal("fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero", devices.Trim());
        Assert.Equal("1:3 1:5 1:7 1:8 1:9 5:0", await Sees(client, [], "for d in null zero full random urandom tty; do stat -c %t:%T /dev/$d; done | tr '\\n' ' ' | sed 's/ $//'"));
        Assert.Equal("0 0", await Sees(client, [], "echo $(cat /proc/kcore /proc/keys 2>/dev/null | wc -c) $(ls /sys/firmware 2>/dev/null | wc -l)"));
        Assert.Contains("Read-only", (await Run(client, "run", "--rm", "--network", "none", Image, "sh", "-c", "echo 1 > /proc/sys/kernel/panic")).Err, StringComparison.Ordinal);
        Assert.Contains("Read-only", (await Run(client, "run", "--rm", "--network", "none", Image, "sh", "-c", "if [ -d /sys/fs/cgroup/memory ]; then mkdir /sys/fs/cgroup/memory/x; else mkdir /sys/fs/cgroup/x; fi")).Err, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task Hosts_and_resolver_are_written(string client)
    {
        string seen = await Sees(client, [], "cat /etc/hosts; ls /etc/resolv.conf");
        Assert.Contains("127.0.0.1\tlocalhost", seen, StringComparison.Ordinal);
        Assert.Contains("::1\tlocalhost", seen, StringComparison.Ordinal);
        Assert.EndsWith("/etc/resolv.conf", seen, StringComparison.Ordinal);
    }

    private async Task<string> Capabilities(string client, string[] options) =>
        (await Sees(client, options, "sed -n 's/CapEff:\\t//p' /proc/self/status")).Trim();
}
