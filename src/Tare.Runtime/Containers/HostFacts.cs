using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;

namespace Tare.Runtime.Containers;

/// <summary>What this host can do, for the checks of a specification. Little is looked at that the specification does not ask for.</summary>
public static class HostFacts
{
    private const string ResourceControl = "/sys/fs/resctrl";

    /// <summary>For a process alone.</summary>
    internal static SpecContext Of() => new()
    {
        LastCapability = Capabilities.Last,
        Rootless = UserIds.Effective != 0,
        AppArmor = SecurityModules.HasAppArmor,
        Selinux = SecurityModules.HasSelinux,
    };

    /// <summary>For limits alone.</summary>
    internal static SpecContext OfResources() => new() { UnifiedCgroups = HasUnifiedCgroups() };

    /// <summary>For a whole specification.</summary>
    internal static SpecContext Of(RuntimeContext context, Spec spec, bool noPivot)
    {
        var process = spec.Process;
        var namespaces = NamespacePlan.Of(spec.Linux).Own;
        return new SpecContext
        {
            UnifiedCgroups = HasUnifiedCgroups(),
            SystemdCgroups = context.SystemdCgroup,
            Rootless = UserIds.Effective != 0,
            RootlessCgroups = UserIds.Effective != 0,
            NoPivotRoot = noPivot,
            UserNamespaces = !namespaces.HasFlag(NamespaceKinds.User) || Exists("/proc/self/ns/user"),
            CgroupNamespaces = !namespaces.HasFlag(NamespaceKinds.Cgroup) || Exists("/proc/self/ns/cgroup"),
            TimeNamespaces = !namespaces.HasFlag(NamespaceKinds.Time) || Exists("/proc/self/ns/time"),
            LastCapability = Capabilities.Last,
            AppArmor = !string.IsNullOrEmpty(process?.ApparmorProfile) && SecurityModules.HasAppArmor,
            Selinux = (!string.IsNullOrEmpty(process?.SelinuxLabel) || !string.IsNullOrEmpty(spec.Linux?.MountLabel)) && SecurityModules.HasSelinux,
            IntelRdt = spec.Linux?.IntelRdt is not null && Exists(ResourceControl + "/schemata"),
            IntelRdtCache = spec.Linux?.IntelRdt is not null && Exists(ResourceControl + "/info/L3"),
            IntelRdtBandwidth = spec.Linux?.IntelRdt is not null && Exists(ResourceControl + "/info/MB"),
        };
    }

    private static bool Exists(string path) => FileStatuses.OfPath(path) is not null;

    /// <summary>Whether the host has cgroup v2 alone.</summary>
    public static bool HasUnifiedCgroups()
    {
        try
        {
            return CgroupLayout.Host.IsUnified;
        }
        catch (TareException)
        {
            // None are mounted: whoever needs one is told so.
            return true;
        }
    }
}
