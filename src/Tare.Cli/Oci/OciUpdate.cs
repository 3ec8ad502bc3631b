using System.Globalization;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Cli.Io;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Containers;

namespace Tare.Cli.Oci;

/// <summary>oci update: changes the limits of a container.</summary>
internal sealed class OciUpdate : OciVerb
{
    private readonly TextFlag resources;
    private readonly NumberFlag blkioWeight;
    private readonly TextFlag cpuPeriod;
    private readonly TextFlag cpuQuota;
    private readonly TextFlag cpuBurst;
    private readonly TextFlag cpuShare;
    private readonly TextFlag realtimePeriod;
    private readonly TextFlag realtimeRuntime;
    private readonly TextFlag cpusetCpus;
    private readonly TextFlag cpusetMems;
    private readonly TextFlag kernelMemory;
    private readonly TextFlag kernelMemoryTcp;
    private readonly TextFlag memory;
    private readonly TextFlag cpuIdle;
    private readonly TextFlag memoryReservation;
    private readonly TextFlag memorySwap;
    private readonly NumberFlag pidsLimit;
    private readonly TextFlag cacheSchema;
    private readonly TextFlag bandwidthSchema;

    public OciUpdate()
        : base("<container-id>", "Change the limits of a container", ArgumentCount.Exactly(1))
    {
        resources = Flags.Text("resources", "File with limits as JSON, as linux.resources of config.json, or - for standard input; no other option counts then", 'r');
        blkioWeight = Flags.Number("blkio-weight", "Weight of block I/O, from 10 to 1000");
        cpuPeriod = Flags.Text("cpu-period", "Microseconds in which the quota is spent");
        cpuQuota = Flags.Text("cpu-quota", "Microseconds of CPU time in each period; -1 for no limit");
        cpuBurst = Flags.Text("cpu-burst", "Microseconds of CPU time that may be saved up");
        cpuShare = Flags.Text("cpu-share", "CPU shares, the weight beside other containers");
        realtimePeriod = Flags.Text("cpu-rt-period", "Microseconds in which the real-time quota is spent");
        realtimeRuntime = Flags.Text("cpu-rt-runtime", "Microseconds of real-time scheduling in each of its periods");
        cpusetCpus = Flags.Text("cpuset-cpus", "CPUs to use, such as 0-3,7");
        cpusetMems = Flags.Text("cpuset-mems", "Memory nodes to use");
        kernelMemory = Flags.Add(new TextFlag("kernel-memory", '\0', "Ignored: no kernel limits it apart any more") { Hidden = true });
        kernelMemoryTcp = Flags.Add(new TextFlag("kernel-memory-tcp", '\0', "Ignored: no kernel limits it apart any more") { Hidden = true });
        memory = Flags.Text("memory", "Bytes of memory, such as 512m; -1 for no limit");
        cpuIdle = Flags.Text("cpu-idle", "Whether it runs only when nothing else does: 0 or 1");
        memoryReservation = Flags.Text("memory-reservation", "Bytes of memory that are left to it when memory is short");
        memorySwap = Flags.Text("memory-swap", "Bytes of memory and swap together; -1 for no limit of swap");
        pidsLimit = Flags.Number("pids-limit", "Number of processes and threads; -1 for no limit");
        cacheSchema = Flags.Text("l3-cache-schema", "Line for the schemata of Intel RDT's cache allocation");
        bandwidthSchema = Flags.Text("mem-bw-schema", "Line for the schemata of Intel RDT's bandwidth allocation");
    }

    public override int Run(OciSession session, IReadOnlyList<string> arguments)
    {
        using var container = OciContainer.Open(session.Context, arguments[0], locked: true);
        var change = resources.Value.Length > 0 ? Read() : Given();
        ContainerUpdate.ApplySchemata(container, cacheSchema.Value, bandwidthSchema.Value);
        ContainerUpdate.Apply(container, change, session.Context.Warn);
        return 0;
    }

    private LinuxResources Read()
    {
        if (resources.Value == "-") return SpecReader.ReadResources(FileContent.ReadToEnd(StandardStreams.Input, SpecReader.MaxSize), "standard input");
        using var file = Paths.TryOpen(Paths.CurrentDirectory, resources.Value, OpenFlags.ReadOnly, Resolve.None, out var error)
            ?? throw new CommandException($"open {resources.Value}: {Errno.Describe(error)}: --resources names a file of limits");
        return SpecReader.ReadResources(FileContent.ReadToEnd(file, SpecReader.MaxSize), resources.Value);
    }

    private LinuxResources Given() => new()
    {
        Memory = new LinuxMemory
        {
            Limit = Bytes(memory),
            Swap = Bytes(memorySwap),
            Reservation = Bytes(memoryReservation),
            Kernel = Bytes(kernelMemory),
            KernelTcp = Bytes(kernelMemoryTcp),
        },
        Cpu = new LinuxCpu
        {
            Shares = Unsigned(cpuShare),
            Quota = Signed(cpuQuota),
            Period = Unsigned(cpuPeriod),
            Burst = Unsigned(cpuBurst),
            RealtimePeriod = Unsigned(realtimePeriod),
            RealtimeRuntime = Signed(realtimeRuntime),
            Idle = Signed(cpuIdle),
            Cpus = cpusetCpus.Value.Length > 0 ? cpusetCpus.Value : null,
            Mems = cpusetMems.Value.Length > 0 ? cpusetMems.Value : null,
        },
        Pids = new LinuxPids { Limit = pidsLimit.Given ? pidsLimit.Value : null },
        BlockIo = new LinuxBlockIo { Weight = Weight() },
    };

    private ushort? Weight()
    {
        if (blkioWeight.Value == 0) return null;
        return blkioWeight.Value is > 0 and <= ushort.MaxValue
            ? (ushort)blkioWeight.Value
            : throw new CommandException($"invalid value for blkio-weight: {blkioWeight.Value}: use a weight from 10 to 1000");
    }

    /// <summary>A size as Docker reads it; -1 is no limit.</summary>
    private static long? Bytes(TextFlag flag)
    {
        if (flag.Value.Length == 0) return null;
        if (flag.Value == "-1") return -1;
        return Units.TryParseSize(flag.Value, out var bytes) is { } wrong ? throw Invalid(flag, wrong, "a size such as 512m, or -1") : bytes;
    }

    private static long? Signed(TextFlag flag)
    {
        if (flag.Value.Length == 0) return null;
        return long.TryParse(flag.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Invalid(flag, $"{GoText.Quote(flag.Value)} is no whole number", "a whole number");
    }

    private static ulong? Unsigned(TextFlag flag)
    {
        if (flag.Value.Length == 0) return null;
        return ulong.TryParse(flag.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Invalid(flag, $"{GoText.Quote(flag.Value)} is no whole number", "a whole number that is not negative");
    }

    private static CommandException Invalid(TextFlag flag, string cause, string fix) => new($"invalid value for {flag.Name}: {cause}: use {fix}");
}
