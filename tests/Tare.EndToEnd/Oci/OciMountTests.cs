using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>Mounts of a configuration, and the root (config.md, "Mounts"; config-linux.md).</summary>
public sealed class OciMountTests(OciFixture oci) : OciTests(oci)
{
    [OciFact]
    public async Task A_folder_is_bound()
    {
        OciBundle box = Bundle();
        string source = Source(box, "file", "there");
        Assert.Equal("there", await Output(box.Bind(source, "/data"), "cat /data/file; echo new >/data/made"));
        Assert.Equal("new\n", await File.ReadAllTextAsync(Path.Combine(source, "made")));
    }

    [OciFact]
    public async Task A_file_is_bound_over_one_that_is_there_and_over_none()
    {
        OciBundle box = Bundle();
        string source = Path.Combine(Source(box, "file", "there"), "file");
        Assert.Equal("there\nthere", await Output(box.Bind(source, "/etc/passwd").Bind(source, "/new/place/file"), "cat /etc/passwd; echo; cat /new/place/file"));
    }

    [OciFact]
    public async Task A_relative_source_is_looked_for_in_the_bundle()
    {
        OciBundle box = Bundle();
        Source(box, "file", "there");
        Assert.Equal("there", await Output(box.Bind("source", "/data"), "cat /data/file"));
    }

    [OciTheory]
    [InlineData("ro")]
    [InlineData("ro,nosuid,nodev,noexec")]
    public async Task Attributes_of_a_bind(string options)
    {
        OciBundle box = Bundle();
        string source = Source(box, "file", "there");
        string line = await Output(box.Bind(source, "/data", options.Split(',')), "grep ' /data ' /proc/self/mountinfo | cut -d' ' -f6; touch /data/x 2>/dev/null && echo written; true");
        foreach (string option in options.Split(','))
            Assert.Contains(option, line.Split(','));
        Assert.DoesNotContain("written", line, StringComparison.Ordinal);
    }

    [OciFact]
    public async Task Read_only_spreads_to_what_is_mounted_below_only_when_asked_for()
    {
        OciBundle box = Bundle();
        string source = Source(box, "file", "there");
        Directory.CreateDirectory(Path.Combine(source, "sub"));
        (await Running.RunAsync("mount", ["-t", "tmpfs", "tmpfs", Path.Combine(source, "sub")])).Ok();
        try
        {
            const string Script = "touch /data/x 2>/dev/null && echo top; touch /data/sub/x 2>/dev/null && echo sub; true";
            Assert.Equal("sub", await Output(box.Bind(source, "/data", "ro"), Script));
            OciBundle recursive = Bundle().Bind(source, "/data", "rro");
            Assert.Equal("", await Output(recursive, Script));
        }
        finally
        {
            (await Running.RunAsync("umount", [Path.Combine(source, "sub")])).Ok();
        }
    }

    [OciFact]
    public async Task A_plain_bind_leaves_out_what_is_mounted_below()
    {
        OciBundle box = Bundle();
        string source = Source(box, "file", "there");
        Directory.CreateDirectory(Path.Combine(source, "sub"));
        (await Running.RunAsync("mount", ["-t", "tmpfs", "tmpfs", Path.Combine(source, "sub")])).Ok();
        try
        {
            Assert.Equal("1", await Output(box.Mount("/data", "bind", source, "bind"), "grep -c ' /data' /proc/self/mountinfo"));
        }
        finally
        {
            (await Running.RunAsync("umount", [Path.Combine(source, "sub")])).Ok();
        }
    }

    [OciTheory(Crun = "recursive propagation reaches only what is mounted later")]
    [InlineData("private", "")]
    [InlineData("slave", "master")]
    [InlineData("shared", "shared")]
    [InlineData("unbindable", "unbindable")]
    public async Task Propagation_of_a_bind(string propagation, string shown)
    {
        OciBundle box = Bundle();
        string source = Source(box, "file", "there");
        (await Running.RunAsync("mount", ["--bind", source, source])).Ok();
        (await Running.RunAsync("mount", ["--make-shared", source])).Ok();
        try
        {
            string fields = await Output(box.Bind(source, "/data", "r" + propagation), "grep ' /data ' /proc/self/mountinfo | sed 's/ - .*//' | cut -d' ' -f7-");
            if (shown.Length == 0)
                Assert.Equal("", fields);
            else
                Assert.Contains(shown, fields, StringComparison.Ordinal);
        }
        finally
        {
            (await Running.RunAsync("umount", [source])).Ok();
        }
    }

    [OciFact]
    public async Task Mounts_of_the_container_do_not_reach_the_host()
    {
        OciBundle box = Bundle();
        ((JsonArray)box.Config["process"]!["capabilities"]!["bounding"]!).Add("CAP_SYS_ADMIN");
        ((JsonArray)box.Config["process"]!["capabilities"]!["effective"]!).Add("CAP_SYS_ADMIN");
        ((JsonArray)box.Config["process"]!["capabilities"]!["permitted"]!).Add("CAP_SYS_ADMIN");
        string source = Source(box, "file", "there");
        await Output(box.Bind(source, "/data"), "mkdir /data/sub; mount -t tmpfs tmpfs /data/sub; touch /data/sub/x");
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(source, "sub")));
    }

    [OciTheory]
    [InlineData("shared", "shared")]
    [InlineData("slave", "master|^$")]
    [InlineData("private", "^$")]
    [InlineData("unbindable", "unbindable")]
    public async Task Propagation_of_the_root(string propagation, string shown) =>
        Assert.Matches(shown, await Output(Bundle().Set("linux.rootfsPropagation", propagation), "grep ' / / \\|rootfs / ' /proc/self/mountinfo | sed 's/ - .*//' | cut -d' ' -f7-"));

    [OciFact]
    public async Task A_tmpfs_has_its_size_and_mode() =>
        Assert.Equal("1023 1024 tmpfs", await Output(
            Bundle().Mount("/scratch", "tmpfs", "tmpfs", "size=1024k", "mode=1777", "nosuid"), "echo $(stat -c %a /scratch | sed s/1777/1023/) $(df -k /scratch | awk 'NR == 2 {print $2}') $(stat -f -c %T /scratch)"));

    [OciFact(Only = OciKinds.Tare | OciKinds.Runc, Because = "crun copies otherwise")]
    public async Task A_tmpfs_can_start_with_a_copy_of_what_it_covers()
    {
        OciBundle box = Bundle();
        box.Write("/conf/file", "covered");
        box.Write("/conf/sub/file", "below");
        Assert.Equal("covered below", await Output(box.Mount("/conf", "tmpfs", "tmpfs", "tmpcopyup"), "echo $(cat /conf/file) $(cat /conf/sub/file); touch /conf/new"));
        Assert.False(File.Exists(box.Rootfs + "/conf/new"));
    }

    [OciFact]
    public async Task Mounts_come_in_their_order()
    {
        OciBundle box = Bundle();
        string source = Source(box, "file", "there");
        box.Mount("/a", "tmpfs", "tmpfs").Bind(source, "/a/b").Mount("/a/b/c", "tmpfs", "tmpfs");
        Directory.CreateDirectory(Path.Combine(source, "c"));
        Assert.Equal("there\n/a\n/a/b\n/a/b/c", await Output(box, "cat /a/b/file; echo; awk '{print $5}' /proc/self/mountinfo | grep '^/a' | sort"));
    }

    [OciFact]
    public async Task A_link_in_the_root_does_not_lead_out_of_it()
    {
        OciBundle box = Bundle();
        string outside = Path.Combine(box.Folder, "outside");
        Directory.CreateDirectory(outside);
        File.CreateSymbolicLink(box.Rootfs + "/link", outside);
        File.CreateSymbolicLink(box.Rootfs + "/up", "../../../../..");
        string source = Source(box, "file", "there");
        Result result = await Run(box.Bind(source, "/link/data").Bind(source, "/up/data").Sh("cat /link/data/file; cat /data/file"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
        Assert.False(Directory.Exists("/data"));
        if (result.Code == 0)
            Assert.Equal("therethere", result.Text);
    }

    [OciFact]
    public async Task A_file_that_is_made_to_mount_upon_is_an_ordinary_one()
    {
        OciBundle box = Bundle();
        box.Bind(box.Write("/source", "read"), "/new/file");
        Assert.Equal("read", await Output(box, "cat /new/file"));
        Assert.Equal((UnixFileMode)420, File.GetUnixFileMode(box.Rootfs + "/new/file"));
    }

    [OciFact]
    public async Task A_source_that_is_missing_is_refused()
    {
        OciBundle box = Bundle("true").Bind("/nonexistent/source", "/data");
        Refused(await Run(box), 1, "/nonexistent/source");
        await Gone(box.Id);
    }

    [OciFact]
    public async Task A_file_cannot_be_bound_over_a_folder()
    {
        OciBundle box = Bundle("true");
        Refused(await Run(box.Bind(Path.Combine(Source(box, "file", "x"), "file"), "/etc")), 1, "/etc");
        await Gone(box.Id);
    }

    [OciFact]
    public async Task A_filesystem_that_the_kernel_does_not_know_is_refused()
    {
        OciBundle box = Bundle("true").Mount("/data", "nosuchfs", "none");
        Refused(await Run(box), 1, "nosuchfs");
        await Gone(box.Id);
    }

    [OciFact]
    public async Task An_option_that_the_filesystem_does_not_know_is_refused()
    {
        OciBundle box = Bundle("true").Mount("/data", "tmpfs", "tmpfs", "nosuchoption=1");
        Refused(await Run(box), 1, "/data");
        await Gone(box.Id);
    }

    [OciFact]
    public async Task A_read_only_root()
    {
        OciBundle box = Bundle().Set("root.readonly", true);
        Directory.CreateDirectory(box.Rootfs + "/dev/shm");
        Assert.Equal("refused\ndev", await Output(box, "touch /x 2>/dev/null || echo refused; touch /dev/shm/x && echo dev"));
    }

    [OciFact]
    public async Task Paths_are_masked()
    {
        OciBundle box = Bundle();
        box.Write("/secret/file", "secret");
        box.Write("/hidden", "secret");
        box.Set("linux.maskedPaths", OciBundle.List("/secret", "/hidden", "/not/there", "/proc/kcore"));
        Assert.Equal("0\n0", await Output(box, "ls /secret | wc -l; cat /hidden | wc -c; touch /secret/x 2>/dev/null && echo written; true"));
    }

    [OciFact]
    public async Task A_mask_is_no_way_to_the_host_s_null_device()
    {
        OciBundle box = Bundle().Set("linux.maskedPaths", OciBundle.List("/proc/cmdline"));
        Assert.Equal("1 3", await LeavesTheNullDevice(() => Output(box, "touch -t 202001010101 /proc/cmdline 2>/dev/null; echo x > /proc/cmdline && stat -c '%t %T' /proc/cmdline")));
    }

    [OciFact(Only = OciKinds.Tare, Because = "the others bind devices as they are")]
    public async Task A_device_of_a_user_namespace_with_the_host_s_root_in_it_is_no_way_to_the_host_s()
    {
        JsonObject map = new() { ["containerID"] = 0, ["hostID"] = 0, ["size"] = 1000 };
        OciBundle box = Bundle().Namespace("user").Set("linux.uidMappings", new JsonArray(map)).Set("linux.gidMappings", new JsonArray(map.DeepClone()));
        Assert.Equal("1 3", await LeavesTheNullDevice(() => Output(box, "touch -t 202001010101 /dev/null 2>/dev/null; echo x > /dev/null && stat -c '%t %T' /dev/null")));
    }

    [OciFact]
    public async Task Paths_are_read_only()
    {
        OciBundle box = Bundle();
        box.Write("/fixed/file", "read");
        box.Write("/single", "read");
        box.Set("linux.readonlyPaths", OciBundle.List("/fixed", "/single", "/not/there", "/proc/sys"));
        Assert.Equal("read read", await Output(box, "for f in /fixed/x /fixed/file /single /proc/sys/kernel/domainname; do (echo x >$f) 2>/dev/null && echo written $f; done; echo $(cat /fixed/file) $(cat /single)"));
    }

    [OciFact]
    public async Task Default_devices_and_links()
    {
        const string Script = "for d in null zero full random urandom tty; do stat -c '%n %a %t:%T' /dev/$d; done; for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done";
        string[] expected =
        [
            "/dev/null 666 1:3", "/dev/zero 666 1:5", "/dev/full 666 1:7", "/dev/random 666 1:8", "/dev/urandom 666 1:9", "/dev/tty 666 5:0",
            "/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "pts/ptmx",
        ];
        string[] lines = (await Output(Bundle(), Script)).Split('\n').Select(line => line.Replace("/dev/pts/ptmx", "pts/ptmx", StringComparison.Ordinal)).ToArray();
        Assert.Equal(expected, lines);
    }

    [OciFact]
    public async Task Devices_are_made_and_may_be_used_when_allowed()
    {
        OciBundle box = Bundle().Set("linux.devices", JsonNode.Parse("""
            [{"path":"/dev/my/null","type":"c","major":1,"minor":3,"fileMode":432,"uid":5,"gid":6},{"path":"/dev/pipe","type":"p","fileMode":384},{"path":"/dev/big","type":"b","major":259,"minor":70000}]
            """));
        Assert.Equal("660 5:6 1:3\nfifo 600\n103:11170", await Output(box, "stat -c '%a %u:%g %t:%T' /dev/my/null; stat -c '%F %a' /dev/pipe; stat -c '%t:%T' /dev/big; echo x >/dev/my/null"));
    }

    [OciFact]
    public async Task Devices_that_are_not_allowed_cannot_be_opened()
    {
        OciBundle box = Bundle().Set("linux.devices", JsonNode.Parse("""[{"path":"/dev/mem2","type":"c","major":1,"minor":1}]"""));
        Assert.Contains("not permitted", await Output(box, "cat /dev/mem2 2>&1 | head -c 200"), StringComparison.Ordinal);
        Assert.Equal("made\nrefused", await Output(Bundle(), "mknod /m c 1 1 && echo made; cat /m 2>/dev/null || echo refused"));
    }

    [OciFact]
    public async Task The_root_may_be_the_bundle_itself()
    {
        OciBundle box = Bundle();
        foreach (string entry in Directory.EnumerateFileSystemEntries(box.Rootfs))
            Directory.Move(entry, Path.Combine(box.Folder, Path.GetFileName(entry)));
        Assert.Contains("config.json", await Output(box.Set("root.path", "."), "ls /"), StringComparison.Ordinal);
    }

    [OciFact]
    public async Task Control_groups_are_shown()
    {
        OciBundle box = Bundle().Namespace("cgroup").Mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro");
        string script = Directory.Exists("/sys/fs/cgroup/memory") ? "cat /sys/fs/cgroup/memory/tasks | wc -l; mkdir /sys/fs/cgroup/memory/x 2>/dev/null || echo ro" : "cat /sys/fs/cgroup/cgroup.procs | wc -l; mkdir /sys/fs/cgroup/x 2>/dev/null || echo ro";
        Assert.EndsWith("\nro", await Output(box, script), StringComparison.Ordinal);
    }

    /// <summary>A folder beside the root with one file.</summary>
    private static string Source(OciBundle box, string name, string content)
    {
        string folder = Path.Combine(box.Folder, "source");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, name), content);
        return folder;
    }

    /// <summary>Something that a container's root could do to the host's null device: it must not have happened.</summary>
    private static async Task<T> LeavesTheNullDevice<T>(Func<Task<T>> act)
    {
        DateTime before = File.GetLastWriteTimeUtc("/dev/null");
        T result = await act();
        DateTime after = File.GetLastWriteTimeUtc("/dev/null");
        if (after != before)
            File.SetLastWriteTimeUtc("/dev/null", before);
        Assert.Equal(before, after);
        return result;
    }
}
