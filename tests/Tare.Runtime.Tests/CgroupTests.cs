using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;

namespace Tare.Runtime.Tests;

public sealed class CgroupTests
{
    private static ReadOnlySpan<byte> Hybrid => """
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:5 - cgroup cgroup rw,cpu,cpuacct
        35 31 0:32 /docker/x /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        36 31 0:32 / /elsewhere rw,relatime - cgroup cgroup rw,memory
        40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw

        """u8;

    [Fact]
    public void A_hybrid_host_is_version_1()
    {
        var layout = CgroupLayout.Parse(Hybrid);
        Assert.False(layout.IsUnified);
        Assert.Equal(["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/systemd"], layout.Hierarchies.Select(h => h.Path));
        Assert.Equal("/sys/fs/cgroup/cpu,cpuacct", layout.With("cpuacct")?.Path);
        Assert.Equal(("/", "/docker/x"), (layout.With("cpu")!.Root, layout.With("memory")!.Root));
        Assert.Equal("/sys/fs/cgroup/unified", layout.Hybrid);
        Assert.Null(layout.With("blkio"));
    }

    [Fact]
    public void Cgroup2_alone_is_version_2() =>
        Assert.True(CgroupLayout.Parse("30 23 0:26 / /nowhere\\040near rw,nosuid - cgroup2 cgroup2 rw"u8) is { IsUnified: true, Version: "2", Hierarchies: [{ Path: "/nowhere near" }] });

    [Fact]
    public void No_control_groups_are_said_to_be_missing() =>
        Assert.Contains("no control groups are mounted", Assert.Throws<Errors.TareException>(() => CgroupLayout.Parse([])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 1)]
    [InlineData(1024, 100)]
    [InlineData(262144, 10000)]
    public void Shares_become_weights(ulong shares, ulong weight) => Assert.Equal(weight, ResourcesV2.WeightOfShares(shares));

    [Fact]
    public void Weights_never_fall_as_shares_rise()
    {
        ulong last = 0;
        for (ulong shares = 0; shares <= 262144; shares += 97)
        {
            var weight = ResourcesV2.WeightOfShares(shares);
            Assert.InRange(weight, Math.Max(1, last), 10000UL);
            last = weight;
        }
    }

    [Fact]
    public void Own_groups_tell_where_hierarchies_usually_are()
    {
        var own = "9:name=systemd:/user\n5:cpu,cpuacct:/\n4:memory:/process/a:b\n0::/\n"u8;
        var hierarchies = CgroupLayout.ParseOwn(own, _ => true)!;
        Assert.Equal(["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory"], hierarchies.Select(h => h.Path));
        Assert.Equal(["/user", "/", "/process/a:b"], hierarchies.Select(h => h.Own!));
        Assert.Null(CgroupLayout.ParseOwn(own, path => path != "/sys/fs/cgroup/memory"));
        Assert.Null(CgroupLayout.ParseOwn("0::/init.scope\n"u8, _ => true));
        Assert.Null(CgroupLayout.ParseOwn("1:name=systemd:/\n"u8, _ => true));
    }

    [Fact]
    public void The_quick_look_at_this_host_agrees_with_its_table_of_mounts()
    {
        var (quick, full) = (CgroupLayout.Host, CgroupLayout.FromMounts());
        Assert.Equal((full.IsUnified, full.Hybrid), (quick.IsUnified, quick.Hybrid));
        Assert.Equal(
            full.Hierarchies.Select(h => h.Path + " " + string.Join(',', h.Controllers)).Order(StringComparer.Ordinal),
            quick.Hierarchies.Select(h => h.Path + " " + string.Join(',', h.Controllers)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Groups_below_a_group_of_version_2_are_removed_with_it()
    {
        var unified = File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(" - cgroup2 ", StringComparison.Ordinal)).Select(line => line.Split(' ')[4]).First();
        var layout = new CgroupLayout(true, [new CgroupHierarchy(unified, [])]);
        var group = Cgroup.Create(layout, "/tare-test-nested", new LinuxResources());
        Directory.CreateDirectory(group.Directories[0] + "/a/b/c");
        Directory.CreateDirectory(group.Directories[0] + "/d");
        Assert.True(group.TryRemove());
        Assert.True(group.TryRemove());
        Assert.False(Directory.Exists(group.Directories[0]));
        Assert.Empty(group.Processes());
    }
}
