using System.Globalization;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups;

/// <summary>
/// Sets limits in control groups of version 1 (Documentation/admin-guide/cgroup-v1). A zero means "not asked for" where the kernel
/// knows no zero. Kernel memory and <c>useHierarchy</c> are left alone, as by runc: the specification advises against both.
/// </summary>
internal sealed class ResourcesV1(CgroupV1 cgroup)
{
    public void Apply(LinuxResources resources)
    {
        RefuseUnified(resources);
        if (resources.Cpu is { } cpuset) ApplyCpuset(cpuset);
        if (resources.Devices is { } devices) ApplyDevices(devices);
        if (resources.Memory is { } memory) new MemoryV1(cgroup).Apply(memory);
        if (resources.Cpu is { } cpu) ApplyCpu(cpu);
        if (resources.Pids?.Limit is { } pids) cgroup.Set("pids", "pids.max", Limits.Pids(pids));
        if (resources.BlockIo is { } io) ApplyBlockIo(io);
        if (resources.HugepageLimits is { } pages) ApplyHugepages(pages);
        if (resources.Network is { } network) ApplyNetwork(network);
        if (resources.Rdma is { } rdma)
        {
            foreach (var (device, limit) in rdma) cgroup.Set("rdma", "rdma.max", Limits.Rdma(device, limit));
        }
    }

    /// <summary>Files of v2 have no meaning here.</summary>
    internal static void RefuseUnified(LinuxResources resources)
    {
        if (resources.Unified is { Count: > 0 })
            throw TareException.Invalid("invalid configuration: resources.unified names files of cgroup v2, and this host has v1; use the other resources");
    }

    /// <summary>
    /// Real-time scheduling. Of a process that has it already, only a group with a budget takes a thread, so that this is set before
    /// anything joins.
    /// </summary>
    internal static void ApplyRealtime(string directory, LinuxCpu cpu)
    {
        var period = cpu.RealtimePeriod is { } p and not 0 ? Limits.Text(p) : null;
        var runtime = cpu.RealtimeRuntime is { } r and not 0 ? Limits.Text(r) : null;
        WriteBeforeOther(directory, "cpu.rt_period_us", ref period, runtime is not null);
        if (runtime is null) return;
        ControlFiles.Write(directory, "cpu.rt_runtime_us", runtime);
        if (period is not null) ControlFiles.Write(directory, "cpu.rt_period_us", period);
    }

    /// <summary>
    /// Writes a value that the kernel may refuse as long as another is the old one; then it is to be written again after the other.
    /// </summary>
    /// <param name="directory">The group.</param>
    /// <param name="file">The file.</param>
    /// <param name="value">What to write, if anything; null afterwards when there is nothing left to do.</param>
    /// <param name="otherFollows">Whether the other value is going to be written.</param>
    private static void WriteBeforeOther(string directory, string file, ref string? value, bool otherFollows)
    {
        if (value is null) return;
        var error = ControlFiles.TryWrite(directory, file, value);
        if (error == Errno.EINVAL && otherFollows) return;
        if (error != 0) throw ControlFiles.Refused(directory, file, value, error);
        value = null;
    }

    private void ApplyCpuset(LinuxCpu cpu)
    {
        if (!string.IsNullOrEmpty(cpu.Cpus)) cgroup.Set("cpuset", "cpuset.cpus", cpu.Cpus);
        if (!string.IsNullOrEmpty(cpu.Mems)) cgroup.Set("cpuset", "cpuset.mems", cpu.Mems);
    }

    private void ApplyCpu(LinuxCpu cpu)
    {
        if (cpu is { Shares: null or 0, Quota: null or 0, Period: null or 0, Burst: null, Idle: null, RealtimePeriod: null or 0, RealtimeRuntime: null or 0 }) return;
        var directory = cgroup.Require("cpu", "the CPU limits");
        if (cpu.Shares is { } shares and not 0) ApplyShares(directory, shares);
        var quota = cpu.Quota is { } q and not 0 ? Limits.Text(q) : null;
        var period = cpu.Period is { } p and not 0 ? Limits.Text(p) : null;
        var burst = cpu.Burst is { } b ? Limits.Text(b) : null;
        WriteBeforeOther(directory, "cpu.cfs_period_us", ref period, quota is not null);

        // Kernels before 5.14 have no burst, and do without.
        if (burst is not null && ControlFiles.TryOpen(directory, "cpu.cfs_burst_us", OpenFlags.WriteOnly, out _) is { } known)
        {
            known.Dispose();
            WriteBeforeOther(directory, "cpu.cfs_burst_us", ref burst, quota is not null);
        }
        else
        {
            burst = null;
        }
        if (quota is not null)
        {
            ControlFiles.Write(directory, "cpu.cfs_quota_us", quota);
            if (period is not null) ControlFiles.Write(directory, "cpu.cfs_period_us", period);
            if (burst is not null) ControlFiles.Write(directory, "cpu.cfs_burst_us", burst);
        }
        if (cpu.Idle is { } idle) ControlFiles.Write(directory, "cpu.idle", Limits.Text(idle));
        ApplyRealtime(directory, cpu);
    }

    /// <summary>The kernel moves shares that are out of range into it without a word.</summary>
    private static void ApplyShares(string directory, ulong shares)
    {
        ControlFiles.Write(directory, "cpu.shares", Limits.Text(shares));
        if (shares is >= 2 and <= 262144) return;
        if (ControlFiles.TryReadNumber(directory, "cpu.shares", out _) is not { } actual || actual == shares) return;
        throw TareException.Invalid($"cannot set cpu.shares to {shares} in {directory}: the {(shares > actual ? "maximum" : "minimum")} allowed cpu-shares is {actual}");
    }

    private void ApplyBlockIo(LinuxBlockIo io)
    {
        if (io.Weight is { } weight and not 0) cgroup.Set("blkio", WeightFile(""), Limits.Text(weight));
        if (io.LeafWeight is { } leaf and not 0) cgroup.Set("blkio", "blkio.leaf_weight", Limits.Text(leaf));
        foreach (var device in io.WeightDevice ?? [])
        {
            if (device.Weight is { } w and not 0) cgroup.Set("blkio", WeightFile("_device"), $"{device.Major}:{device.Minor} {w}");
            if (device.LeafWeight is { } l and not 0) cgroup.Set("blkio", "blkio.leaf_weight_device", $"{device.Major}:{device.Minor} {l}");
        }
        Throttle("blkio.throttle.read_bps_device", io.ThrottleReadBpsDevice);
        Throttle("blkio.throttle.write_bps_device", io.ThrottleWriteBpsDevice);
        Throttle("blkio.throttle.read_iops_device", io.ThrottleReadIopsDevice);
        Throttle("blkio.throttle.write_iops_device", io.ThrottleWriteIopsDevice);
    }

    /// <summary>CFQ's name for the weight, or BFQ's, which kernels since 5.0 have.</summary>
    private string WeightFile(string suffix)
    {
        var directory = cgroup.Require("blkio", "the weight");
        return FileFacts.KindOf(directory + "/blkio.weight") == FileKind.Missing ? "blkio.bfq.weight" + suffix : "blkio.weight" + suffix;
    }

    private void Throttle(string file, IReadOnlyList<LinuxThrottleDevice>? devices)
    {
        foreach (var device in devices ?? [])
            cgroup.Set("blkio", file, string.Create(CultureInfo.InvariantCulture, $"{device.Major}:{device.Minor} {device.Rate}"));
    }

    private void ApplyHugepages(IReadOnlyList<LinuxHugepageLimit> limits)
    {
        foreach (var limit in limits)
        {
            var name = Limits.HugepageFile(limit);
            cgroup.Set("hugetlb", name + ".limit_in_bytes", Limits.Text(limit.Limit));
            Limits.SetReserved(cgroup.DirectoryOf("hugetlb")!, name + ".rsvd.limit_in_bytes", limit);
        }
    }

    private void ApplyNetwork(LinuxNetworkResources network)
    {
        if (network.ClassId is { } id and not 0) cgroup.Set("net_cls", "net_cls.classid", Limits.Text(id));
        foreach (var priority in network.Priorities ?? []) cgroup.Set("net_prio", "net_prio.ifpriomap", $"{priority.Name} {priority.Priority}");
    }

    private void ApplyDevices(IReadOnlyList<LinuxDeviceCgroup> rules)
    {
        // In a user namespace the kernel lets nobody change the lists; what may be done with devices is then what the user may.
        if (cgroup.Options.HasFlag(GroupOptions.Rootless) && (cgroup.DirectoryOf("devices") is null || UserNamespace.IsChild)) return;
        var directory = cgroup.DirectoryOf("devices")
            ?? throw TareException.NotImplemented("cannot restrict devices: mountpoint for devices not found; mount the v1 hierarchy of the devices controller, for a container without it could use every device");
        try
        {
            DeviceListV1.Apply(directory, DevicePolicy.Of(rules), cgroup.IsNew);
        }
        catch (TareException e) when (cgroup.Options.HasFlag(GroupOptions.Rootless) && e.InnerException is LinuxException)
        {
            // Refused for lack of rights; a user's container can use no device that the user could not.
            return;
        }
    }
}
