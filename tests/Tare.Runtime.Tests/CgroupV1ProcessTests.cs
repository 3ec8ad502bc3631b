using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;

namespace Tare.Runtime.Tests;

/// <summary>Processes in control groups of this kernel's version 1, where it has one; each case is nothing elsewhere.</summary>
public sealed class CgroupV1ProcessTests
{
    private static bool IsV1 => !CgroupLayout.Host.IsUnified;

    [Fact]
    public void A_container_is_paused_signalled_and_killed_with_the_groups_that_it_made()
    {
        if (!IsV1) return;
        var cgroup = CgroupFixture.NewV1();
        using var removed = new Removal(cgroup);
        foreach (var path in cgroup.Directories) Directory.CreateDirectory(path + "/inner/most");
        foreach (var file in (string[])["cpuset.cpus", "cpuset.mems"]) CpusetV1.Fill(CgroupLayout.Host.With("cpuset")!.Path, cgroup.State.Paths["cpuset"] + "/inner/most", file, null);
        using var sleeper = new Sleeper(cgroup);
        using var other = new Sleeper(cgroup, SubCgroups.Parse(["inner/most"]));
        Assert.Equal([sleeper.Pid, other.Pid], cgroup.Processes().Order());
        Assert.False(cgroup.IsFrozen);
        cgroup.Freeze();
        Assert.True(cgroup.IsFrozen);
        cgroup.Signal(15);
        Assert.True(cgroup.IsFrozen);
        Assert.Equal([sleeper.Pid, other.Pid], cgroup.Processes().Order());
        cgroup.SetFrozen(false);
        Assert.Equal((143, 143), (sleeper.Ended()?.ExitCode, other.Ended()?.ExitCode));

        using var third = new Sleeper(cgroup, SubCgroups.Parse(["freezer:/inner"]));
        File.WriteAllText(cgroup.State.Paths["freezer"] + "/inner/freezer.state", "FROZEN");
        cgroup.Freeze();
        cgroup.Remove();
        Assert.Equal(137, third.Ended()?.ExitCode);
        Assert.False(cgroup.Exists);
    }

    [Fact]
    public void An_exec_joins_groups_below_the_containers_only()
    {
        if (!IsV1) return;
        var cgroup = CgroupFixture.NewV1();
        try
        {
            Directory.CreateDirectory(cgroup.State.Paths["memory"] + "/sub");
            using (var sleeper = new Sleeper(cgroup, SubCgroups.Parse(["memory:sub"])))
            {
                Assert.Contains(sleeper.Groups(), line => line.Contains(":memory:", StringComparison.Ordinal) && line.EndsWith("/sub", StringComparison.Ordinal));
                Assert.Contains(sleeper.Groups(), line => line.Contains(":pids:", StringComparison.Ordinal) && !line.EndsWith("/sub", StringComparison.Ordinal));
            }
            Assert.Contains("bad sub cgroup path", Joining("memory:../.."), StringComparison.Ordinal);
            Assert.Contains("bad sub cgroup path", Joining("../sub"), StringComparison.Ordinal);
            Assert.Contains("no such file or directory", Joining("memory:missing"), StringComparison.Ordinal);
            Assert.Contains("unknown controller nonsense", Joining("nonsense:sub"), StringComparison.Ordinal);
        }
        finally
        {
            cgroup.Remove();
        }

        string Joining(string argument) => Assert.ThrowsAny<TareException>(() => cgroup.OpenForJoining(SubCgroups.Parse([argument]))).Message;
    }

    [Fact]
    public void Statistics_are_read_and_the_oom_killer_is_heard()
    {
        if (!IsV1) return;
        var cgroup = CgroupFixture.NewV1(new LinuxResources { Memory = new LinuxMemory { Limit = 8 << 20, Swap = 8 << 20 }, Pids = new LinuxPids { Limit = 50 } });
        using var watch = cgroup.WatchOom();
        try
        {
            using (var sleeper = new Sleeper(cgroup))
            {
                var stats = cgroup.ReadStats();
                Assert.Equal(((ulong)1, (ulong)50), (stats.Pids.Current, stats.Pids.Limit));
                Assert.True(stats.Cpu.Total > 0);
                Assert.Equal(Environment.ProcessorCount, stats.Cpu.PerCpu.Count);
                Assert.Equal(stats.Cpu.PerCpu.Count, stats.Cpu.PerCpuUser.Count);
                Assert.Equal((ulong)8 << 20, stats.Memory.Use.Limit);
                Assert.InRange(stats.Memory.Use.Usage, 1UL, 8UL << 20);
                Assert.Equal(stats.Memory.Cache, stats.Memory.Raw["cache"]);
                Assert.NotEmpty(stats.Cpuset!.Cpus);
                Assert.Equal(OomEvent.None, watch.Take());
            }
            var eater = new Launching.LaunchProgramBuilder();
            var file = eater.NewSlot();
            eater.Call(SyscallNumbers.openat, Paths.CurrentDirectory, eater.Text(cgroup.State.Paths["memory"] + "/tasks"), (int)OpenFlags.WriteOnly).Into(file);
            eater.Call(SyscallNumbers.write, file, eater.Text("0"), 1);
            eater.Execute(eater.PathTable(["/bin/bash"], searched: false), eater.TextArray(["bash", "-c", "x=$(head -c 100000000 /dev/zero | tr '\\0' x)"]), eater.TextArray([]));
            Assert.NotEqual(0, RawLaunch.Run(eater.Build().Image).ExitCode);
            Assert.True(Polling.WaitReadable(watch.Signal, 10_000));
            Assert.Equal(OomEvent.OutOfMemory, watch.Take());
            Assert.True(cgroup.OomKills > 0);
        }
        finally
        {
            cgroup.Remove();
        }
        Assert.True(Polling.WaitReadable(watch.Signal, 10_000));
        Assert.Equal(OomEvent.Ended, watch.Take());
        Assert.Throws<TareException>(() => cgroup.ReadStats());
    }
}
