using System.Collections.Concurrent;
using System.Globalization;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups;

/// <summary>Control groups of version 1: one directory in each hierarchy (Documentation/admin-guide/cgroup-v1).</summary>
internal sealed class CgroupV1 : Cgroup
{
    private static readonly ConcurrentDictionary<string, bool> Parents = new();

    private readonly CgroupLayout layout;
    private readonly string[] directories;

    public CgroupV1(CgroupLayout layout, string path)
        : base(path)
    {
        this.layout = layout;
        directories = [.. layout.Hierarchies.Select(h => h.Path + path)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Directories => directories;

    /// <inheritdoc/>
    public override bool IsFrozen => DirectoryOf("freezer") is { } directory && File.ReadAllText(directory + "/freezer.state").StartsWith("FROZEN", StringComparison.Ordinal);

    /// <inheritdoc/>
    public override long OomKills
    {
        get
        {
            if (DirectoryOf("memory") is not { } directory || !Directory.Exists(directory)) return 0;
            foreach (var line in File.ReadLines(directory + "/memory.oom_control"))
            {
                if (line.StartsWith("oom_kill ", StringComparison.Ordinal)) return long.Parse(line.AsSpan(9), CultureInfo.InvariantCulture);
            }
            return 0;
        }
    }

    private protected override string ProcessDirectory => DirectoryOf("freezer") ?? directories[0];

    /// <summary>
    /// The <c>tasks</c> files rather than <c>cgroup.procs</c>: a thread that moves itself needs no lock over all forks of the
    /// machine, which may have to wait some 20 ms for it.
    /// </summary>
    public override IReadOnlyList<Fd> OpenForJoining()
    {
        var files = new List<Fd>(directories.Length);
        try
        {
            foreach (var directory in directories) files.Add(Paths.Open(directory + "/tasks", OpenFlags.WriteOnly));
            return files;
        }
        catch
        {
            foreach (var file in files) file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override Fd? OpenDirectory() => null;

    /// <inheritdoc/>
    public override void Apply(LinuxResources resources)
    {
        if (resources.Memory is { } memory) ApplyMemory(memory);
        if (resources.Cpu is { } cpu) ApplyCpu(cpu);
        if (resources.Pids?.Limit is { } pids) Set("pids", "pids.max", pids <= 0 ? "max" : Text(pids));
        if (resources.BlockIo is { } io) ApplyBlockIo(io);
        foreach (var limit in resources.HugepageLimits ?? []) Set("hugetlb", $"hugetlb.{limit.PageSize}.limit_in_bytes", Text(limit.Limit));
        if (resources.Network?.ClassId is { } classId) Set("net_cls", "net_cls.classid", Text(classId));
        foreach (var priority in resources.Network?.Priorities ?? []) Set("net_prio", "net_prio.ifpriomap", $"{priority.Name} {priority.Priority}");
        foreach (var rule in resources.Devices ?? []) Set("devices", rule.Allow ? "devices.allow" : "devices.deny", DeviceRules.Format(rule));
    }

    /// <inheritdoc/>
    public override void SetFrozen(bool frozen) => Set("freezer", "freezer.state", frozen ? "FROZEN" : "THAWED");

    /// <summary>
    /// Frozen first, so that nothing forks while it is being killed. All hierarchies are looked at: a privileged container can move
    /// its processes about in each of them.
    /// </summary>
    public override void KillAll()
    {
        var freezer = DirectoryOf("freezer");
        if (freezer is not null && Directory.Exists(freezer)) SetFrozen(true);
        foreach (var pid in directories.SelectMany(ProcessesBelow).ToHashSet())
        {
            try
            {
                using var process = PidFds.Open(pid);
                PidFds.SendSignal(process, 9);
            }
            catch (LinuxException e) when (e.Error == Errno.ESRCH)
            {
                // Gone between the list and now.
            }
        }
        if (freezer is null || !Directory.Exists(freezer)) return;
        SetFrozen(false);
        foreach (var group in GroupsBelow(freezer)) Thaw(group);
    }

    /// <inheritdoc/>
    private protected override void Make()
    {
        var made = new Stack<string>();
        try
        {
            for (var i = 0; i < directories.Length; i++)
            {
                MakeParent(layout.Hierarchies[i], directories[i], made);
                if (MakeGroup(directories[i])) made.Push(directories[i]);
            }
        }
        catch
        {
            foreach (var directory in made) _ = FileSystem.RemoveDirectory(directory);
            throw;
        }
    }

    /// <summary>A group that the container itself has frozen stays so when the one above it is thawed, and a frozen process does not die.</summary>
    private static void Thaw(string group)
    {
        using var state = Paths.TryOpen(Paths.CurrentDirectory, group + "/freezer.state", OpenFlags.WriteOnly, Resolve.None, out _);
        if (state is not null) Descriptors.WriteAll(state, "THAWED"u8);
    }

    private void ApplyMemory(LinuxMemory memory)
    {
        var (limit, swap) = (memory.Limit ?? 0, memory.Swap ?? 0);
        if (limit != 0 && swap != 0 && DirectoryOf("memory") is { } directory && File.Exists(directory + "/memory.memsw.limit_in_bytes"))
        {
            // The sum may never be below the limit of memory alone: raise in one order, lower in the other.
            var current = ulong.Parse(File.ReadAllText(directory + "/memory.limit_in_bytes"), CultureInfo.InvariantCulture);
            var raise = swap == -1 || current < (ulong)swap;
            foreach (var first in (bool[])[raise, !raise])
            {
                if (first) Write(directory, "memory.memsw.limit_in_bytes", Text(swap));
                else Write(directory, "memory.limit_in_bytes", Text(limit));
            }
        }
        else if (limit != 0)
        {
            Set("memory", "memory.limit_in_bytes", Text(limit));
        }
        if (memory.Reservation is { } reservation and not 0) Set("memory", "memory.soft_limit_in_bytes", Text(reservation));
        if (memory.Swappiness is { } swappiness and <= 100) Set("memory", "memory.swappiness", Text(swappiness));
        if (memory.DisableOomKiller is true) Set("memory", "memory.oom_control", "1");
    }

    private void ApplyCpu(LinuxCpu cpu)
    {
        if (cpu.Shares is { } shares and not 0) Set("cpu", "cpu.shares", Text(shares));
        if (cpu.Period is { } period and not 0) Set("cpu", "cpu.cfs_period_us", Text(period));
        if (cpu.Quota is { } quota and not 0) Set("cpu", "cpu.cfs_quota_us", Text(quota));
        if (cpu.RealtimePeriod is { } rtPeriod and not 0) Set("cpu", "cpu.rt_period_us", Text(rtPeriod));
        if (cpu.RealtimeRuntime is { } rtRuntime and not 0) Set("cpu", "cpu.rt_runtime_us", Text(rtRuntime));
        if (!string.IsNullOrEmpty(cpu.Cpus)) Set("cpuset", "cpuset.cpus", cpu.Cpus);
        if (!string.IsNullOrEmpty(cpu.Mems)) Set("cpuset", "cpuset.mems", cpu.Mems);
    }

    private void ApplyBlockIo(LinuxBlockIo io)
    {
        if (io.Weight is { } weight and not 0)
        {
            var file = DirectoryOf("blkio") is { } directory && File.Exists(directory + "/blkio.weight") ? "blkio.weight" : "blkio.bfq.weight";
            Set("blkio", file, Text((long)weight));
        }
        foreach (var (file, devices) in (ReadOnlySpan<(string, IReadOnlyList<LinuxThrottleDevice>?)>)[
            ("read_bps", io.ThrottleReadBpsDevice), ("write_bps", io.ThrottleWriteBpsDevice),
            ("read_iops", io.ThrottleReadIopsDevice), ("write_iops", io.ThrottleWriteIopsDevice)])
        {
            foreach (var device in devices ?? []) Set("blkio", $"blkio.throttle.{file}_device", $"{device.Major}:{device.Minor} {device.Rate}");
        }
    }

    private void Set(string controller, string file, string value)
    {
        var directory = DirectoryOf(controller)
            ?? throw TareException.NotImplemented($"cannot set {file}: this kernel has no {controller} controller mounted");
        Write(directory, file, value);
    }

    private string? DirectoryOf(string controller)
    {
        for (var i = 0; i < directories.Length; i++)
        {
            if (layout.Hierarchies[i].Has(controller)) return directories[i];
        }
        return null;
    }

    /// <summary>Makes the parents, once. In the cpuset hierarchy a group starts without CPUs unless it copies its parent's.</summary>
    private static void MakeParent(CgroupHierarchy hierarchy, string directory, Stack<string> made)
    {
        var parent = System.IO.Path.GetDirectoryName(directory)!;
        if (parent.Length <= hierarchy.Path.Length || (Parents.ContainsKey(parent) && Directory.Exists(parent))) return;
        MakeParent(hierarchy, parent, made);
        if (MakeGroup(parent)) made.Push(parent);
        if (hierarchy.Has("cpuset"))
        {
            var above = System.IO.Path.GetDirectoryName(parent)!;
            foreach (var file in (string[])["cpuset.cpus", "cpuset.mems"])
            {
                if (string.IsNullOrWhiteSpace(File.ReadAllText(System.IO.Path.Combine(parent, file))))
                    Write(parent, file, File.ReadAllText(System.IO.Path.Combine(above, file)).Trim());
            }
            Write(parent, "cgroup.clone_children", "1");
        }
        Parents[parent] = true;
    }
}
