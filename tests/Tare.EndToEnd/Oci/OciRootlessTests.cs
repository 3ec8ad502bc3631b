using System.Globalization;
using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>An ordinary user runs containers: alone with his own id, and with ranges that the administrator has given him.</summary>
public sealed class OciRootlessTests(OciFixture oci) : OciTests(oci)
{
    /// <summary>nobody: newuidmap(1) wants a user who has a name.</summary>
    private const int User = 65534;

    private const int FirstOfRange = 2_000_000_000;

    private string Home => Path.Combine(Fixture.Folder, "user-" + GetHashCode().ToString(CultureInfo.InvariantCulture));

    private string Root => Path.Combine(Home, "state");

    public override async Task InitializeAsync()
    {
        Directory.CreateDirectory(Home);
        (await Running.RunAsync("chown", [$"{User}:{User}", Home])).Ok();
    }

    public override async Task DisposeAsync()
    {
        foreach (string path in Directory.Exists(Root) ? Directory.GetDirectories(Root) : [])
            (await Rootless("delete", "--force", Path.GetFileName(path))).Ok();
        Directory.Delete(Home, recursive: true);
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [OciFact]
    public async Task With_his_own_id_alone()
    {
        OciBundle box = await Bundled("sh", "-c", "id -u; cat /proc/self/uid_map; hostname; touch /made && stat -c %u /made; echo x >/dev/null && echo dev; cat /proc/self/setgroups");
        string[] lines = (await RunRootless(box)).Ok().Lines;
        Assert.Equal("0", lines[0]);
        Assert.Equal(["0", $"{User}", "1"], lines[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["oci", "0", "dev", "deny"], lines[2..]);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Root));
    }

    [OciFact]
    public async Task Through_its_whole_life()
    {
        OciBundle box = await Bundled("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done");
        (await DetachedRootless(box, "create", "--bundle", box.Folder, box.Id)).Ok();
        Assert.Equal("created", await RootlessStatus(box.Id));
        (await Rootless("start", box.Id)).Ok();
        Assert.Equal("running", await RootlessStatus(box.Id));
        Assert.Equal("0 oci", (await Rootless("exec", box.Id, "sh", "-c", "echo $(id -u) $(hostname)")).Ok().Text);
        Assert.NotEqual(0, (await Rootless("exec", box.Id, "/nosuch")).Code);
        Assert.Contains(box.Id, (await Rootless("list", "-q")).Ok().Lines);
        Assert.NotEqual(0, (await Rootless("delete", box.Id)).Code);
        (await Rootless("kill", box.Id, "TERM")).Ok();
        await Eventually.EqualAsync("stopped", () => RootlessStatus(box.Id));
        (await Rootless("delete", box.Id)).Ok();
        Assert.Empty(Directory.EnumerateFileSystemEntries(Root));
    }

    [OciFact]
    public async Task With_a_terminal()
    {
        OciBundle box = await Bundled("sh", "-c", "tty; echo done");
        box.Set("process.terminal", true).Save();
        using Terminal terminal = Terminal.Start("setpriv", [.. AsUser, OciRuntime.Program, .. OciRuntime.Words, "--root", Root, "run", "--bundle", box.Folder, box.Id], 20, 80);
        await terminal.SeeAsync("done");
        Assert.Contains("/dev/pts/0", terminal.Screen, StringComparison.Ordinal);
        Assert.Equal(0, await terminal.EndAsync());
    }

    [OciFact(Crun = "it leaves a folder in its root")]
    public async Task Binds_and_filesystems()
    {
        OciBundle box = await Bundled("sh", "-c", "cat /data/file; touch /data/x 2>/dev/null && echo written; df -k /scratch | awk 'NR == 2 {print $2}'; ls /secret | wc -l");
        string source = Path.Combine(box.Folder, "source");
        Directory.CreateDirectory(source);
        await File.WriteAllTextAsync(Path.Combine(source, "file"), "there\n");
        box.Write("/secret/file", "x");
        box.Bind(source, "/data", "ro").Mount("/scratch", "tmpfs", "tmpfs", "size=1024k").Set("linux.maskedPaths", OciBundle.List("/secret")).Set("root.readonly", true).Save();
        Assert.Equal("there\n1024\n0", (await RunRootless(box)).Ok().Text);
    }

    [OciFact]
    public async Task Limits_that_he_may_not_set_are_refused()
    {
        OciBundle box = await Bundled("true");
        box.Set("linux.resources.pids", new JsonObject { ["limit"] = 10 }).Save();
        Result result = await RunRootless(box);
        if (OciRuntime.IsTare)
            Refused(result, 1, "limit", "--systemd-cgroup");
        Assert.False(Directory.Exists(Path.Combine(Root, box.Id)));
    }

    [OciFact(Crun = "it makes one")]
    public async Task Without_a_user_namespace_it_is_refused()
    {
        OciBundle box = await Bundled("true");
        box.WithoutNamespace("user").Remove("linux.uidMappings").Remove("linux.gidMappings").Save();
        Result result = await RunRootless(box);
        Assert.NotEqual(0, result.Code);
        if (OciRuntime.IsTare)
            Refused(result, 1, "user namespace");
    }

    [OciFact]
    public async Task Ids_that_are_not_his_are_refused()
    {
        OciBundle box = await Bundled("true");
        box.Set("linux.uidMappings", Map(0, 0, 1)).Save();
        Result result = await RunRootless(box);
        Assert.NotEqual(0, result.Code);
        Assert.True(!OciRuntime.IsTare || result.Err.Contains("map", StringComparison.Ordinal), result.ToString());
        Assert.False(Directory.Exists(Path.Combine(Root, box.Id)));
    }

    [OciFact(Crun = "it leaves the groups out")]
    public async Task Groups_that_he_may_not_set_are_refused()
    {
        OciBundle box = await Bundled("true");
        box.Set("process.user.additionalGids", new JsonArray(7)).Save();
        Refused(await RunRootless(box), 1, "additionalGids");
        Assert.False(Directory.Exists(Path.Combine(Root, box.Id)));
    }

    [OciFact]
    public async Task With_a_range_of_ids()
    {
        // The tables belong to the machine: a line for a range that nobody uses is added for the time of the case.
        if (Setup.Find("newuidmap") is null)
            return;
        await using SubordinateIds ids = await SubordinateIds.AddAsync(User, FirstOfRange, 1000);
        OciBundle box = await Bundled("sh", "-c", "cat /proc/self/uid_map; touch /made; chown 5:6 /made && stat -c %u:%g /made; id -u");
        JsonArray map = [.. Map(0, User, 1).Select(entry => entry!.DeepClone()), .. Map(1, FirstOfRange, 1000).Select(entry => entry!.DeepClone())];
        box.Set("linux.uidMappings", map).Set("linux.gidMappings", map.DeepClone()).Save();
        string[] lines = (await RunRootless(box)).Ok().Lines;
        Assert.Equal(["1", $"{FirstOfRange}", "1000"], lines[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["5:6", "0"], lines[2..]);
    }

    private static string[] AsUser => [$"--reuid={User}", $"--regid={User}", "--clear-groups", "--inh-caps=-all"];

    private async Task<OciBundle> Bundled(params string[] arguments)
    {
        OciBundle box = Bundle(arguments).Namespace("user").Set("linux.uidMappings", Map(0, User, 1)).Set("linux.gidMappings", Map(0, User, 1)).Remove("linux.cgroupsPath").Remove("linux.resources");
        foreach (JsonNode? mount in (JsonArray)box.Config["mounts"]!)
        {
            if ((string)mount!["destination"]! == "/sys")
            {
                // A sysfs of its own belongs to the network namespace of its own.
                mount["options"] = OciBundle.List("nosuid", "noexec", "nodev", "ro");
            }
        }
        box.Save();
        (await Running.RunAsync("chown", ["-R", $"{User}:{User}", box.Folder])).Ok();
        return box;
    }

    private static JsonArray Map(int inside, int outside, int size) => [new JsonObject { ["containerID"] = inside, ["hostID"] = outside, ["size"] = size }];

    private Task<Result> Rootless(params string[] arguments) => Running.RunAsync("setpriv", [.. AsUser, OciRuntime.Program, .. OciRuntime.Words, "--root", Root, .. arguments]);

    private Task<Result> RunRootless(OciBundle box) => Rootless("run", "--bundle", box.Folder, box.Id);

    private async Task<Result> DetachedRootless(OciBundle box, params string[] arguments)
    {
        string error = Path.Combine(box.Folder, "stderr");
        string[] shell = ["-c", "err=$1; shift; exec \"$@\" </dev/null >/dev/null 2>\"$err\"", "sh", error, "setpriv", .. AsUser, OciRuntime.Program, .. OciRuntime.Words, "--root", Root, .. arguments];
        Result result = await Running.RunAsync("/bin/sh", shell);
        return result with { Err = await File.ReadAllTextAsync(error) };
    }

    private async Task<string> RootlessStatus(string id) => (string)JsonNode.Parse((await Rootless("state", id)).Ok().Out)!["status"]!;
}
