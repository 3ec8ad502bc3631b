using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>
/// Root filesystems and volumes that want to lead the runtime out of them, or away from what it protects. Each case says what was taken
/// away from the runtime to see it fail.
/// </summary>
public sealed class OciHostileRootTests(OciFixture oci) : OciTests(oci)
{
    /// <summary>CVE-2019-19921, CVE-2023-27561. Seen to fail without the first check of MountPlaces.Check.</summary>
    [OciTheory]
    [InlineData("/proc", "/elsewhere")]
    [InlineData("/proc", "elsewhere/below")]
    [InlineData("/proc", "/dev/shm")]
    [InlineData("/sys", "/elsewhere")]
    public async Task An_image_whose_proc_or_sys_is_a_link_is_refused(string place, string target)
    {
        OciBundle box = Bundle("true");
        if (Directory.Exists(box.Rootfs + place))
            Directory.Delete(box.Rootfs + place, recursive: true);
        File.CreateSymbolicLink(box.Rootfs + place, target);
        Directory.CreateDirectory(box.Rootfs + "/elsewhere/below");
        Refused(await Run(box), 1, place);
        await Gone(box.Id);
    }

    /// <summary>CVE-2019-16884. Seen to fail without the other checks of MountPlaces.Check.</summary>
    [OciTheory]
    [InlineData("/proc")]
    [InlineData("/proc/sys")]
    [InlineData("/proc/self/attr")]
    [InlineData("/../proc/./sys/")]
    [InlineData("/link")]
    [InlineData("/link/self")]
    [InlineData("/dangling")]
    [InlineData("/dangling/kernel")]
    public async Task Nothing_is_mounted_over_proc(string place)
    {
        OciBundle box = Bundle("true");
        string volume = Path.Combine(box.Folder, "volume");
        Directory.CreateDirectory(volume);
        File.CreateSymbolicLink(box.Rootfs + "/link", "/proc");
        // To what is not there before proc is mounted.
        File.CreateSymbolicLink(box.Rootfs + "/dangling", "../proc/sys");
        Refused(await Run(box.Bind(volume, place)), 1, "/proc");
        await Gone(box.Id);
    }

    /// <summary>CVE-2021-30465. Seen to fail when PlaceSteps resolves without RESOLVE_IN_ROOT: files are made on the host.</summary>
    [OciFact(Only = OciKinds.Tare, Because = "the others may fail otherwise")]
    public async Task A_place_that_is_exchanged_for_a_link_meanwhile_stays_in_the_root()
    {
        const int Mounts = 250, Rounds = 8;
        OciBundle box = Bundle("true");
        string program = await HostileProgram.AddAsync(box);
        (string volume, string outside, string file) = (Path.Combine(box.Folder, "volume"), Path.Combine(box.Folder, "outside"), Path.Combine(box.Folder, "file"));
        Directory.CreateDirectory(volume + "/a");
        Directory.CreateDirectory(outside);
        await File.WriteAllTextAsync(file, "");
        File.CreateSymbolicLink(volume + "/b", outside);
        Directory.CreateDirectory(box.Rootfs + outside);
        box.Bind(volume, "/volume");
        for (int i = 0; i < Mounts; i++)
            box.Bind(file, $"/volume/a/f{i}");
        int made = 0;
        using Running swap = Running.Start(program, ["swap", volume, "a", "b"]);
        await swap.SeeAsync("swapping");
        for (int round = 0; round < Rounds; round++)
        {
            // Which of the mounts come to nothing is chance; a place that is gone in the moment that it is made is no success.
            Result result = await Run(box);
            Assert.DoesNotContain("has made a mistake", result.Err, StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
            made += Directory.EnumerateFileSystemEntries(box.Rootfs + outside).Count();
            foreach (string entry in Directory.EnumerateFiles(box.Rootfs + outside))
                File.Delete(entry);
        }
        swap.Kill();
        Assert.True(made > 0, "no place was ever looked for behind the link");
    }

    /// <summary>CVE-2025-31133. Seen to fail with the container's /dev/null in place of the host's (HostMask.Nothing).</summary>
    [OciTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_hides_paths_is_not_the_images_null_device(bool volume)
    {
        OciBundle box = Bundle();
        ((JsonArray)box.Config["mounts"]!).Clear();
        box.Mount("/proc", "proc", "proc");
        string dev = volume ? Path.Combine(box.Folder, "dev") : box.Rootfs + "/dev";
        if (volume)
            box.Bind(dev, "/dev");
        Directory.CreateDirectory(dev);
        File.Delete(dev + "/null");
        File.CreateSymbolicLink(dev + "/null", "/proc/sys/kernel/domainname");
        box.Write("/secret", "secret");
        box.Set("linux.maskedPaths", OciBundle.List("/secret", "/proc/cmdline"));
        Assert.Equal("1 3\n1 3", await Output(box, "cat /secret /proc/cmdline; stat -c '%t %T' /secret /proc/cmdline; echo x 2>/dev/null >/secret; true"));
    }

    /// <summary>CVE-2025-52565. Seen to fail when PlaceSteps.EnsureEntry follows a link.</summary>
    [OciTheory]
    [InlineData("/etc/target")]
    [InlineData("/proc/sys/kernel/domainname")]
    [InlineData("../../../../../../../../../../etc/hostname")]
    public async Task A_console_is_not_mounted_where_a_link_leads(string target)
    {
        OciBundle box = Bundle().Set("process.terminal", true);
        ((JsonArray)box.Config["mounts"]!).Clear();
        box.Mount("/proc", "proc", "proc").Mount("/dev/pts", "devpts", "devpts", "newinstance", "ptmxmode=0666", "mode=0620");
        File.Delete(box.Rootfs + "/dev/console");
        File.CreateSymbolicLink(box.Rootfs + "/dev/console", target);
        box.Write("/etc/target", "");
        box.Write("/etc/hostname", "");
        Result result = await Run(box.Sh("grep -c ' /etc/target \\| /etc/hostname \\| /proc/sys' /proc/self/mountinfo"));
        if (OciRuntime.IsTare)
            Refused(result, 1, "terminal");
        else
            Assert.DoesNotContain("1", result.Out, StringComparison.Ordinal);
    }

    /// <summary>Seen to fail, the pipe by waiting for ever, when PlaceSteps.OpenDevice opens for reading alone.</summary>
    [OciTheory]
    [InlineData("pipe")]
    [InlineData("file")]
    [InlineData("link")]
    public async Task What_is_no_terminal_is_not_taken_for_one(string kind)
    {
        OciBundle box = Bundle("true").Set("process.terminal", true);
        ((JsonArray)box.Config["mounts"]!).Clear();
        box.Mount("/proc", "proc", "proc");
        Directory.CreateDirectory(box.Rootfs + "/dev/pts");
        string place = box.Rootfs + "/dev/pts/ptmx";
        if (kind == "pipe")
            (await Running.RunAsync("mkfifo", [place])).Ok();
        else if (kind == "file")
            await File.WriteAllTextAsync(place, "");
        else
            File.CreateSymbolicLink(place, "/proc/self/fd/0");
        Refused(await Run(box), 1);
        await Gone(box.Id);
    }

    /// <summary>CVE-2025-52881. Seen to fail when FilesystemSteps.Proc is what lies at /proc.</summary>
    [OciFact]
    public async Task A_kernel_parameter_is_not_written_into_a_file_of_the_image()
    {
        OciBundle box = Idle().Set("linux.sysctl", new JsonObject { ["net.ipv4.ip_forward"] = "1" });
        JsonArray mounts = (JsonArray)box.Config["mounts"]!;
        mounts.Remove(mounts.First(mount => (string)mount!["destination"]! == "/proc"));
        string file = box.Write("/proc/sys/net/ipv4/ip_forward", "the image's");
        Result created = await TryCreate(box);
        Assert.Equal("the image's", await File.ReadAllTextAsync(file));
        if (!OciRuntime.IsTare && created.Code != 0)
            return;
        created.Ok();
        Assert.Equal("1", (await Running.RunAsync("nsenter", ["-t", $"{await Pid(box.Id)}", "-n", "cat", "/proc/sys/net/ipv4/ip_forward"])).Ok().Text);
    }

    /// <summary>Seen to fail when FilesystemSteps.Hide looks for its place in the root: what is mounted over it is hidden then, and can be taken away.</summary>
    [OciFact(Only = OciKinds.Tare, Because = "the others hide what is found by its path")]
    public async Task Masks_in_proc_are_upon_the_container_s_own_proc()
    {
        OciBundle box = Bundle().Set("linux.maskedPaths", OciBundle.List("/proc/cmdline"));
        (string volume, string folder) = (Path.Combine(box.Folder, "volume"), Path.Combine(box.Folder, "folder"));
        Directory.CreateDirectory(volume);
        Directory.CreateDirectory(folder);
        // What the link leads to is known only when the volume is there: no check before sees that it is /proc.
        File.CreateSymbolicLink(volume + "/link", "/proc");
        foreach (string set in (string[])["bounding", "effective", "permitted"])
            ((JsonArray)box.Config["process"]!["capabilities"]![set]!).Add("CAP_SYS_ADMIN");
        box.Bind(volume, "/volume").Bind(folder, "/volume/link");
        Assert.Equal("1 3", await Output(box, "ls /proc; busybox umount /proc && stat -c '%t %T' /proc/cmdline"));
    }

    /// <summary>Seen to fail when PlaceSteps resolves without RESOLVE_IN_ROOT, and with Path.Join in place of a resolution.</summary>
    [OciFact]
    public async Task Links_and_parents_in_places_of_mounts_stay_in_the_root()
    {
        OciBundle box = Bundle();
        string name = "tare-e2e-" + box.Id;
        string source = Path.Combine(box.Folder, "source");
        Directory.CreateDirectory(source);
        await File.WriteAllTextAsync(source + "/file", "there");
        File.CreateSymbolicLink(box.Rootfs + "/absolute", "/var/" + name);
        File.CreateSymbolicLink(box.Rootfs + "/up", "../../../../../../../../../../../../var/" + name + "-up");
        File.CreateSymbolicLink(box.Rootfs + "/dangling", "/nowhere/at/all");
        string[] places = ["/absolute", "/up", "/dangling", "/../../../../../../../../../../var/" + name + "-parents", "/tmp/../../../../var/" + name + "-more"];
        foreach (string place in places)
            box.Bind(source, place);
        string expected = string.Concat(Enumerable.Repeat("there", places.Length));
        Assert.Equal(expected, await Output(box, $"cat /absolute/file /up/file /dangling/file /var/{name}-parents/file /var/{name}-more/file"));
        Assert.Empty(Directory.EnumerateFileSystemEntries("/var", name + "*"));
        Assert.False(Directory.Exists("/nowhere"));
    }
}
