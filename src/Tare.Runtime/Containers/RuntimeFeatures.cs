using Tare.Oci.Runtime;

namespace Tare.Runtime.Containers;

/// <summary>What this runtime understands (features.md): what it does with a specification, and not what this host has.</summary>
public static class RuntimeFeatures
{
    /// <summary>Whether <c>idmap</c> and <c>ridmap</c> are heeded.</summary>
    private const bool HasIdMappedMounts = false;

    /// <summary>The document.</summary>
    /// <param name="annotations">Facts of the program, such as its version.</param>
    public static Features Of(IReadOnlyDictionary<string, string> annotations) => new()
    {
        MountOptions = [.. MountOptionNames.All.Where(static option => IsHeeded(option))],
        Annotations = annotations,
        PotentiallyUnsafeConfigAnnotations = ["org.systemd.property."],
        Linux = new LinuxFeatures
        {
            Cgroup = new CgroupFeatures { V1 = true, V2 = true, Systemd = true, SystemdUser = true, Rdma = true },
            Seccomp = Seccomp,
            Apparmor = true,
            Selinux = true,
            IntelRdt = new IntelRdtFeatures { Enabled = false },
            MemoryPolicy = null,
            IdMappedMounts = HasIdMappedMounts,
            NetDevices = false,
        },
    };

    /// <summary>What <see cref="SeccompCompiler"/> takes.</summary>
    private static SeccompFeatures Seccomp => new()
    {
        Enabled = true,
        Actions = ["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP"],
        Operators = ["SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE"],
        Archs = ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64"],
        KnownFlags = [],
        SupportedFlags = [],
    };

    private static bool IsHeeded(string option) => option switch
    {
        "idmap" or "ridmap" => HasIdMappedMounts,
        // A container's mounts are all new: there is nothing to mount again.
        "remount" => false,
        _ => true,
    };
}
