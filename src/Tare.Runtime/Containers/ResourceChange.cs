using Tare.Oci.Runtime;

namespace Tare.Runtime.Containers;

/// <summary>
/// A change of limits: what to write, what the limits are afterwards, and how to take it back. A zero asks for nothing, as when
/// limits are set. Rules about devices stay as they are: others may have added to them (a container's GPU, for instance).
/// </summary>
/// <param name="Before">The limits until now, as they were asked for.</param>
/// <param name="Asked">Those that are to change.</param>
internal sealed record ResourceChange(LinuxResources Before, LinuxResources Asked)
{
    private const ulong DefaultPeriod = 100_000;
    private const ulong DefaultShares = 1024;

    /// <summary>All limits, changed.</summary>
    public LinuxResources After { get; } = new()
    {
        Devices = Before.Devices,
        Memory = Asked.Memory is { } memory ? Merge(Before.Memory ?? new LinuxMemory(), memory) : Before.Memory,
        Cpu = Asked.Cpu is { } cpu ? Merge(Before.Cpu ?? new LinuxCpu(), cpu) : Before.Cpu,
        Pids = Asked.Pids?.Limit is not null ? Asked.Pids : Before.Pids,
        BlockIo = Asked.BlockIo is { } io ? Merge(Before.BlockIo ?? new LinuxBlockIo(), io) : Before.BlockIo,
        HugepageLimits = Upsert(Before.HugepageLimits, Asked.HugepageLimits, static limit => limit.PageSize),
        Network = Asked.Network is { } network
            ? new LinuxNetworkResources
            {
                ClassId = Or(network.ClassId, Before.Network?.ClassId),
                Priorities = Upsert(Before.Network?.Priorities, network.Priorities, static priority => priority.Name),
            }
            : Before.Network,
        Rdma = Upsert(Before.Rdma, Asked.Rdma),
        Unified = Upsert(Before.Unified, Asked.Unified),
    };

    /// <summary>What to check: the limits as they will be, with what was asked for in vain.</summary>
    public LinuxResources ToCheck => After.Memory is { } memory && Asked.Memory is { } asked ? After with { Memory = memory with { Kernel = asked.Kernel, KernelTcp = asked.KernelTcp } } : After;

    /// <summary>What to set. Quota and period come together, because systemd and cgroup v2 have one property for both.</summary>
    public LinuxResources ToSet => Asked with
    {
        Devices = null,
        Memory = Asked.Memory is { } memory ? memory with { Kernel = null, KernelTcp = null } : null,
        Cpu = Asked.Cpu is { } cpu && (cpu.Quota is not (null or 0) || cpu.Period is not (null or 0)) ? cpu with { Quota = After.Cpu?.Quota, Period = After.Cpu?.Period } : Asked.Cpu,
    };

    /// <summary>What takes back as much of it as can be: the limits that were asked for before, and no limit where there was none.</summary>
    public LinuxResources ToTakeBack => new()
    {
        Memory = Asked.Memory is { } memory
            ? new LinuxMemory
            {
                Limit = Back(memory.Limit, Before.Memory?.Limit, -1),
                Swap = Back(memory.Swap ?? memory.Limit, Before.Memory?.Swap, -1),
                Reservation = Back(memory.Reservation, Before.Memory?.Reservation, -1),
            }
            : null,
        Cpu = Asked.Cpu is { } cpu
            ? new LinuxCpu
            {
                Quota = Back(cpu.Quota ?? (long?)cpu.Period, Before.Cpu?.Quota, -1),
                Period = Back(cpu.Period, Before.Cpu?.Period, DefaultPeriod),
                Shares = Back(cpu.Shares, Before.Cpu?.Shares, DefaultShares),
                Burst = cpu.Burst is null ? null : Before.Cpu?.Burst ?? 0,
                Idle = cpu.Idle is null ? null : Before.Cpu?.Idle ?? 0,
                Cpus = cpu.Cpus is null ? null : Before.Cpu?.Cpus,
                Mems = cpu.Mems is null ? null : Before.Cpu?.Mems,
            }
            : null,
        Pids = Asked.Pids?.Limit is null ? null : new LinuxPids { Limit = Before.Pids?.Limit ?? -1 },
        BlockIo = Asked.BlockIo is null ? null : Before.BlockIo,
        HugepageLimits = Asked.HugepageLimits is null ? null : Before.HugepageLimits,
    };

    private static LinuxMemory Merge(LinuxMemory before, LinuxMemory asked) => before with
    {
        Limit = Or(asked.Limit, before.Limit),
        Reservation = Or(asked.Reservation, before.Reservation),
        // Memory without a limit has swap without one, unless one is asked for now.
        Swap = asked is { Limit: -1, Swap: null or 0 } ? null : Or(asked.Swap, before.Swap),
        Swappiness = asked.Swappiness ?? before.Swappiness,
        DisableOomKiller = asked.DisableOomKiller ?? before.DisableOomKiller,
        CheckBeforeUpdate = asked.CheckBeforeUpdate ?? before.CheckBeforeUpdate,
    };

    private static LinuxCpu Merge(LinuxCpu before, LinuxCpu asked) => new()
    {
        Shares = Or(asked.Shares, before.Shares),
        Quota = Or(asked.Quota, before.Quota),
        Burst = asked.Burst ?? before.Burst,
        Period = Or(asked.Period, before.Period),
        RealtimeRuntime = Or(asked.RealtimeRuntime, before.RealtimeRuntime),
        RealtimePeriod = Or(asked.RealtimePeriod, before.RealtimePeriod),
        Cpus = string.IsNullOrEmpty(asked.Cpus) ? before.Cpus : asked.Cpus,
        Mems = string.IsNullOrEmpty(asked.Mems) ? before.Mems : asked.Mems,
        Idle = asked.Idle ?? before.Idle,
    };

    private static LinuxBlockIo Merge(LinuxBlockIo before, LinuxBlockIo asked) => new()
    {
        Weight = Or(asked.Weight, before.Weight),
        LeafWeight = Or(asked.LeafWeight, before.LeafWeight),
        WeightDevice = Upsert(before.WeightDevice, asked.WeightDevice, static device => (device.Major, device.Minor)),
        ThrottleReadBpsDevice = Upsert(before.ThrottleReadBpsDevice, asked.ThrottleReadBpsDevice, static device => (device.Major, device.Minor)),
        ThrottleWriteBpsDevice = Upsert(before.ThrottleWriteBpsDevice, asked.ThrottleWriteBpsDevice, static device => (device.Major, device.Minor)),
        ThrottleReadIopsDevice = Upsert(before.ThrottleReadIopsDevice, asked.ThrottleReadIopsDevice, static device => (device.Major, device.Minor)),
        ThrottleWriteIopsDevice = Upsert(before.ThrottleWriteIopsDevice, asked.ThrottleWriteIopsDevice, static device => (device.Major, device.Minor)),
    };

    private static T? Or<T>(T? asked, T? before)
        where T : struct => asked is null || asked.Value.Equals(default(T)) ? before : asked;

    private static T? Back<T>(T? asked, T? before, T unlimited)
        where T : struct => Or(asked, null) is null ? null : Or(before, unlimited);

    /// <summary>The entries of both; of two with the same key the one that was asked for.</summary>
    private static List<T>? Upsert<T, TKey>(IReadOnlyList<T>? before, IReadOnlyList<T>? asked, Func<T, TKey> key)
        where TKey : notnull
    {
        if (before is null && asked is null) return null;
        var merged = new List<T>();
        foreach (var entry in before ?? [])
        {
            if (!(asked ?? []).Any(other => key(other).Equals(key(entry)))) merged.Add(entry);
        }
        return [.. merged, .. asked ?? []];
    }

    private static Dictionary<string, T>? Upsert<T>(IReadOnlyDictionary<string, T>? before, IReadOnlyDictionary<string, T>? asked)
    {
        if (before is null && asked is null) return null;
        var merged = new Dictionary<string, T>(before ?? new Dictionary<string, T>());
        foreach (var (name, value) in asked ?? new Dictionary<string, T>()) merged[name] = value;
        return merged;
    }
}
