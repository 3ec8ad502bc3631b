using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;

namespace Tare.Runtime.Tests;

/// <summary>Control groups of this kernel's version 1, where it has one; each case is nothing elsewhere.</summary>
public sealed class CgroupV1Tests
{
    private static bool IsV1 => !CgroupLayout.Host.IsUnified;

    [Fact]
    public void A_container_is_born_in_all_hierarchies_and_leaves_nothing()
    {
        if (!IsV1) return;
        var cgroup = CgroupFixture.NewV1();
        using (var sleeper = new Sleeper(cgroup))
        {
            Assert.All(sleeper.Groups(), line => Assert.EndsWith(cgroup.State.Paths["devices"]["/sys/fs/cgroup/devices".Length..], line, StringComparison.Ordinal));
            Assert.Equal([sleeper.Pid], cgroup.Processes());
            var again = OciCgroup.Open(cgroup.State);
            Assert.Equal(cgroup.Directories.Order(StringComparer.Ordinal), again.Directories.Order(StringComparer.Ordinal));
            Assert.Equal([sleeper.Pid], again.Processes());

            Assert.Contains("container's cgroup is not empty: 1 process", Refusal(cgroup), StringComparison.Ordinal);
            again.Remove();
            Assert.Equal(137, sleeper.Ended()?.ExitCode);
            Assert.False(again.Exists);
            again.Remove();
            Assert.Equal(0, again.OomKills);
        }
    }

    [Fact]
    public void A_relative_path_is_below_the_runtimes_own_groups()
    {
        if (!IsV1) return;
        var name = CgroupFixture.NewName();
        var cgroup = OciCgroup.Create(new OciCgroupRequest { Id = name });
        try
        {
            var own = CgroupLayout.Host;
            Assert.Equal(CgroupPaths.OwnV1(ref own).Select(directory => directory + "/" + name).Order(StringComparer.Ordinal), cgroup.State.Paths.Where(path => path.Key.Length > 0).Select(path => path.Value).Distinct().Order(StringComparer.Ordinal));
            Assert.NotEqual("", CgroupFixture.Read(cgroup.State.Paths["cpuset"], "cpuset.mems"));
        }
        finally
        {
            cgroup.Remove();
        }
    }

    [Fact]
    public void Groups_above_are_made_and_have_cpus()
    {
        if (!IsV1) return;
        var above = "/" + CgroupFixture.NewName();
        var cgroup = OciCgroup.Create(new OciCgroupRequest { Id = "x", CgroupsPath = above + "/../" + above + "/b/./c" });
        try
        {
            Assert.EndsWith(above + "/b/c", cgroup.State.Paths["cpuset"], StringComparison.Ordinal);
            using var sleeper = new Sleeper(cgroup);
        }
        finally
        {
            cgroup.Remove();
            foreach (var directory in cgroup.Directories.Select(directory => directory[..^"/b/c".Length]))
            {
                Directory.Delete(directory + "/b");
                Directory.Delete(directory);
            }
        }
    }

    [Fact]
    public void Limits_are_set_raised_and_lowered()
    {
        if (!IsV1) return;
        var cgroup = CgroupFixture.NewV1(new LinuxResources
        {
            Memory = new LinuxMemory { Limit = 64 << 20, Swap = 128 << 20, Reservation = 32 << 20, Swappiness = 10, Kernel = 1 << 20, DisableOomKiller = true },
            Cpu = new LinuxCpu { Shares = 100, Period = 50000, Quota = 25000, Burst = 10000, Cpus = "0", Mems = "0" },
            Pids = new LinuxPids { Limit = 0 },
        });
        try
        {
            var (memory, cpu) = (cgroup.State.Paths["memory"], cgroup.State.Paths["cpu"]);
            Assert.Equal(("67108864", "134217728", "33554432", "10"), (Read(memory, "memory.limit_in_bytes"), Read(memory, "memory.memsw.limit_in_bytes"), Read(memory, "memory.soft_limit_in_bytes"), Read(memory, "memory.swappiness")));
            Assert.StartsWith("oom_kill_disable 1", Read(memory, "memory.oom_control"), StringComparison.Ordinal);
            Assert.Equal(("100", "50000", "25000", "10000"), (Read(cpu, "cpu.shares"), Read(cpu, "cpu.cfs_period_us"), Read(cpu, "cpu.cfs_quota_us"), Read(cpu, "cpu.cfs_burst_us")));
            Assert.Equal(("0", "1"), (Read(cgroup.State.Paths["cpuset"], "cpuset.cpus"), Read(cgroup.State.Paths["pids"], "pids.max")));

            Memory(256 << 20, 512 << 20);
            Assert.Equal(("268435456", "536870912"), (Read(memory, "memory.limit_in_bytes"), Read(memory, "memory.memsw.limit_in_bytes")));
            Memory(16 << 20, 32 << 20);
            Assert.Equal(("16777216", "33554432"), (Read(memory, "memory.limit_in_bytes"), Read(memory, "memory.memsw.limit_in_bytes")));
            Memory(-1, null);
            Assert.Equal(Read(memory, "memory.limit_in_bytes"), Read(memory, "memory.memsw.limit_in_bytes"));
            Memory(16 << 20, -1);
            Assert.Equal("16777216", Read(memory, "memory.limit_in_bytes"));

            // A burst that the old quota does not allow, with a new one that does; and the quota alone, which leaves the period.
            cgroup.Apply(new LinuxResources { Cpu = new LinuxCpu { Quota = 90000, Burst = 80000 } });
            Assert.Equal(("50000", "90000", "80000"), (Read(cpu, "cpu.cfs_period_us"), Read(cpu, "cpu.cfs_quota_us"), Read(cpu, "cpu.cfs_burst_us")));
            cgroup.Apply(new LinuxResources { Cpu = new LinuxCpu { Quota = -1, Idle = 1 }, Pids = new LinuxPids { Limit = -1 } });
            Assert.Equal(("-1", "1", "max"), (Read(cpu, "cpu.cfs_quota_us"), Read(cpu, "cpu.idle"), Read(cgroup.State.Paths["pids"], "pids.max")));
        }
        finally
        {
            cgroup.Remove();
        }

        void Memory(long limit, long? swap) => cgroup.Apply(new LinuxResources { Memory = new LinuxMemory { Limit = limit, Swap = swap } });
    }

    [Fact]
    public void A_period_that_the_group_above_allows_only_with_the_new_quota_is_written_after_it()
    {
        if (!IsV1) return;
        var above = CgroupFixture.NewV1(new LinuxResources { Cpu = new LinuxCpu { Period = 100000, Quota = 50000 } });
        var path = above.State.Paths["devices"]["/sys/fs/cgroup/devices".Length..];
        var cgroup = OciCgroup.Create(new OciCgroupRequest { Id = "x", CgroupsPath = path + "/below", Resources = new LinuxResources { Cpu = new LinuxCpu { Period = 100000, Quota = 40000 } } });
        try
        {
            cgroup.Apply(new LinuxResources { Cpu = new LinuxCpu { Period = 50000, Quota = 20000 } });
            Assert.Equal(("50000", "20000"), (Read(cgroup.State.Paths["cpu"], "cpu.cfs_period_us"), Read(cgroup.State.Paths["cpu"], "cpu.cfs_quota_us")));
            Assert.Contains("cannot set cpu.cfs_quota_us to 90000", Assert.ThrowsAny<TareException>(() => cgroup.Apply(new LinuxResources { Cpu = new LinuxCpu { Quota = 90000 } })).Message, StringComparison.Ordinal);
        }
        finally
        {
            cgroup.Remove();
            above.Remove();
        }
    }

    [Fact]
    public void What_cannot_be_had_is_refused_and_leaves_nothing()
    {
        if (!IsV1) return;
        Assert.Contains("invalid configuration", Refused(new LinuxResources { Unified = new Dictionary<string, string> { ["memory.min"] = "1" } }), StringComparison.Ordinal);
        Assert.Contains("invalid memory swappiness value: 101", Refused(new LinuxResources { Memory = new LinuxMemory { Swappiness = 101 } }), StringComparison.Ordinal);
        Assert.Contains("minimum allowed cpu-shares is 2", Refused(new LinuxResources { Cpu = new LinuxCpu { Shares = 1 } }), StringComparison.Ordinal);
        if (CgroupLayout.Host.With("hugetlb") is null)
            Assert.Contains("cannot set hugetlb limit", Refused(new LinuxResources { HugepageLimits = [new LinuxHugepageLimit("2MB", 0)] }), StringComparison.Ordinal);
        Assert.Contains("invalid size of huge pages", Refused(new LinuxResources { HugepageLimits = [new LinuxHugepageLimit("/../x", 0)] }), StringComparison.Ordinal);

        static string Refused(LinuxResources resources)
        {
            var name = CgroupFixture.NewName();
            var error = Assert.ThrowsAny<TareException>(() => OciCgroup.Create(new OciCgroupRequest { Id = name, CgroupsPath = "/" + name, Resources = resources }));
            Assert.DoesNotContain(CgroupLayout.Host.Hierarchies, hierarchy => Directory.Exists(hierarchy.Path + "/" + name));
            Assert.False(Directory.Exists(CgroupFixture.Unified + "/" + name));
            return error.Message;
        }
    }

    [Fact]
    public void A_frozen_group_is_refused_and_left_as_it_is()
    {
        if (CgroupLayout.Host.With("freezer") is not { } freezer) return;
        var name = CgroupFixture.NewName();
        var directory = freezer.Path + "/" + name;
        Directory.CreateDirectory(directory);
        try
        {
            File.WriteAllText(directory + "/freezer.state", "FROZEN");
            var error = Assert.ThrowsAny<TareException>(() => OciCgroup.Create(new OciCgroupRequest { Id = name, CgroupsPath = "/" + name }));
            Assert.Contains("container's cgroup unexpectedly frozen", error.Message, StringComparison.Ordinal);
            Assert.True(Directory.Exists(directory));
            Assert.DoesNotContain(CgroupLayout.Host.Hierarchies, hierarchy => hierarchy != freezer && Directory.Exists(hierarchy.Path + "/" + name));
        }
        finally
        {
            Directory.Delete(directory);
        }
    }

    [Fact]
    public void A_user_without_rights_has_no_groups_unless_something_needs_them()
    {
        // sysfs lets nobody make a directory, as the hierarchies let a user make none.
        CgroupHierarchy[] hierarchies = [new("/sys/kernel", ["devices"]), new("/sys/kernel", ["pids"])];
        var none = Groups(GroupOptions.Rootless);
        none.Make(new LinuxResources());
        Assert.True(none.IsEmpty);
        Assert.Contains("operation not permitted", Assert.ThrowsAny<TareException>(() => Groups(GroupOptions.None).Make(new LinuxResources())).Message, StringComparison.Ordinal);
        Assert.Contains("operation not permitted", Assert.ThrowsAny<TareException>(() => Groups(GroupOptions.Rootless | GroupOptions.ExplicitPath).Make(new LinuxResources())).Message, StringComparison.Ordinal);
        Assert.Contains("cannot set pids limit: container could not join or create cgroup", Assert.ThrowsAny<TareException>(() => none.Apply(new LinuxResources { Pids = new LinuxPids { Limit = 5 } })).Message, StringComparison.Ordinal);
        none.Apply(new LinuxResources { Devices = [new LinuxDeviceCgroup { Allow = false }] });

        var nothing = new NoCgroup();
        Assert.Contains("cannot set pids limit: container could not join or create cgroup", Assert.ThrowsAny<TareException>(() => nothing.Apply(new LinuxResources { Pids = new LinuxPids { Limit = 5 } })).Message, StringComparison.Ordinal);
        nothing.Apply(new LinuxResources { Devices = [], Memory = new LinuxMemory(), Cpu = new LinuxCpu { Cpus = "" } });
        nothing.Remove();
        Assert.Empty(OciCgroup.Open(nothing.State).Processes());

        CgroupV1 Groups(GroupOptions options) => new("x", hierarchies, CgroupV1.Below(hierarchies, "/tare-test"), null, options);
    }

    private static string Refusal(Cgroup occupied)
    {
        var path = occupied.State.Paths["devices"]["/sys/fs/cgroup/devices".Length..];
        return Assert.ThrowsAny<TareException>(() => OciCgroup.Create(new OciCgroupRequest { Id = "x", CgroupsPath = path })).Message;
    }

    private static string Read(string directory, string file) => CgroupFixture.Read(directory, file);
}
