namespace Tare.Oci.Runtime.Writing;

/// <summary>What a runtime understands (features.md, features-linux.md).</summary>
internal static class FeaturesWriter
{
    public static void Write(DocumentWriter json, Features features)
    {
        json.Object();
        json.Text("ociVersionMin"u8, features.OciVersionMin);
        json.Text("ociVersionMax"u8, features.OciVersionMax);
        json.Texts("hooks"u8, features.Hooks);
        json.Texts("mountOptions"u8, features.MountOptions);
        if (features.Linux is { } linux) Write(json, linux);
        json.Texts("annotations"u8, features.Annotations);
        json.Texts("potentiallyUnsafeConfigAnnotations"u8, features.PotentiallyUnsafeConfigAnnotations);
        json.EndObject();
    }

    private static void Write(DocumentWriter json, LinuxFeatures linux)
    {
        json.Object("linux"u8);
        json.Texts("namespaces"u8, linux.Namespaces);
        json.Texts("capabilities"u8, linux.Capabilities);
        if (linux.Cgroup is { } cgroup)
        {
            json.Object("cgroup"u8);
            json.Flag("v1"u8, cgroup.V1);
            json.Flag("v2"u8, cgroup.V2);
            json.Flag("systemd"u8, cgroup.Systemd);
            json.Flag("systemdUser"u8, cgroup.SystemdUser);
            json.Flag("rdma"u8, cgroup.Rdma);
            json.EndObject();
        }

        if (linux.Seccomp is { } seccomp) Write(json, seccomp);
        WriteEnabled(json, "apparmor"u8, linux.Apparmor);
        WriteEnabled(json, "selinux"u8, linux.Selinux);
        if (linux.IntelRdt is { } intelRdt)
        {
            json.Object("intelRdt"u8);
            json.Flag("enabled"u8, intelRdt.Enabled);
            json.Flag("schemata"u8, intelRdt.Schemata);
            json.Flag("monitoring"u8, intelRdt.Monitoring);
            json.EndObject();
        }

        if (linux.MemoryPolicy is { } policy)
        {
            json.Object("memoryPolicy"u8);
            json.Texts("modes"u8, policy.Modes);
            json.Texts("flags"u8, policy.Flags);
            json.EndObject();
        }

        if (linux.IdMappedMounts is not null)
        {
            json.Object("mountExtensions"u8);
            WriteEnabled(json, "idmap"u8, linux.IdMappedMounts);
            json.EndObject();
        }

        WriteEnabled(json, "netDevices"u8, linux.NetDevices);
        json.EndObject();
    }

    private static void Write(DocumentWriter json, SeccompFeatures seccomp)
    {
        json.Object("seccomp"u8);
        json.Flag("enabled"u8, seccomp.Enabled);
        json.Texts("actions"u8, seccomp.Actions);
        json.Texts("operators"u8, seccomp.Operators);
        json.Texts("archs"u8, seccomp.Archs);
        json.Texts("knownFlags"u8, seccomp.KnownFlags);
        json.Texts("supportedFlags"u8, seccomp.SupportedFlags);
        json.EndObject();
    }

    private static void WriteEnabled(DocumentWriter json, ReadOnlySpan<byte> name, bool? enabled)
    {
        if (enabled is null) return;
        json.Object(name);
        json.Flag("enabled"u8, enabled);
        json.EndObject();
    }
}
