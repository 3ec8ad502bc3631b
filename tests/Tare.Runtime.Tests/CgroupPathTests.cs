using Tare.Errors;
using Tare.Runtime.Cgroups;

namespace Tare.Runtime.Tests;

public sealed class CgroupPathTests
{
    [Theory]
    [InlineData("/a/b", "/a/b")]
    [InlineData("a/b/", "/a/b")]
    [InlineData("//a/./b//", "/a/b")]
    [InlineData("/../../a", "/a")]
    [InlineData("../../../etc/passwd", "/etc/passwd")]
    [InlineData("/a/../..", "")]
    [InlineData("/", "")]
    [InlineData(".", "")]
    [InlineData("a/../b", "/b")]
    public void Nothing_leads_out_of_the_top(string path, string clean) => Assert.Equal(clean, CgroupPaths.Clean(path));

    [Fact]
    public void A_zero_byte_is_refused() => Assert.Throws<TareException>(() => CgroupPaths.Clean("/a\0b"));

    [Theory]
    [InlineData("/", "/a/b", "/a/b")]
    [InlineData("/docker/x", "/docker/x", "")]
    [InlineData("/docker/x", "/docker/x/y", "/y")]
    [InlineData("/docker/x", "/docker/xy", "")]
    [InlineData("/docker/x", "/", "")]
    [InlineData("/", "/../../a", "/a")]
    public void Paths_are_seen_from_the_group_that_is_mounted(string root, string path, string seen) => Assert.Equal(seen, CgroupPaths.Relative(root, path));

    [Fact]
    public void Own_groups_are_found_by_controller()
    {
        var text = "9:name=systemd:/s\n5:cpu,cpuacct:/c\n4:memory:/m:n\n0::/u\n"u8;
        Assert.Equal("/c", CgroupPaths.PathIn(text, "cpuacct"));
        Assert.Equal("/m:n", CgroupPaths.PathIn(text, "memory"));
        Assert.Equal("/s", CgroupPaths.PathIn(text, "name=systemd"));
        Assert.Equal("/u", CgroupPaths.PathIn(text, ""));
        Assert.Null(CgroupPaths.PathIn(text, "cpuset"));
    }

    [Fact]
    public void The_own_groups_of_this_process_exist()
    {
        var layout = CgroupLayout.Host;
        if (layout.IsUnified) return;
        var directories = CgroupPaths.OwnV1(ref layout);
        Assert.Equal(layout.Hierarchies.Count, directories.Length);
        for (var i = 0; i < directories.Length; i++)
            Assert.Contains(Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture), File.ReadAllLines(directories[i] + "/cgroup.procs"));
    }

    [Fact]
    public void Sub_cgroups_are_one_path_or_paths_by_controller()
    {
        Assert.Null(SubCgroups.Parse([]));
        Assert.Equal("/foo", SubCgroups.Parse(["/foo"])!.For(["memory"]));
        var sub = SubCgroups.Parse(["cpu,cpuacct:a:b", "memory:c"])!;
        Assert.Equal(("a:b", "a:b", "c"), (sub.For(["cpuacct", "cpu"]), sub.For(["cpu"]), sub.For(["memory"])));
        Assert.Null(sub.For(["pids"]));
        Assert.Null(sub.ForAll);
    }

    [Theory]
    [InlineData("foo", "bar")]
    [InlineData(":foo", null)]
    [InlineData("cpu,:foo", null)]
    [InlineData("cpu:a", "cpu:b")]
    public void Other_forms_of_sub_cgroups_are_refused(string first, string? second) =>
        Assert.StartsWith("invalid --cgroup argument", Assert.Throws<TareException>(() => SubCgroups.Parse(second is null ? [first] : [first, second])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("         0          0 4294967295\n", false)]
    [InlineData("         0       1000          1\n", true)]
    [InlineData("         0       1000          1\n         1     100000      65536\n", true)]
    [InlineData("", true)]
    public void The_first_user_namespace_maps_everything(string map, bool isChild) => Assert.Equal(isChild, UserNamespace.IsChildMap(System.Text.Encoding.UTF8.GetBytes(map)));
}
