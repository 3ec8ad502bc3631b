using System.Globalization;
using Tare.Errors;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups.Systemd;

/// <summary>
/// Resources as properties of a unit (systemd.resource-control(5)), so that systemd, which writes the limits of its units anew when it
/// likes, writes the same ones. What systemd knows no property for is set in the control group alone.
/// </summary>
/// <param name="isUnified">Whether for cgroup v2.</param>
/// <param name="version">Tells systemd's version; asked only when it matters.</param>
/// <param name="warn">Hears what cannot be told to systemd.</param>
internal sealed class UnitProperties(bool isUnified, Func<int> version, Action<string>? warn)
{
    private const ulong DefaultPeriod = 100_000;
    private const ulong Microseconds = 1_000_000;

    /// <summary>A hundredth of a CPU, which systemd counts in.</summary>
    private const ulong Hundredth = Microseconds / 100;

    private readonly List<UnitProperty> properties = [];

    /// <summary>The properties of a new unit, without limits: those follow when its groups are there.</summary>
    /// <param name="name">The unit.</param>
    /// <param name="slice">The slice that it is in.</param>
    /// <param name="pid">A living process, which becomes the unit's first; a scope cannot be without. 0 for a slice.</param>
    /// <param name="resources">Some can only be told to a new unit.</param>
    /// <param name="annotations">The container's annotations; some are properties.</param>
    public IReadOnlyList<UnitProperty> OfNew(UnitName name, string slice, int pid, LinuxResources resources, IReadOnlyDictionary<string, string>? annotations)
    {
        Add("Description", BusValue.Of("tare container " + name.Name));
        if (name.IsSlice)
        {
            Add("Wants", BusValue.OfStrings([slice]));
        }
        else
        {
            Add("Slice", BusValue.Of(slice));
            Add("Delegate", BusValue.Of(true));
        }
        if (pid > 0 && !name.IsSlice) Add("PIDs", BusValue.OfProcesses([(uint)pid]));
        foreach (var counted in (ReadOnlySpan<string>)["MemoryAccounting", "CPUAccounting", isUnified ? "IOAccounting" : "BlockIOAccounting", "TasksAccounting"]) Add(counted, BusValue.Of(true));
        Add("DefaultDependencies", BusValue.Of(false));
        properties.AddRange(PropertyAnnotations.Of(annotations));
        if (isUnified && resources.Unified?.GetValueOrDefault("memory.oom.group") is { } group && version() >= 253)
            Add("OOMPolicy", BusValue.Of(group.Trim() == "1" ? "kill" : "continue"));
        return properties;
    }

    /// <summary>The limits as properties.</summary>
    /// <param name="resources">The limits.</param>
    /// <param name="applied">The limits that are to be set in the control groups too: where systemd rounds, rounded in the same way.</param>
    /// <exception cref="TareException">A limit makes no sense.</exception>
    public IReadOnlyList<UnitProperty> OfResources(LinuxResources resources, out LinuxResources applied)
    {
        applied = resources;
        if (resources.Devices is { } devices) properties.AddRange(UnitDevices.Of(devices, version(), warn));
        AddMemory(resources.Memory);
        AddWeight(resources);
        if (resources.Cpu is { } cpu)
        {
            var rounded = AddQuota(cpu.Quota ?? 0, cpu.Period ?? 0);
            if (rounded != (cpu.Quota ?? 0)) applied = resources with { Cpu = cpu with { Quota = rounded } };
        }
        if (!isUnified && resources.BlockIo?.Weight is { } io and not 0) Add("BlockIOWeight", BusValue.Of((ulong)io));
        if (resources.Pids?.Limit is { } pids) Add("TasksMax", BusValue.Of(pids < 0 ? ulong.MaxValue : Math.Max(1, (ulong)pids)));
        AddCpuset("AllowedCPUs", resources.Cpu?.Cpus);
        AddCpuset("AllowedMemoryNodes", resources.Cpu?.Mems);
        if (isUnified && resources.Unified is { } unified) AddUnified(unified);
        return properties;
    }

    private void Add(string name, BusValue value) => properties.Add(new UnitProperty(name, value));

    private void AddMemory(LinuxMemory? memory)
    {
        var (limit, swap) = (memory?.Limit ?? 0, memory?.Swap ?? 0);

        // -1, for no limit, is the same bits as systemd's "infinity".
        if (limit != 0) Add(isUnified ? "MemoryMax" : "MemoryLimit", BusValue.Of((ulong)limit));
        if (!isUnified) return;
        if (memory?.Reservation is { } reservation and not 0) Add("MemoryLow", BusValue.Of((ulong)reservation));

        // Without a limit of memory the swap alone is known only in the group.
        if (!(swap > 0 && limit == 0) && ResourcesV2.SwapAlone(swap, limit) is { } alone and not 0) Add("MemorySwapMax", BusValue.Of((ulong)alone));
    }

    private void AddWeight(LinuxResources resources)
    {
        var cpu = resources.Cpu;
        if (!isUnified)
        {
            if (cpu?.Shares is { } shares and not 0) Add("CPUShares", BusValue.Of(shares));
            return;
        }

        // To systemd a weight of 0 means idle, since 252.
        var isIdle = cpu?.Idle == 1 && version() >= 252;
        if (isIdle) Add("CPUWeight", BusValue.Of(0UL));
        if (cpu?.Shares is not { } weight || weight == 0) return;
        if (isIdle) warn?.Invoke("unable to apply both CPU shares and CPU idle to systemd: the shares are set in the control group alone");
        else Add("CPUWeight", BusValue.Of(ResourcesV2.WeightOfShares(weight)));
    }

    /// <summary>The part of a CPU, in microseconds a second. systemd counts in hundredths of a CPU, and takes no less than was asked for.</summary>
    /// <returns>The quota as systemd rounds it.</returns>
    private long AddQuota(long quota, ulong period)
    {
        if (quota == 0 && period == 0) return quota;
        if (period != 0 && version() >= 242) Add("CPUQuotaPeriodUSec", BusValue.Of(period));
        var perSecond = ulong.MaxValue;
        if (quota > 0)
        {
            period = period == 0 ? DefaultPeriod : period;
            perSecond = (ulong)quota * Microseconds / period;
            if (perSecond % Hundredth != 0)
            {
                perSecond = (perSecond / Hundredth + 1) * Hundredth;
                quota = (long)(perSecond * period / Microseconds);
            }
        }
        Add("CPUQuotaPerSecUSec", BusValue.Of(perSecond));
        return quota;
    }

    private void AddCpuset(string name, string? list)
    {
        if (!string.IsNullOrEmpty(list) && version() >= 244) Add(name, BusValue.Of(CpuMask.Of(list)));
    }

    private void AddUnified(IReadOnlyDictionary<string, string> unified)
    {
        foreach (var (file, text) in unified)
        {
            var value = text.Trim();
            switch (file)
            {
                case "cpu.idle":
                    if (value == "1" && version() >= 252) Add("CPUWeight", BusValue.Of(0UL));
                    break;
                case "cpu.max":
                    AddMax(value);
                    break;
                case "cpu.weight" when unified.GetValueOrDefault("cpu.idle")?.Trim() == "1" && version() >= 252:
                    warn?.Invoke("unable to apply both cpu.weight and cpu.idle to systemd: the weight is set in the control group alone");
                    break;
                case "cpu.weight":
                    Add("CPUWeight", BusValue.Of(Number(file, value)));
                    break;
                case "cpuset.cpus":
                    AddCpuset("AllowedCPUs", value);
                    break;
                case "cpuset.mems":
                    AddCpuset("AllowedMemoryNodes", value);
                    break;
                case "memory.high":
                    Add("MemoryHigh", BusValue.Of(Number(file, value)));
                    break;
                case "memory.low":
                    Add("MemoryLow", BusValue.Of(Number(file, value)));
                    break;
                case "memory.min":
                    Add("MemoryMin", BusValue.Of(Number(file, value)));
                    break;
                case "memory.max":
                    Add("MemoryMax", BusValue.Of(Number(file, value)));
                    break;
                case "memory.swap.max":
                    Add("MemorySwapMax", BusValue.Of(Number(file, value)));
                    break;
                case "pids.max":
                    Add("TasksMax", BusValue.Of(Math.Max(1, Number(file, value))));
                    break;
                default:
                    // Set in the control group alone.
                    break;
            }
        }
    }

    private void AddMax(string value)
    {
        var words = value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is < 1 or > 2) throw TareException.Invalid($"unified resource \"cpu.max\" has the value \"{value}\": write it as QUOTA PERIOD");
        var quota = words[0] == "max" ? 0 : (long)Number("cpu.max", words[0]);
        AddQuota(quota, words.Length == 2 ? Number("cpu.max", words[1]) : DefaultPeriod);
    }

    private static ulong Number(string file, string value) => value == "max"
        ? ulong.MaxValue
        : ulong.TryParse(value, CultureInfo.InvariantCulture, out var number) ? number : throw TareException.Invalid($"unified resource \"{file}\" has the value \"{value}\": write a number, or max");
}
