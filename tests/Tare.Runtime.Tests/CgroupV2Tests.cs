using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;

namespace Tare.Runtime.Tests;

/// <summary>Control groups of version 2: of this kernel, and plain files in place of those whose controllers it has in version 1.</summary>
public sealed class CgroupV2Tests
{
    private static readonly (string, string)[] AllFiles =
    [
        ("cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma misc\n"), ("pids.max", ""), ("memory.max", ""), ("memory.swap.max", ""), ("memory.low", ""), ("memory.current", "5000000\n"),
        ("cpu.weight", ""), ("cpu.idle", ""), ("cpu.max", "max 100000\n"), ("cpu.max.burst", ""), ("cpuset.cpus", ""), ("cpuset.mems", ""), ("io.weight", ""), ("io.max", ""),
        ("hugetlb.2MB.max", ""), ("hugetlb.2MB.rsvd.max", ""), ("rdma.max", ""), ("memory.high", ""),
    ];

    [Fact]
    public void A_container_is_frozen_killed_and_removed()
    {
        var cgroup = Make(CgroupFixture.UnifiedLayout, "/" + CgroupFixture.NewName() + "/inner", GroupOptions.RefuseOccupied);
        var above = cgroup.DirectoryPath[..^"/inner".Length];
        try
        {
            Assert.Equal(File.ReadAllText(CgroupFixture.Unified + "/cgroup.controllers"), File.ReadAllText(cgroup.DirectoryPath + "/cgroup.controllers"));
            Assert.Empty(cgroup.OpenForJoining());
            Directory.CreateDirectory(cgroup.DirectoryPath + "/sub");
            using var sleeper = new Sleeper(cgroup);
            using var other = new Sleeper(cgroup, SubCgroups.Parse(["/sub"]));
            Assert.Contains(other.Groups(), line => line.StartsWith("0::", StringComparison.Ordinal) && line.EndsWith("/inner/sub", StringComparison.Ordinal));
            Assert.Equal(2, cgroup.Processes().Count);
            Assert.Contains("container's cgroup is not empty: 2 process", Assert.ThrowsAny<TareException>(() => Make(CgroupFixture.UnifiedLayout, cgroup.DirectoryPath[CgroupFixture.Unified.Length..], GroupOptions.RefuseOccupied)).Message, StringComparison.Ordinal);
            Assert.Contains("bad sub cgroup path", Assert.ThrowsAny<TareException>(() => cgroup.OpenDirectory(SubCgroups.Parse(["sub/../.."]))).Message, StringComparison.Ordinal);
            Assert.Contains("no such file or directory", Assert.ThrowsAny<TareException>(() => cgroup.OpenDirectory(SubCgroups.Parse(["missing"]))).Message, StringComparison.Ordinal);

            var again = OciCgroup.Open(cgroup.State);
            again.Freeze();
            Assert.True(again.IsFrozen);
            var stats = again.ReadStats();
            Assert.True(stats.Cpu.Total > 0);
            Assert.Equal(2UL, stats.Pids.Current);
            again.Signal(15);
            again.SetFrozen(false);
            Assert.Equal((143, 143), (sleeper.Ended()?.ExitCode, other.Ended()?.ExitCode));
            using var third = new Sleeper(cgroup);
            again.Freeze();
            again.Remove();
            Assert.Equal(137, third.Ended()?.ExitCode);
            Assert.False(again.Exists);
        }
        finally
        {
            Directory.Delete(above);
        }
    }

    [Fact]
    public void The_top_of_a_container_is_vacated_so_that_it_can_pass_controllers_on()
    {
        var name = "/" + CgroupFixture.NewName();
        var container = Make(CgroupFixture.UnifiedLayout, name, GroupOptions.Daemon);
        using var removal = new Removal(container);
        using var first = new Sleeper(container);
        var controllers = CgroupFixture.UnifiedLayout.Hierarchies[0].Controllers;
        // What an engine in the container sees.
        var inside = new CgroupLayout(true, [new CgroupHierarchy(container.DirectoryPath, controllers)]);
        var inner = Make(inside, "/tare/inner", GroupOptions.Daemon);
        Assert.Contains(first.Groups(), line => line.EndsWith(name + "/init", StringComparison.Ordinal));
        Assert.Equal(string.Join(' ', controllers), CgroupFixture.Read(container.DirectoryPath, "cgroup.subtree_control"));
        Assert.Equal(string.Join(' ', controllers), CgroupFixture.Read(inner.DirectoryPath, "cgroup.controllers"));
        Assert.False(TopGroup.TryVacate(CgroupFixture.Unified));
    }

    [Fact]
    public void A_frozen_group_is_refused()
    {
        var cgroup = Make(CgroupFixture.UnifiedLayout, "/" + CgroupFixture.NewName(), GroupOptions.None);
        cgroup.Freeze();
        Assert.Contains("container's cgroup unexpectedly frozen", Assert.ThrowsAny<TareException>(() => Make(CgroupFixture.UnifiedLayout, cgroup.DirectoryPath[CgroupFixture.Unified.Length..], GroupOptions.RefuseOccupied)).Message, StringComparison.Ordinal);
        cgroup.Remove();
    }

    [Fact]
    public void Huge_pages_are_limited_where_version_2_has_the_controller()
    {
        if (!CgroupFixture.UnifiedLayout.Hierarchies[0].Has("hugetlb") || StatsText.HugepageSizes() is not [var size, ..]) return;
        var cgroup = Make(CgroupFixture.UnifiedLayout, "/" + CgroupFixture.NewName(), GroupOptions.None);
        try
        {
            var (before, bytes) = (File.ReadAllText(cgroup.DirectoryPath + $"/hugetlb.{size}.max"), 8UL << 30);
            Assert.NotEqual("", before);
            cgroup.Apply(new LinuxResources { HugepageLimits = [new LinuxHugepageLimit(size, bytes)] });
            Assert.Equal((Limits.Text(bytes), Limits.Text(bytes)), (CgroupFixture.Read(cgroup.DirectoryPath, $"hugetlb.{size}.max"), CgroupFixture.Read(cgroup.DirectoryPath, $"hugetlb.{size}.rsvd.max")));
            Assert.Contains(size, cgroup.ReadStats().Hugepages.Keys);
            var error = Assert.ThrowsAny<TareException>(() => cgroup.Apply(new LinuxResources { Memory = new LinuxMemory { Limit = 1 << 20 } }));
            if (!CgroupFixture.UnifiedLayout.Hierarchies[0].Has("memory")) Assert.Contains("controller \"memory\" not available", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            cgroup.Remove();
        }
    }

    [Fact]
    public void Limits_are_converted()
    {
        var folder = CgroupFixture.FakeGroup(AllFiles);
        Apply(folder, new LinuxResources
        {
            Pids = new LinuxPids { Limit = 0 },
            Memory = new LinuxMemory { Limit = 1000, Swap = 1500, Reservation = 500, Swappiness = 3, Kernel = 7 },
            Cpu = new LinuxCpu { Shares = 1024, Quota = 5000, Period = 50000, Burst = 100, Idle = 0, Cpus = "0-1", Mems = "0", RealtimeRuntime = 5 },
            BlockIo = new LinuxBlockIo { Weight = 750, LeafWeight = 5, ThrottleReadBpsDevice = [new LinuxThrottleDevice(8, 0, 4096)], ThrottleWriteIopsDevice = [new LinuxThrottleDevice(8, 1, 7)] },
            HugepageLimits = [new LinuxHugepageLimit("2MB", 4194304)],
            Rdma = new Dictionary<string, LinuxRdma> { ["mlx"] = new() { HcaHandles = 3, HcaObjects = 4 } },
            Network = new LinuxNetworkResources { ClassId = 5 },
            Unified = new Dictionary<string, string> { ["memory.high"] = "77", ["io.max"] = "8:2 riops=1\n8:3 riops=2\n" },
        });
        Assert.Equal(("1", "1000", "500", "500"), (Read("pids.max"), Read("memory.max"), Read("memory.swap.max"), Read("memory.low")));
        Assert.Equal(("100", "5000 50000", "100", "0", "0-1", "0"), (Read("cpu.weight"), Read("cpu.max"), Read("cpu.max.burst"), Read("cpu.idle"), Read("cpuset.cpus"), Read("cpuset.mems")));
        Assert.Equal(("7475", "4194304", "4194304", "mlx hca_handle=3 hca_object=4", "77"), (Read("io.weight"), Read("hugetlb.2MB.max"), Read("hugetlb.2MB.rsvd.max"), Read("rdma.max"), Read("memory.high")));
        Assert.StartsWith("8:3 riops=2", Read("io.max"), StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);

        string Read(string file) => CgroupFixture.Read(folder, file);
    }

    [Fact]
    public void What_is_not_asked_for_stays()
    {
        var folder = CgroupFixture.FakeGroup([.. AllFiles.Where(file => file.Item1 is not ("cpu.max" or "memory.max")), ("cpu.max", "5000 20000\n"), ("memory.max", "1000\n")]);
        Apply(folder, new LinuxResources { Cpu = new LinuxCpu { Period = 40000 }, Memory = new LinuxMemory { Swap = 3000 } });
        Assert.StartsWith("5000 40000", CgroupFixture.Read(folder, "cpu.max"), StringComparison.Ordinal);
        Assert.Equal(("2000", "1000"), (CgroupFixture.Read(folder, "memory.swap.max"), CgroupFixture.Read(folder, "memory.max")));
        File.WriteAllText(folder + "/cpu.max", "");
        Apply(folder, new LinuxResources { Cpu = new LinuxCpu { Quota = 3000 } });
        Assert.Equal("3000", CgroupFixture.Read(folder, "cpu.max"));
        File.WriteAllText(folder + "/cpu.max", "");
        Apply(folder, new LinuxResources { Cpu = new LinuxCpu { Quota = -1 } });
        Assert.Equal("max", CgroupFixture.Read(folder, "cpu.max"));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Weights_are_bfqs_where_it_is()
    {
        var folder = CgroupFixture.FakeGroup([.. AllFiles, ("io.bfq.weight", "default 100\n")]);
        Apply(folder, new LinuxResources { BlockIo = new LinuxBlockIo { Weight = 333, WeightDevice = [new LinuxWeightDevice(7, 1, 444, null)] } });
        Assert.Contains("7:1 444", CgroupFixture.Read(folder, "io.bfq.weight"), StringComparison.Ordinal);
        Assert.Equal("", CgroupFixture.Read(folder, "io.weight"));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void What_cannot_be_had_is_said()
    {
        var folder = CgroupFixture.FakeGroup(("cgroup.controllers", "cpu\n"), ("memory.current", "5000\n"));
        Assert.Contains("pids.max can't be set: controller \"pids\" not available", Refused(new LinuxResources { Pids = new LinuxPids { Limit = 5 } }), StringComparison.Ordinal);
        Assert.Contains("must be a file name (no slashes)", Refused(Unified("../x", "1")), StringComparison.Ordinal);
        Assert.Contains("must be in the form CONTROLLER.PARAMETER", Refused(Unified("nonsense", "1")), StringComparison.Ordinal);
        Assert.Contains("memory.min can't be set: controller \"memory\" not available", Refused(Unified("memory.min", "1")), StringComparison.Ordinal);
        Assert.Contains("cannot set cpu.nonsense to 1", Refused(Unified("cpu.nonsense", "1")), StringComparison.Ordinal);
        Assert.Contains("rejecting memory limit 4000 <= usage 5000", Refused(Checked(4000, 0)), StringComparison.Ordinal);
        Assert.Contains("rejecting memory+swap limit 4500 <= usage 5000", Refused(Checked(6000, 4500)), StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);

        string Refused(LinuxResources resources) => Assert.ThrowsAny<TareException>(() => Apply(folder, resources)).Message;
        static LinuxResources Unified(string file, string value) => new() { Unified = new Dictionary<string, string> { [file] = value } };
        static LinuxResources Checked(long limit, long swap) => new() { Memory = new LinuxMemory { Limit = limit, Swap = swap, CheckBeforeUpdate = true } };
    }

    [Theory]
    [InlineData(0, 1000, null)]
    [InlineData(0, -1, -1L)]
    [InlineData(-1, 1000, -1L)]
    [InlineData(500, -1, 500L)]
    [InlineData(1500, 1000, 500L)]
    [InlineData(1000, 1000, 0L)]
    public void Swap_is_counted_alone(long swap, long limit, long? alone) => Assert.Equal(alone, ResourcesV2.SwapAlone(swap, limit));

    [Theory]
    [InlineData(500, 0)]
    [InlineData(500, 1000)]
    [InlineData(500, -5)]
    public void Limits_of_swap_that_contradict_are_refused(long swap, long limit) => Assert.Throws<TareException>(() => ResourcesV2.SwapAlone(swap, limit));

    [Fact]
    public void A_user_without_rights_has_no_group_unless_something_needs_one()
    {
        // sysfs lets nobody make a directory, as the hierarchy lets a user make none.
        var layout = new CgroupLayout(true, [new CgroupHierarchy("/sys/kernel", ["pids"])]);
        Assert.Throws<NoPermissionException>(() => Make(layout, "/tare-test", GroupOptions.Rootless));
        Assert.Throws<NoPermissionException>(() => Make(layout, "/tare-test", GroupOptions.Rootless, new LinuxResources { Memory = new LinuxMemory { Limit = 5 } }));
        Assert.Contains(
            "rootless needs no limits + no cgrouppath when no permission is granted for cgroups",
            Assert.Throws<TareException>(() => Make(layout, "/tare-test", GroupOptions.Rootless, new LinuxResources { Pids = new LinuxPids { Limit = 5 } })).Message,
            StringComparison.Ordinal);
        Assert.Throws<LinuxException>(() => Make(layout, "/tare-test", GroupOptions.Rootless | GroupOptions.ExplicitPath));
    }

    private static CgroupV2 Make(CgroupLayout layout, string path, GroupOptions options, LinuxResources? resources = null)
    {
        var cgroup = new CgroupV2(path, layout.Hierarchies[0], layout.Hierarchies[0].Path + path, options);
        cgroup.Make(resources ?? new LinuxResources());
        return cgroup;
    }

    private static void Apply(string folder, LinuxResources resources) => new CgroupV2("x", null, folder, GroupOptions.None).Apply(resources);
}
