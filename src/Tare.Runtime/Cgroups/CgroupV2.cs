using System.Globalization;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups;

/// <summary>A control group of version 2 (Documentation/admin-guide/cgroup-v2.rst).</summary>
internal sealed class CgroupV2 : Cgroup
{
    private readonly CgroupHierarchy hierarchy;
    private readonly string directory;

    public CgroupV2(CgroupLayout layout, string path)
        : base(path)
    {
        hierarchy = layout.Hierarchies[0];
        directory = hierarchy.Path + path;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Directories => [directory];

    /// <inheritdoc/>
    public override bool IsFrozen => ReadEvent("cgroup.events", "frozen") == 1;

    /// <inheritdoc/>
    public override long OomKills => File.Exists(directory + "/memory.events") ? ReadEvent("memory.events", "oom_kill") : 0;

    private protected override string ProcessDirectory => directory;

    /// <inheritdoc/>
    public override IReadOnlyList<Fd> OpenForJoining() => [];

    /// <inheritdoc/>
    public override Fd? OpenDirectory() => Paths.Open(directory, OpenFlags.Path | Paths.Directory);

    /// <inheritdoc/>
    public override void Apply(LinuxResources resources)
    {
        if (resources.Memory is { } memory) ApplyMemory(memory);
        if (resources.Cpu is { } cpu) ApplyCpu(cpu);
        if (resources.Pids?.Limit is { } pids) Set("pids", "pids.max", pids <= 0 ? "max" : Text(pids));
        if (resources.BlockIo is { } io) ApplyIo(io);
        foreach (var limit in resources.HugepageLimits ?? []) Set("hugetlb", $"hugetlb.{limit.PageSize}.max", Text(limit.Limit));
        foreach (var (file, value) in resources.Unified ?? new Dictionary<string, string>())
        {
            if (file.Contains('/', StringComparison.Ordinal)) throw TareException.Invalid($"{file} is no name of a control file");
            Write(directory, file, value);
        }
        if (resources.Devices is { Count: > 0 } devices) ApplyDevices(devices);
    }

    /// <inheritdoc/>
    public override void SetFrozen(bool frozen) => Write(directory, "cgroup.freeze", frozen ? "1" : "0");

    /// <inheritdoc/>
    public override void KillAll()
    {
        if (!Directory.Exists(directory)) return;
        Write(directory, "cgroup.kill", "1");
    }

    /// <inheritdoc/>
    private protected override void Make()
    {
        var made = new Stack<string>();
        try
        {
            EnableControllers(hierarchy, System.IO.Path.GetDirectoryName(directory)!, made);
            MakeGroup(directory);
        }
        catch
        {
            foreach (var parent in made) _ = FileSystem.RemoveDirectory(parent);
            throw;
        }
    }

    /// <summary>The weight that stands for a number of shares: 2 → 1, 1024 → 100, 262144 → 10000 (the curve that the OCI runtimes agreed on).</summary>
    internal static ulong WeightOfShares(ulong shares)
    {
        if (shares <= 2) return 1;
        if (shares >= 262144) return 10000;
        var l = Math.Log2(shares);
        return (ulong)Math.Ceiling(Math.Pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
    }

    private void ApplyMemory(LinuxMemory memory)
    {
        if (memory.Limit is { } limit and not 0) Set("memory", "memory.max", Limit(limit));
        if (memory.Swap is { } swap and not 0)
        {
            // v2 counts swap alone, Docker counts memory and swap together.
            var alone = swap < 0 ? -1 : memory.Limit is > 0 ? swap - memory.Limit.Value : throw TareException.Invalid("a limit of swap needs a limit of memory");
            if (File.Exists(directory + "/memory.swap.max")) Set("memory", "memory.swap.max", alone < 0 ? "max" : Text(alone));
        }
        if (memory.Reservation is { } reservation and not 0) Set("memory", "memory.low", Limit(reservation));
    }

    private void ApplyCpu(LinuxCpu cpu)
    {
        if (cpu.Shares is { } shares and not 0) Set("cpu", "cpu.weight", Text(WeightOfShares(shares)));
        if (cpu.Quota is not null and not 0 || cpu.Period is not null and not 0)
            Set("cpu", "cpu.max", $"{(cpu.Quota is > 0 ? Text(cpu.Quota.Value) : "max")} {Text(cpu.Period is > 0 ? cpu.Period.Value : 100000)}");
        if (cpu.Burst is { } burst) Set("cpu", "cpu.max.burst", Text(burst));
        if (cpu.Idle is { } idle) Set("cpu", "cpu.idle", Text(idle));
        if (!string.IsNullOrEmpty(cpu.Cpus)) Set("cpuset", "cpuset.cpus", cpu.Cpus);
        if (!string.IsNullOrEmpty(cpu.Mems)) Set("cpuset", "cpuset.mems", cpu.Mems);
    }

    private void ApplyIo(LinuxBlockIo io)
    {
        if (io.Weight is { } weight and not 0)
        {
            // BFQ's weight is 1 to 1000 as Docker's; io.weight is 1 to 10000.
            if (File.Exists(directory + "/io.bfq.weight")) Set("io", "io.bfq.weight", Text((long)weight));
            else Set("io", "io.weight", Text(1 + (weight - 10L) * 9999 / 990));
        }
        foreach (var (key, devices) in (ReadOnlySpan<(string, IReadOnlyList<LinuxThrottleDevice>?)>)[
            ("rbps", io.ThrottleReadBpsDevice), ("wbps", io.ThrottleWriteBpsDevice),
            ("riops", io.ThrottleReadIopsDevice), ("wiops", io.ThrottleWriteIopsDevice)])
        {
            foreach (var device in devices ?? []) Set("io", "io.max", $"{device.Major}:{device.Minor} {key}={device.Rate}");
        }
    }

    private void ApplyDevices(IReadOnlyList<LinuxDeviceCgroup> rules)
    {
        using var group = Paths.Open(directory, OpenFlags.ReadOnly | Paths.Directory);
        DeviceFilter.Attach(group, DeviceRules.Compile(rules));
    }

    private void Set(string controller, string file, string value)
    {
        if (!hierarchy.Has(controller))
            throw TareException.NotImplemented($"cannot set {file}: the {controller} controller is not available in {hierarchy.Path}");
        Write(directory, file, value);
    }

    private static string Limit(long value) => value < 0 ? "max" : Text(value);

    private long ReadEvent(string file, string key)
    {
        foreach (var line in File.ReadLines(System.IO.Path.Combine(directory, file)))
        {
            if (line.StartsWith(key, StringComparison.Ordinal) && line.Length > key.Length && line[key.Length] == ' ')
                return long.Parse(line.AsSpan(key.Length + 1), CultureInfo.InvariantCulture);
        }
        return 0;
    }

    /// <summary>A controller reaches a group only when every group above passes it on.</summary>
    private static void EnableControllers(CgroupHierarchy hierarchy, string parent, Stack<string> made)
    {
        if (parent.Length > hierarchy.Path.Length)
        {
            EnableControllers(hierarchy, System.IO.Path.GetDirectoryName(parent)!, made);
            if (MakeGroup(parent)) made.Push(parent);
        }
        var control = System.IO.Path.Combine(parent, "cgroup.subtree_control");
        var missing = hierarchy.Controllers.Except(File.ReadAllText(control).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)).ToArray();
        foreach (var controller in missing)
        {
            try
            {
                Write(parent, "cgroup.subtree_control", "+" + controller);
            }
            catch (TareException)
            {
                // Not every controller can be passed on everywhere; one that a limit needs is missed when that limit is set.
                continue;
            }
        }
    }
}
