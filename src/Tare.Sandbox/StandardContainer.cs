using System.Globalization;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Sandbox;

/// <summary>What every container gets, as with Docker: mounts, devices, hidden paths, capabilities.</summary>
internal static class StandardContainer
{
    /// <summary>The capabilities of an unprivileged container.</summary>
    public static readonly IReadOnlyList<string> CapabilityNames =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID",
        "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
    ];

    /// <summary>Paths that tell or allow too much of the host. Those that this kernel has not are passed over at each launch.</summary>
    public static readonly IReadOnlyList<string> MaskedPaths =
    [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
        "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
    ];

    /// <summary>Paths of the kernel that may be read and not written.</summary>
    public static readonly IReadOnlyList<string> ReadOnlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    /// <summary>The nodes of <c>/dev</c>.</summary>
    public static readonly IReadOnlyList<LinuxDevice> Devices =
    [
        Character("/dev/null", 1, 3), Character("/dev/zero", 1, 5), Character("/dev/full", 1, 7), Character("/dev/random", 1, 8),
        Character("/dev/urandom", 1, 9), Character("/dev/tty", 5, 0),
    ];

    /// <summary>What an unprivileged container may do with devices: make any node, use the harmless ones.</summary>
    public static readonly IReadOnlyList<LinuxDeviceCgroup> DeviceRules =
    [
        new() { Allow = false, Type = "a", Access = "rwm" },
        new() { Allow = true, Type = "c", Access = "m" },
        new() { Allow = true, Type = "b", Access = "m" },
        Rule(1, 3), Rule(1, 5), Rule(1, 7), Rule(1, 8), Rule(1, 9), Rule(5, 0), Rule(5, 1), Rule(5, 2), Rule(136, null),
        Rule(10, 200), // tun: images of virtual private networks make the node themselves
    ];

    /// <summary>Stands for <c>/dev/shm</c> of the container whose IPC namespace is joined, as the source of a bind.</summary>
    public const string JoinedMemory = "shm of the joined container";

    /// <summary>The mounts below which everything else lies. The control groups are mounted by the compiler.</summary>
    public static IReadOnlyList<MountSpec> Mounts(bool privileged, long shmSize, NamespaceMode ipc)
    {
        // POSIX shared memory is files in /dev/shm: who shares an IPC namespace shares them.
        var shm = ipc switch
        {
            NamespaceMode.Host => new MountSpec { Destination = "/dev/shm", Type = "bind", Source = "/dev/shm", Options = ["rbind", "rprivate"] },
            NamespaceMode.Join => new MountSpec { Destination = "/dev/shm", Type = "bind", Source = JoinedMemory, Options = ["bind", "rprivate"] },
            _ => new MountSpec { Destination = "/dev/shm", Type = "tmpfs", Source = "shm", Options = ["nosuid", "noexec", "nodev", "mode=1777", "size=" + shmSize.ToString(CultureInfo.InvariantCulture)] },
        };
        return
        [
            new() { Destination = "/proc", Type = "proc", Source = "proc", Options = ["nosuid", "noexec", "nodev"] },
            new() { Destination = "/dev", Type = "tmpfs", Source = "tmpfs", Options = ["nosuid", "strictatime", "mode=755", "size=65536k"] },
            new() { Destination = "/dev/pts", Type = "devpts", Source = "devpts", Options = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"] },
            new() { Destination = "/sys", Type = "sysfs", Source = "sysfs", Options = ["nosuid", "noexec", "nodev", privileged ? "rw" : "ro"] },
            // Its content is that of the IPC namespace, whichever it is.
            new() { Destination = "/dev/mqueue", Type = "mqueue", Source = "mqueue", Options = ["nosuid", "noexec", "nodev"] },
            shm,
        ];
    }

    /// <summary>The effective set: the standard one, plus and minus what was asked for. <c>ALL</c> is what this process can give.</summary>
    /// <exception cref="Tare.Errors.TareException">A name is unknown, or the capability cannot be given here.</exception>
    public static IReadOnlyList<string> CapabilitiesOf(SecurityOptions security)
    {
        var everything = Capabilities.All.Where((_, number) => number <= Capabilities.Last && (Capabilities.Bounding >> number & 1) == 1);
        var add = Normalize(security.CapAdd, "CapAdd");
        var drop = Normalize(security.CapDrop, "CapDrop");
        if (security.Privileged) return [.. everything];
        IEnumerable<string> start = drop.Contains("ALL") ? [] : CapabilityNames;
        if (add.Contains("ALL")) start = everything;
        return [.. start.Where(name => !drop.Contains(name)).Concat(add.Where(name => name != "ALL")).Distinct()];
    }

    /// <summary>The host's device nodes, for a privileged container.</summary>
    public static IEnumerable<LinuxDevice> HostDevices() => DeviceNodes.Walk("/dev", "/dev")
        .Where(device => device.Path is not ("/dev/console" or "/dev/ptmx") && !device.Path.StartsWith("/dev/pts/", StringComparison.Ordinal));

    /// <summary>Full names; first all must be known, as with Docker.</summary>
    private static HashSet<string> Normalize(IReadOnlyList<string> names, string option)
    {
        var full = names.Select(name => name.ToUpperInvariant()).Select(upper => upper == "ALL" || upper.StartsWith("CAP_", StringComparison.Ordinal) ? upper : "CAP_" + upper).ToHashSet();
        foreach (var name in full)
        {
            if (name != "ALL" && Capabilities.NumberOf(name) < 0) throw Tare.Errors.TareException.Invalid($"invalid {option}: unknown capability: \"{name}\"");
        }
        foreach (var name in full)
        {
            if (name != "ALL" && Capabilities.Mask([name]) == 0)
                throw Tare.Errors.TareException.Invalid($"invalid {option}: capability not supported by your kernel or not available in the current environment: \"{name}\"");
        }
        return full;
    }

    private static LinuxDevice Character(string path, long major, long minor) => new() { Path = path, Type = "c", Major = major, Minor = minor, FileMode = 0x1B6 };

    private static LinuxDeviceCgroup Rule(long major, long? minor) => new() { Allow = true, Type = "c", Major = major, Minor = minor, Access = "rwm" };
}
