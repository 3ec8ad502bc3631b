using Tare.Errors;
using Tare.Linux;

namespace Tare.Runtime.Cgroups;

/// <summary>Reads what a control group of version 2 has used, in the terms of version 1 where the specification's readers expect those.</summary>
internal static class StatsV2
{
    private const ulong Thousand = 1000;

    /// <exception cref="TareException">The group is gone.</exception>
    public static CgroupStats Read(string directory, bool isRootless)
    {
        // Every group has this file, whatever its controllers.
        var cpu = ControlFiles.TryRead(directory, "cpu.stat", out var error);
        if (cpu is null && !isRootless) throw new TareException(ErrorKind.NotFound, $"cannot read {directory}/cpu.stat: {Errno.Describe(error)}", new LinuxException($"read {directory}/cpu.stat", error));
        return new CgroupStats
        {
            Cpu = Cpu(cpu) with { Pressure = Pressure(directory, "cpu.pressure") },
            Memory = Memory(directory) with { Pressure = Pressure(directory, "memory.pressure") },
            Pids = Pids(directory),
            BlockIo = StatsText.IoStat(ControlFiles.TryRead(directory, "io.stat", out _)) with { Pressure = Pressure(directory, "io.pressure") },
            Hugepages = Hugepages(directory),
            RdmaCurrent = StatsText.Rdma(ControlFiles.TryRead(directory, "rdma.current", out _)),
            RdmaLimit = StatsText.Rdma(ControlFiles.TryRead(directory, "rdma.max", out _)),
        };
    }

    internal static CpuStats Cpu(ReadOnlySpan<byte> stat) => new()
    {
        Total = (ControlText.Find(stat, "usage_usec"u8) ?? 0) * Thousand,
        User = (ControlText.Find(stat, "user_usec"u8) ?? 0) * Thousand,
        Kernel = (ControlText.Find(stat, "system_usec"u8) ?? 0) * Thousand,
        Periods = ControlText.Find(stat, "nr_periods"u8) ?? 0,
        ThrottledPeriods = ControlText.Find(stat, "nr_throttled"u8) ?? 0,
        ThrottledTime = (ControlText.Find(stat, "throttled_usec"u8) ?? 0) * Thousand,
        BurstPeriods = ControlText.Find(stat, "nr_bursts"u8) ?? 0,
        BurstTime = (ControlText.Find(stat, "burst_usec"u8) ?? 0) * Thousand,
    };

    private static MemoryStats Memory(string directory)
    {
        if (ControlFiles.TryRead(directory, "memory.stat", out _) is not { } text) return new MemoryStats();
        var raw = StatsText.KeyValues(text);
        var (use, alone) = (Use(directory, "memory."), Use(directory, "memory.swap."));
        return new MemoryStats
        {
            Cache = raw.GetValueOrDefault("file"),
            Use = use,
            SwapOnly = alone,

            // The highest use of both is not the sum of the highest uses.
            Swap = new MemoryUse(use.Usage + alone.Usage, 0, 0, alone.Limit == ulong.MaxValue || use.Limit == ulong.MaxValue ? ulong.MaxValue : use.Limit + alone.Limit),
            UseHierarchy = true,
            Raw = raw,
        };
    }

    private static MemoryUse Use(string directory, string prefix) => ControlFiles.TryReadNumber(directory, prefix + "current", out _) is { } usage
        ? new MemoryUse(usage, Optional(directory, prefix + "peak"), 0, Optional(directory, prefix + "max"))
        : default;

    private static PidsStats Pids(string directory)
    {
        // Without the controller the processes are counted.
        if (ControlFiles.TryReadNumber(directory, "pids.current", out _) is not { } current) return new PidsStats((ulong)GroupTree.Processes(directory).Count);
        var limit = Optional(directory, "pids.max");
        return new PidsStats(current, limit == ulong.MaxValue ? 0 : limit);
    }

    private static Dictionary<string, HugepageStats> Hugepages(string directory)
    {
        var stats = new Dictionary<string, HugepageStats>();
        foreach (var size in StatsText.HugepageSizes())
        {
            var usage = ControlFiles.TryReadNumber(directory, $"hugetlb.{size}.rsvd.current", out _) ?? ControlFiles.TryReadNumber(directory, $"hugetlb.{size}.current", out _);
            if (usage is null) continue;
            var events = ControlFiles.TryRead(directory, $"hugetlb.{size}.events", out _);
            stats[size] = new HugepageStats(usage.Value, 0, ControlText.Find(events, "max"u8) ?? 0);
        }
        return stats;
    }

    /// <summary>Null where the kernel counts no pressure, or this group is told not to.</summary>
    private static PressureStats? Pressure(string directory, string file) => ControlFiles.TryRead(directory, file, out _) is { } text ? StatsText.Pressure(text) : null;

    private static ulong Optional(string directory, string file) => ControlFiles.TryReadNumber(directory, file, out _) ?? 0;
}
