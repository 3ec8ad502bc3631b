using Tare.Oci.Runtime;
using Tare.Runtime.Containers;

namespace Tare.Runtime.Tests;

/// <summary>What a change of limits sets, keeps and takes back.</summary>
public sealed class ResourceChangeTests
{
    [Fact]
    public void What_is_not_asked_for_stays()
    {
        var before = new LinuxResources
        {
            Devices = [new LinuxDeviceCgroup { Access = "rwm" }],
            Memory = new LinuxMemory { Limit = 1000, Swap = 2000 },
            Cpu = new LinuxCpu { Shares = 512, Cpus = "0" },
            Pids = new LinuxPids { Limit = 7 },
        };
        var change = new ResourceChange(before, new LinuxResources { Memory = new LinuxMemory { Reservation = 5 }, Cpu = new LinuxCpu { Shares = 0, Mems = "0" }, Pids = new LinuxPids() });
        Assert.Equal(new LinuxMemory { Limit = 1000, Swap = 2000, Reservation = 5 }, change.After.Memory);
        Assert.Equal(new LinuxCpu { Shares = 512, Cpus = "0", Mems = "0" }, change.After.Cpu);
        Assert.Equal(7, change.After.Pids?.Limit);
        Assert.Same(before.Devices, change.After.Devices);
        Assert.Null(change.ToSet.Devices);
    }

    [Fact]
    public void No_limit_of_memory_forgets_that_of_swap()
    {
        var before = new LinuxResources { Memory = new LinuxMemory { Limit = 1000, Swap = 2000 } };
        Assert.Null(new ResourceChange(before, new LinuxResources { Memory = new LinuxMemory { Limit = -1 } }).After.Memory!.Swap);
        Assert.Equal(3000, new ResourceChange(before, new LinuxResources { Memory = new LinuxMemory { Limit = -1, Swap = 3000 } }).After.Memory!.Swap);
    }

    [Fact]
    public void Quota_and_period_are_set_together()
    {
        var before = new LinuxResources { Cpu = new LinuxCpu { Quota = 50_000, Period = 200_000, Shares = 100 } };
        var set = new ResourceChange(before, new LinuxResources { Cpu = new LinuxCpu { Quota = 60_000 } }).ToSet.Cpu!;
        Assert.Equal((60_000L, 200_000UL, null), (set.Quota, set.Period, set.Shares));
        set = new ResourceChange(before, new LinuxResources { Cpu = new LinuxCpu { Shares = 5 } }).ToSet.Cpu!;
        Assert.Equal((null, null, 5UL), (set.Quota, set.Period, set.Shares));
    }

    [Fact]
    public void Taken_back_there_is_the_old_limit_or_none()
    {
        var before = new LinuxResources { Memory = new LinuxMemory { Limit = 1000 }, Cpu = new LinuxCpu { Shares = 512 } };
        var back = new ResourceChange(before, new LinuxResources
        {
            Memory = new LinuxMemory { Limit = 5000, Reservation = 1 },
            Cpu = new LinuxCpu { Shares = 3, Quota = 7 },
            Pids = new LinuxPids { Limit = 9 },
        }).ToTakeBack;
        Assert.Equal(new LinuxMemory { Limit = 1000, Swap = -1, Reservation = -1 }, back.Memory);
        Assert.Equal(new LinuxCpu { Shares = 512, Quota = -1 }, back.Cpu);
        Assert.Equal(-1, back.Pids?.Limit);
        Assert.Null(back.BlockIo);
    }

    [Fact]
    public void Entries_of_lists_are_replaced_by_their_keys()
    {
        var before = new LinuxResources
        {
            BlockIo = new LinuxBlockIo { ThrottleReadBpsDevice = [new LinuxThrottleDevice(8, 0, 1), new LinuxThrottleDevice(8, 16, 2)] },
            Unified = new Dictionary<string, string> { ["a.x"] = "1", ["a.y"] = "2" },
        };
        var after = new ResourceChange(before, new LinuxResources
        {
            BlockIo = new LinuxBlockIo { ThrottleReadBpsDevice = [new LinuxThrottleDevice(8, 0, 9)] },
            Unified = new Dictionary<string, string> { ["a.y"] = "3" },
        }).After;
        Assert.Equal([new LinuxThrottleDevice(8, 16, 2), new LinuxThrottleDevice(8, 0, 9)], after.BlockIo!.ThrottleReadBpsDevice);
        Assert.Equal(["1", "3"], after.Unified!.OrderBy(entry => entry.Key).Select(entry => entry.Value));
    }
}
