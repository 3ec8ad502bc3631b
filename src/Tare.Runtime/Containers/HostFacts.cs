using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;

namespace Tare.Runtime.Containers;

/// <summary>What this host can do, for the checks of a specification. Little is looked at that the specification does not ask for.</summary>
public static class HostFacts
{
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
        var resourceControl = spec.Linux?.IntelRdt is null ? null : ResourceControl.FindRoot();
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
            IntelRdt = resourceControl is not null,
            IntelRdtCache = Allocates(resourceControl, "L3"),
            IntelRdtBandwidth = Allocates(resourceControl, "MB"),
        };
    }

    /// <summary>Whether resctrl allocates a resource, <c>L3</c> for cache or <c>MB</c> for memory bandwidth.</summary>
    /// <param name="resourceControl">Where it is mounted; null: nowhere.</param>
    /// <param name="resource">The resource.</param>
    internal static bool Allocates(string? resourceControl, string resource) => resourceControl is not null && Exists($"{resourceControl}/info/{resource}");

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
