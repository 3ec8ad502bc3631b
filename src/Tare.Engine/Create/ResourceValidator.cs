using System.Globalization;
using Tare.Engine.Host;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Create;

/// <summary>
/// Looks at limits before they are written anywhere. What makes no sense is refused; what this kernel cannot do is taken out and said in
/// a warning, as Docker does.
/// </summary>
internal sealed class ResourceValidator(CgroupFacts facts, int processors)
{
    // The kernel asks for nothing here; below this a container cannot do anything of use.
    private const long MinimumMemory = 6 * 1024 * 1024;

    /// <summary>Refuses, or takes out and warns. <paramref name="resources"/> is changed.</summary>
    public void Validate(Resources resources, List<string> warnings, bool update = false)
    {
        ValidateMemory(resources, warnings, update);
        ValidateCpu(resources, warnings);
        ValidateCpuset(resources, warnings);
        ValidateBlkio(resources, warnings);
        ValidateOthers(resources, warnings);
    }

    private void ValidateMemory(Resources resources, List<string> warnings, bool update)
    {
        // -1 is what clients send for "not set".
        if (resources.MemorySwappiness == -1) resources.MemorySwappiness = null;
        if (resources.Memory != 0 && resources.Memory < MinimumMemory) throw TareException.Invalid("Minimum memory limit allowed is 6MB");
        if (resources.Memory > 0 && !facts.Memory)
        {
            warnings.Add("Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.");
            resources.Memory = 0;
            resources.MemorySwap = -1;
        }
        if (resources.Memory > 0 && resources.MemorySwap != -1 && !facts.Swap)
        {
            warnings.Add("Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.");
            resources.MemorySwap = -1;
        }
        if (resources.Memory > 0 && resources.MemorySwap > 0 && resources.MemorySwap < resources.Memory)
            throw TareException.Invalid("Minimum memoryswap limit should be larger than memory limit, see usage");
        if (resources.Memory == 0 && resources.MemorySwap > 0 && !update)
            throw TareException.Invalid("You should always set the Memory limit when using Memoryswap limit, see usage");
        if (resources.MemorySwappiness is not null && !facts.Swappiness)
        {
            warnings.Add("Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.");
            resources.MemorySwappiness = null;
        }
        if (resources.MemorySwappiness is < 0 or > 100)
            throw TareException.Invalid($"Invalid value: {resources.MemorySwappiness}, valid memory swappiness range is 0-100");
        if (resources.MemoryReservation > 0 && !facts.MemoryReservation)
        {
            warnings.Add("Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. Limitation discarded.");
            resources.MemoryReservation = 0;
        }
        if (resources.MemoryReservation is > 0 and < MinimumMemory) throw TareException.Invalid("Minimum memory reservation allowed is 6MB");
        if (resources.Memory > 0 && resources.MemoryReservation > 0 && resources.Memory < resources.MemoryReservation)
            throw TareException.Invalid("Minimum memory limit can not be less than memory reservation limit, see usage");
        if (resources.KernelMemory > 0)
        {
            warnings.Add("Your kernel does not support kernel memory limit capabilities or the cgroup is not mounted. Limitation discarded.");
            resources.KernelMemory = 0;
        }
        if (resources.KernelMemoryTCP > 0)
        {
            warnings.Add("Kernel memory TCP limits are not supported. Limitation discarded.");
            resources.KernelMemoryTCP = 0;
        }
        if (resources.OomKillDisable is not null && !facts.OomKillDisable)
        {
            if (resources.OomKillDisable == true) warnings.Add("Your kernel does not support OomKillDisable. OomKillDisable discarded.");
            resources.OomKillDisable = null;
        }
        if (resources.OomKillDisable == true && resources.Memory == 0)
            warnings.Add("OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.");
    }

    private void ValidateCpu(Resources resources, List<string> warnings)
    {
        if (resources.NanoCpus > 0 && resources.CpuPeriod > 0) throw TareException.Invalid("Conflicting options: Nano CPUs and CPU Period cannot both be set");
        if (resources.NanoCpus > 0 && resources.CpuQuota > 0) throw TareException.Invalid("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
        if (resources.NanoCpus > 0 && !facts.CpuQuota)
            throw TareException.Invalid("NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted");
        if (resources.NanoCpus < 0 || resources.NanoCpus > processors * 1_000_000_000L)
            throw TareException.Invalid($"range of CPUs is from 0.01 to {processors}.00, as there are only {processors} CPUs available");
        if (resources.CpuShares < 0) throw TareException.Invalid($"invalid CPU shares ({resources.CpuShares}): value must be a positive integer");
        if (resources.CpuShares > 0 && !facts.CpuShares)
        {
            warnings.Add("Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.");
            resources.CpuShares = 0;
        }
        if ((resources.CpuPeriod != 0 || resources.CpuQuota != 0) && !facts.CpuQuota)
        {
            warnings.Add("Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.");
            resources.CpuPeriod = 0;
            resources.CpuQuota = 0;
        }
        if (resources.CpuPeriod != 0 && resources.CpuPeriod is < 1000 or > 1_000_000)
            throw TareException.Invalid("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
        if (resources.CpuQuota is > 0 and < 1000) throw TareException.Invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)");
        if (resources.CpuPercent > 0)
        {
            warnings.Add("linux does not support CPU percent. Percent discarded.");
            resources.CpuPercent = 0;
        }
        if (resources.CpuRealtimePeriod != 0 || resources.CpuRealtimeRuntime != 0) throw TareException.Invalid("kernel does not support CPU real-time scheduler");
    }

    private void ValidateCpuset(Resources resources, List<string> warnings)
    {
        if ((resources.CpusetCpus.Length > 0 || resources.CpusetMems.Length > 0) && !facts.Cpuset)
        {
            warnings.Add("Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded.");
            resources.CpusetCpus = "";
            resources.CpusetMems = "";
        }
        if (resources.CpusetCpus.Length > 0)
        {
            var included = CgroupFacts.Includes(facts.Cpus, resources.CpusetCpus) ?? throw TareException.Invalid($"Invalid value {resources.CpusetCpus} for cpuset cpus: invalid format: {resources.CpusetCpus}");
            if (!included) throw TareException.Invalid($"Requested CPUs are not available - requested {resources.CpusetCpus}, available: {facts.Cpus}");
        }
        if (resources.CpusetMems.Length > 0)
        {
            var included = CgroupFacts.Includes(facts.Mems, resources.CpusetMems) ?? throw TareException.Invalid($"Invalid value {resources.CpusetMems} for cpuset mems: invalid format: {resources.CpusetMems}");
            if (!included) throw TareException.Invalid($"Requested memory nodes are not available - requested {resources.CpusetMems}, available: {facts.Mems}");
        }
    }

    private void ValidateBlkio(Resources resources, List<string> warnings)
    {
        if (resources.BlkioWeight > 0 && !facts.BlkioWeight)
        {
            warnings.Add("Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.");
            resources.BlkioWeight = 0;
        }
        if (resources.BlkioWeight > 0 && resources.BlkioWeight is < 10 or > 1000) throw TareException.Invalid("Range of blkio weight is from 10 to 1000");
        if (resources.IOMaximumBandwidth != 0 || resources.IOMaximumIOps != 0)
            throw TareException.Invalid("Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps");
        if (resources.BlkioWeightDevice is { Count: > 0 })
        {
            warnings.Add("Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.");
            resources.BlkioWeightDevice = [];
        }
        if (facts.BlkioThrottle) return;
        resources.BlkioDeviceReadBps = Discard(resources.BlkioDeviceReadBps, "BPS Block I/O read limit", "Block I/O BPS read limit");
        resources.BlkioDeviceWriteBps = Discard(resources.BlkioDeviceWriteBps, "BPS Block I/O write limit", "Block I/O BPS write limit");
        resources.BlkioDeviceReadIOps = Discard(resources.BlkioDeviceReadIOps, "IOPS Block read limit", "Block I/O IOPS read limit");
        resources.BlkioDeviceWriteIOps = Discard(resources.BlkioDeviceWriteIOps, "IOPS Block write limit", "Block I/O IOPS write limit");

        IReadOnlyList<ThrottleDevice>? Discard(IReadOnlyList<ThrottleDevice>? devices, string what, string discarded)
        {
            if (devices is not { Count: > 0 }) return devices;
            warnings.Add($"Your kernel does not support {what} or the cgroup is not mounted. {discarded} discarded.");
            return [];
        }
    }

    private void ValidateOthers(Resources resources, List<string> warnings)
    {
        if (resources.PidsLimit is not null && !facts.Pids)
        {
            if (resources.PidsLimit > 0) warnings.Add("Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.");
            resources.PidsLimit = null;
        }
        foreach (var limit in resources.Ulimits ?? [])
        {
            if (!Rlimits.Contains(limit.Name)) throw TareException.Invalid($"invalid ulimit type: {limit.Name}");
            if (limit.Hard != -1 && (limit.Soft > limit.Hard || limit.Soft == -1))
                throw TareException.Invalid($"ulimit soft limit must be less than or equal to hard limit: {limit.Soft} > {limit.Hard}");
        }
        if (resources.DeviceRequests is { Count: > 0 } requests)
        {
            var wanted = string.Join(' ', (requests[0].Capabilities ?? []).Select(any => $"[{string.Join(' ', any)}]"));
            throw TareException.Invalid($"could not select device driver \"{requests[0].Driver}\" with capabilities: [{wanted}]");
        }
        foreach (var rule in resources.DeviceCgroupRules ?? [])
        {
            if (!IsDeviceRule(rule)) throw TareException.Invalid($"invalid device cgroup rule format: '{rule}'");
        }
    }

    /// <summary>A rule has the form <c>a|b|c MAJOR:MINOR rwm</c>, where a number may be a star.</summary>
    private static bool IsDeviceRule(string rule)
    {
        var words = rule.Split(' ');
        if (words.Length != 3 || words[0] is not ("a" or "b" or "c")) return false;
        var numbers = words[1].Split(':');
        return numbers.Length == 2 && numbers.All(IsNumberOrStar) && words[2].Length is >= 1 and <= 3 && words[2].All("rwm".Contains);
    }

    private static bool IsNumberOrStar(string text) => text == "*" || uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static readonly HashSet<string> Rlimits = new(StringComparer.Ordinal)
    {
        "as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack",
    };
}
