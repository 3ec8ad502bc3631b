namespace Tare.Oci.Runtime;

/// <summary>
/// The configuration that the verb <c>spec</c> writes for a new bundle: a shell at a terminal, with the namespaces, mounts,
/// masked and read-only paths, and the few capabilities of runc's.
/// </summary>
public static class ExampleSpec
{
    /// <summary>The configuration for root.</summary>
    /// <param name="unifiedCgroups">Whether the host has cgroup v2, where the container gets a cgroup namespace.</param>
    public static Spec Create(bool unifiedCgroups)
    {
        List<string> capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
        return new Spec
        {
            OciVersion = Spec.CurrentVersion,
            Process = new ProcessSpec
            {
                Terminal = true,
                Args = ["sh"],
                Env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
                Cwd = "/",
                Capabilities = new LinuxCapabilities { Bounding = capabilities, Effective = capabilities, Permitted = capabilities },
                Rlimits = [new Rlimit("RLIMIT_NOFILE", 1024, 1024)],
                NoNewPrivileges = true,
            },
            Root = new RootSpec { Path = "rootfs", Readonly = true },
            Hostname = "tare",
            Mounts = Mounts(),
            Linux = new LinuxSpec
            {
                Resources = new LinuxResources { Devices = [new LinuxDeviceCgroup { Allow = false, Access = "rwm" }] },
                Namespaces = Namespaces(unifiedCgroups),
                MaskedPaths =
                [
                    "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                    "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
                ],
                ReadonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
            },
        };
    }

    /// <summary>The same for a user who is not root: in a user namespace of one id, in the host's network, without limits.</summary>
    /// <param name="unifiedCgroups">Whether the host has cgroup v2.</param>
    /// <param name="euid">The user's effective id, which is root inside.</param>
    /// <param name="egid">The user's effective group id, which is root inside.</param>
    public static Spec CreateRootless(bool unifiedCgroups, uint euid, uint egid)
    {
        var spec = Create(unifiedCgroups);
        return spec with
        {
            Mounts = RootlessMounts(spec.Mounts!),
            Linux = spec.Linux! with
            {
                Resources = null,
                Namespaces =
                [
                    .. spec.Linux.Namespaces!.Where(static ns => ns.Type != LinuxNamespaceTypes.Network),
                    new LinuxNamespace { Type = LinuxNamespaceTypes.User },
                ],
                UidMappings = [new LinuxIdMapping(0, euid, 1)],
                GidMappings = [new LinuxIdMapping(0, egid, 1)],
            },
        };
    }

    private static List<MountSpec> Mounts() =>
    [
        Mount("/proc", "proc", "proc"),
        Mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        Mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
        Mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
        Mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
        Mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
        Mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro"),
    ];

    // A sysfs of its own belongs to a network namespace of its own, so the host's is shown; and ids in options would have to be
    // mapped.
    private static List<MountSpec> RootlessMounts(IReadOnlyList<MountSpec> mounts)
    {
        var rootless = new List<MountSpec>(mounts.Count);
        foreach (var mount in mounts)
        {
            rootless.Add(mount.Destination == "/sys"
                ? Mount("/sys", "none", "/sys", "rbind", "nosuid", "noexec", "nodev", "ro")
                : mount with { Options = mount.Options?.Where(static option => !IsOwner(option)).ToList() });
        }

        return rootless;
    }

    private static bool IsOwner(string option) =>
        option.StartsWith("uid=", StringComparison.Ordinal) || option.StartsWith("gid=", StringComparison.Ordinal);

    private static MountSpec Mount(string destination, string type, string source, params string[] options) =>
        new() { Destination = destination, Type = type, Source = source, Options = options.Length == 0 ? null : options };

    private static List<LinuxNamespace> Namespaces(bool unifiedCgroups)
    {
        var namespaces = new List<LinuxNamespace>
        {
            new() { Type = LinuxNamespaceTypes.Pid },
            new() { Type = LinuxNamespaceTypes.Network },
            new() { Type = LinuxNamespaceTypes.Ipc },
            new() { Type = LinuxNamespaceTypes.Uts },
            new() { Type = LinuxNamespaceTypes.Mount },
        };
        if (unifiedCgroups) namespaces.Add(new LinuxNamespace { Type = LinuxNamespaceTypes.Cgroup });
        return namespaces;
    }
}
