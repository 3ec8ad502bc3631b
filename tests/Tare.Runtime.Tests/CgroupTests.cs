using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;

namespace Tare.Runtime.Tests;

public sealed class CgroupTests
{
    private static readonly string[] Hybrid =
    [
        "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755",
        "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:5 - cgroup cgroup rw,cpu,cpuacct",
        "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory",
        "36 31 0:32 / /elsewhere rw,relatime - cgroup cgroup rw,memory",
        "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd",
        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw",
    ];

    [Fact]
    public void A_hybrid_host_is_version_1()
    {
        var layout = CgroupLayout.Parse(Hybrid);
        Assert.False(layout.IsUnified);
        Assert.Equal(["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/systemd"], layout.Hierarchies.Select(h => h.Path));
        Assert.Equal("/sys/fs/cgroup/cpu,cpuacct", layout.With("cpuacct")?.Path);
        Assert.Null(layout.With("blkio"));
    }

    [Fact]
    public void Cgroup2_alone_is_version_2() =>
        Assert.True(CgroupLayout.Parse(["30 23 0:26 / /nowhere\\040near rw,nosuid - cgroup2 cgroup2 rw"]) is { IsUnified: true, Version: "2", Hierarchies: [{ Path: "/nowhere near" }] });

    [Fact]
    public void No_control_groups_are_said_to_be_missing() =>
        Assert.Contains("no control groups are mounted", Assert.Throws<Errors.TareException>(() => CgroupLayout.Parse([])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 1)]
    [InlineData(1024, 100)]
    [InlineData(262144, 10000)]
    public void Shares_become_weights(ulong shares, ulong weight) => Assert.Equal(weight, CgroupV2.WeightOfShares(shares));

    [Fact]
    public void Weights_never_fall_as_shares_rise()
    {
        ulong last = 0;
        for (ulong shares = 0; shares <= 262144; shares += 97)
        {
            var weight = CgroupV2.WeightOfShares(shares);
            Assert.InRange(weight, Math.Max(1, last), 10000UL);
            last = weight;
        }
    }

    [Theory]
    [InlineData("a", null, null, "rwm", "a *:* rwm")]
    [InlineData(null, null, null, null, "a *:* rwm")]
    [InlineData("c", 1, 3, "rw", "c 1:3 rw")]
    [InlineData("b", 8, -1, "m", "b 8:* m")]
    public void Rules_are_written_in_the_kernels_words(string? type, int? major, int? minor, string? access, string expected) =>
        Assert.Equal(expected, DeviceRules.Format(new LinuxDeviceCgroup { Allow = true, Type = type, Major = major, Minor = minor, Access = access }));

    [Fact]
    public void A_device_program_passes_the_kernels_verifier_and_decides_by_the_last_rule()
    {
        // Needs a cgroup2 hierarchy: the main one, or the one beside version 1.
        var unified = File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(" - cgroup2 ", StringComparison.Ordinal)).Select(line => line.Split(' ')[4]).First();
        var path = Path.Combine(unified, "tare-device-test");
        Directory.CreateDirectory(path);
        try
        {
            using var group = Paths.Open(path, OpenFlags.ReadOnly | Paths.Directory);
            DeviceFilter.Attach(group, DeviceRules.Compile([
                new LinuxDeviceCgroup { Allow = false, Type = "a" },
                new LinuxDeviceCgroup { Allow = true, Type = "c", Major = 1, Minor = 3, Access = "rw" },
                new LinuxDeviceCgroup { Allow = true, Type = "c", Major = 1, Minor = 5 },
                new LinuxDeviceCgroup { Allow = false, Type = "c", Major = 1, Minor = 5, Access = "w" },
            ]));
            Assert.Equal((true, true, false), (CanOpen(path, "/dev/null", OpenFlags.ReadOnly), CanOpen(path, "/dev/null", OpenFlags.ReadWrite), CanOpen(path, "/dev/full", OpenFlags.ReadOnly)));
            Assert.Equal((true, false), (CanOpen(path, "/dev/zero", OpenFlags.ReadOnly), CanOpen(path, "/dev/zero", OpenFlags.WriteOnly)));
        }
        finally
        {
            Directory.Delete(path);
        }
    }

    [Fact]
    public void Groups_below_a_group_of_version_2_are_removed_with_it()
    {
        var unified = File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(" - cgroup2 ", StringComparison.Ordinal)).Select(line => line.Split(' ')[4]).First();
        var layout = new CgroupLayout(true, [new CgroupHierarchy(unified, [])]);
        var group = Cgroup.Create(layout, "/tare-nested-test", new LinuxResources());
        Directory.CreateDirectory(group.Directories[0] + "/a/b/c");
        Directory.CreateDirectory(group.Directories[0] + "/d");
        Assert.True(group.TryRemove());
        Assert.True(group.TryRemove());
        Assert.False(Directory.Exists(group.Directories[0]));
        Assert.Empty(group.Processes());
    }

    /// <summary>A launch program that joins the group and opens the device tells by its exit code whether it could.</summary>
    private static bool CanOpen(string group, string device, OpenFlags flags)
    {
        var builder = new Launching.LaunchProgramBuilder();
        var file = builder.NewSlot();
        builder.Call(SyscallNumbers.openat, Paths.CurrentDirectory, builder.Text(group + "/cgroup.procs"), (int)OpenFlags.WriteOnly).Into(file);
        builder.Call(SyscallNumbers.write, file, builder.Text("0"), 1);
        builder.Call(SyscallNumbers.openat, Paths.CurrentDirectory, builder.Text(device), (int)flags);
        builder.Call(SyscallNumbers.exit_group, 0);
        var result = RawLaunch.Run(builder.Build());
        Assert.True(result.ExitCode == 0 || result.Value == Errno.EPERM, $"step {result.Step}: {Errno.Describe((int)result.Value)}");
        return result.ExitCode == 0;
    }
}
