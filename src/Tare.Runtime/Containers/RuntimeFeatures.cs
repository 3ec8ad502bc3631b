using Tare.Oci.Runtime;

namespace Tare.Runtime.Containers;

/// <summary>What this runtime understands (features.md): what it does with a specification, and not what this host has.</summary>
public static class RuntimeFeatures
{
    /// <summary>The document.</summary>
    /// <param name="annotations">Facts of the program, such as its version.</param>
    public static Features Of(IReadOnlyDictionary<string, string> annotations) => new()
    {
        // A container's mounts are all new: there is nothing to mount again.
        MountOptions = [.. MountOptionNames.All.Where(static option => option != "remount")],
        Annotations = annotations,
        PotentiallyUnsafeConfigAnnotations = ["org.systemd.property."],
        Linux = new LinuxFeatures
        {
            Cgroup = new CgroupFeatures { V1 = true, V2 = true, Systemd = true, SystemdUser = true, Rdma = true },
            Seccomp = SeccompProbe.Features(),
            Apparmor = true,
            Selinux = true,
            IntelRdt = new IntelRdtFeatures { Enabled = true, Schemata = true, Monitoring = true },
            MemoryPolicy = new MemoryPolicyFeatures(),
            IdMappedMounts = true,
            NetDevices = true,
        },
    };
}
