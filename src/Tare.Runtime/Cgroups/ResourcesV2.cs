using System.Globalization;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups;

/// <summary>
/// Sets limits in a control group of version 2 (Documentation/admin-guide/cgroup-v2.rst). The specification speaks of version 1: what
/// v2 has in another form is converted as the OCI runtimes agreed; what it has not (network classes, real time, swappiness, kernel
/// memory, leaf weights) is left out, as by runc.
/// </summary>
internal sealed class ResourcesV2(CgroupV2 cgroup)
{
    private const string DefaultPeriod = "100000";

    private readonly string directory = cgroup.DirectoryPath;

    public void Apply(LinuxResources resources)
    {
        if (resources.Pids?.Limit is { } pids) Set("pids.max", Limits.Pids(pids));
        if (resources.Memory is { } memory) ApplyMemory(memory);
        if (resources.BlockIo is { } io) ApplyIo(io);
        if (resources.Cpu is { } cpu) ApplyCpu(cpu);
        if (resources.Devices is { } devices) ApplyDevices(devices);
        if (!string.IsNullOrEmpty(resources.Cpu?.Cpus)) Set("cpuset.cpus", resources.Cpu.Cpus);
        if (!string.IsNullOrEmpty(resources.Cpu?.Mems)) Set("cpuset.mems", resources.Cpu.Mems);
        foreach (var limit in resources.HugepageLimits ?? [])
        {
            var name = Limits.HugepageFile(limit);
            Set(name + ".max", Limits.Text(limit.Limit));
            Limits.SetReserved(directory, name + ".rsvd.max", limit);
        }
        if (resources.Rdma is { } rdma)
        {
            foreach (var (device, limit) in rdma) Set("rdma.max", Limits.Rdma(device, limit));
        }
        if (resources.Unified is { } unified)
        {
            foreach (var (file, value) in unified) SetUnified(file, value);
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

    /// <summary>v2 counts swap alone, the specification counts memory and swap together.</summary>
    /// <returns>Bytes of swap, -1 for no limit, null when there is nothing to set.</returns>
    /// <exception cref="TareException">The limits contradict each other.</exception>
    internal static long? SwapAlone(long swap, long limit)
    {
        // No limit of memory means none of swap either, unless one was given.
        if (swap == 0) return limit == -1 ? -1 : null;
        if (swap == -1 || limit == -1) return swap;
        if (limit == 0) throw TareException.Invalid("unable to set swap limit without memory limit: set both");
        if (limit < 0) throw TareException.Invalid($"invalid memory limit {limit}: -1 means none");
        return swap >= limit ? swap - limit : throw TareException.Invalid($"memory+swap limit {swap} should be >= memory limit {limit}: swap counts memory too");
    }

    private void ApplyMemory(LinuxMemory memory)
    {
        var (limit, swap) = (memory.Limit ?? 0, memory.Swap ?? 0);
        if (memory.CheckBeforeUpdate is true) RefuseBelowUsage(memory);
        if (SwapAlone(swap, swap > 0 && limit == 0 ? CurrentLimit() : limit) is { } alone)
        {
            var error = ControlFiles.TryWrite(directory, "memory.swap.max", Limit(alone));

            // Where the kernel counts no swap there is none to take away, and no limit to lift.
            var isOptional = alone <= 0 || cgroup.Options.HasFlag(GroupOptions.SwapOptional);
            if (error != 0 && !(error == Errno.ENOENT && isOptional)) throw Refused("memory.swap.max", Limit(alone), error);
        }
        if (limit != 0) Set("memory.max", Limit(limit));
        if (memory.Reservation is { } reservation and not 0) Set("memory.low", Limit(reservation));
    }

    /// <summary>The limit of memory that is in force; 0 when there is none.</summary>
    private long CurrentLimit() => ControlFiles.TryReadNumber(directory, "memory.max", out _) is { } current and not ulong.MaxValue ? (long)current : 0;

    /// <summary>A limit that is less than what is in use kills: whoever asks for the check wants it refused.</summary>
    /// <exception cref="TareException">A limit is.</exception>
    internal void RefuseBelowUsage(LinuxMemory memory)
    {
        var (limit, swap) = (memory.Limit ?? 0, memory.Swap ?? 0);
        if (ControlFiles.TryReadNumber(directory, "memory.current", out _) is not { } usage) return;
        if (swap > 0 && (ulong)swap <= usage) throw TareException.Conflict($"rejecting memory+swap limit {swap} <= usage {usage} in {directory}: choose a greater one");
        if (limit > 0 && (ulong)limit <= usage) throw TareException.Conflict($"rejecting memory limit {limit} <= usage {usage} in {directory}: choose a greater one");
    }

    private void ApplyCpu(LinuxCpu cpu)
    {
        if (cpu.Idle is { } idle) Set("cpu.idle", Limits.Text(idle));
        if (cpu.Shares is { } shares and not 0) Set("cpu.weight", Limits.Text(WeightOfShares(shares)));
        var hasQuota = cpu.Quota is not null and not 0;
        var burst = cpu.Burst is { } b ? Limits.Text(b) : null;
        if (burst is not null)
        {
            // More than the quota that is in force is refused; the new quota may allow it.
            var error = ControlFiles.TryWrite(directory, "cpu.max.burst", burst);
            if (error != 0 && !(error == Errno.EINVAL && hasQuota)) throw Refused("cpu.max.burst", burst, error);
            if (error == 0) burst = null;
        }
        if (!hasQuota && cpu.Period is null or 0) return;
        Set("cpu.max", MaxOf(cpu, hasQuota));
        if (burst is not null) Set("cpu.max.burst", burst);
    }

    /// <summary>What was not asked for stays as it is: the kernel keeps the period by itself, the quota must be read.</summary>
    private string MaxOf(LinuxCpu cpu, bool hasQuota)
    {
        var quota = hasQuota
            ? cpu.Quota > 0 ? Limits.Text(cpu.Quota.Value) : "max"
            : !cgroup.IsNew && ControlFiles.TryReadText(directory, "cpu.max", out _) is { Length: > 0 } current ? current.Split(' ')[0] : "max";
        if (cpu.Period is { } period and not 0) return quota + " " + Limits.Text(period);
        return cgroup.IsNew ? quota + " " + DefaultPeriod : quota;
    }

    private void ApplyIo(LinuxBlockIo io)
    {
        var hasWeights = io.Weight is not null and not 0 || io.WeightDevice is { Count: > 0 };
        using var bfq = hasWeights ? ControlFiles.TryOpen(directory, "io.bfq.weight", OpenFlags.ReadWrite, out _) : null;
        if (io.Weight is { } weight and not 0)
        {
            // BFQ's weight is 1 to 1000 as the specification's; io.weight is 1 to 10000.
            if (bfq is null) Set("io.weight", Limits.Text(1 + (weight - 10L) * 9999 / 990));
            else SetWeight(bfq, Limits.Text(weight));
        }
        if (bfq is not null && io.WeightDevice is { Count: > 0 } devices && HasDeviceWeights())
        {
            foreach (var device in devices) SetWeight(bfq, string.Create(CultureInfo.InvariantCulture, $"{device.Major}:{device.Minor} {device.Weight ?? 0}"));
        }
        Throttle("rbps", io.ThrottleReadBpsDevice);
        Throttle("wbps", io.ThrottleWriteBpsDevice);
        Throttle("riops", io.ThrottleReadIopsDevice);
        Throttle("wiops", io.ThrottleWriteIopsDevice);
    }

    /// <summary>Before 5.4 BFQ knew no weights of devices, and showed one number.</summary>
    private bool HasDeviceWeights() => ControlFiles.TryReadText(directory, "io.bfq.weight", out _) is { } text && !ulong.TryParse(text, CultureInfo.InvariantCulture, out _);

    private void SetWeight(Fd bfq, string value)
    {
        var error = ControlFiles.TryWrite(bfq, value);
        if (error != 0) throw Refused("io.bfq.weight", value, error);
    }

    private void Throttle(string key, IReadOnlyList<LinuxThrottleDevice>? devices)
    {
        foreach (var device in devices ?? [])
            Set("io.max", string.Create(CultureInfo.InvariantCulture, $"{device.Major}:{device.Minor} {key}={device.Rate}"));
    }

    private void ApplyDevices(IReadOnlyList<LinuxDeviceCgroup> rules)
    {
        var program = DevicePolicy.Of(rules).ToProgram();
        using var group = Paths.Open(directory, OpenFlags.ReadOnly | Paths.Directory);
        try
        {
            if (cgroup.IsNew) DeviceFilter.Attach(group, program);
            else DeviceFilter.Replace(group, program);
        }
        catch (LinuxException) when (cgroup.Options.HasFlag(GroupOptions.Rootless) || UserNamespace.IsChild || !Forbids(rules))
        {
            // A user may load no program, and can use no device through a container that is forbidden outside of it.
            return;
        }
    }

    private static bool Forbids(IReadOnlyList<LinuxDeviceCgroup> rules)
    {
        foreach (var rule in rules)
        {
            if (!rule.Allow || rule.Access is not (null or "") && !(rule.Access.Contains('r', StringComparison.Ordinal) && rule.Access.Contains('w', StringComparison.Ordinal) && rule.Access.Contains('m', StringComparison.Ordinal))) return true;
        }
        return false;
    }

    /// <summary>A value of several lines is written line by line, as <c>io.max</c> wants it.</summary>
    private void SetUnified(string file, string value)
    {
        if (file.Contains('/', StringComparison.Ordinal)) throw TareException.Invalid($"unified resource \"{file}\" must be a file name (no slashes)");
        if (file.IndexOf('.', StringComparison.Ordinal) <= 0) throw TareException.Invalid($"unified resource \"{file}\" must be in the form CONTROLLER.PARAMETER");
        foreach (var line in value.TrimEnd('\n').Split('\n')) Set(file, line);
    }

    private void Set(string file, string value)
    {
        var error = ControlFiles.TryWrite(directory, file, value);
        if (error != 0) throw Refused(file, value, error);
    }

    /// <summary>The reason for a refusal is most often a controller that the groups above do not pass on.</summary>
    private TareException Refused(string file, string value, int error)
    {
        if (error is not (Errno.ENOENT or Errno.EACCES or Errno.EPERM)) return ControlFiles.Refused(directory, file, value, error);
        var controller = file[..file.IndexOf('.', StringComparison.Ordinal)];
        var available = ControlFiles.TryRead(directory, "cgroup.controllers", out _) is { } text ? ControlText.Words(text) : [];
        if (controller == "cgroup" || available.Contains(controller)) return ControlFiles.Refused(directory, file, value, error);
        return TareException.NotImplemented(
            $"{file} can't be set: controller \"{controller}\" not available in {directory}; it has {(available.Count == 0 ? "none" : string.Join(' ', available))}: have the group above pass it on (cgroup.subtree_control), or leave the limit out");
    }

    private static string Limit(long value) => value < 0 ? "max" : Limits.Text(value);
}
