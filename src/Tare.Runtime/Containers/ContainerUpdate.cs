using Tare.Errors;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Containers;

/// <summary>Changes the limits of containers.</summary>
public static class ContainerUpdate
{
    /// <summary>
    /// Changes limits, and keeps them in the container's configuration, so that every verb sees the same. What is refused by the kernel
    /// leaves all as they were, as far as that can be.
    /// </summary>
    /// <param name="container">The container, locked.</param>
    /// <param name="asked">The limits to change; the others stay, and so do the rules about devices.</param>
    /// <param name="warn">Hears what is odd, but no failure.</param>
    /// <exception cref="TareException">The container has stopped, or a limit cannot be set.</exception>
    public static void Apply(OciContainer container, LinuxResources asked, Action<string> warn)
    {
        if (container.Status() == ContainerStatus.Stopped) throw TareException.Conflict($"container not running: {container.Id}");
        var before = container.ReadSpec();
        var change = new ResourceChange(before.Linux?.Resources ?? new LinuxResources(), asked);
        foreach (var warning in SpecValidator.CheckResources(change.ToCheck, HostFacts.OfResources())) warn(warning);
        try
        {
            container.Cgroup.Apply(change.ToSet);
        }
        catch
        {
            TakeBack(container, change, warn);
            throw;
        }
        container.SaveSpec(before with { Linux = (before.Linux ?? new LinuxSpec()) with { Resources = change.After } });
    }

    /// <summary>Changes the limits of a container's class of service in resctrl, and keeps them as the others are kept.</summary>
    /// <param name="container">The container, locked.</param>
    /// <param name="cacheSchema">A line such as <c>L3:0=f</c>; empty: none.</param>
    /// <param name="bandwidthSchema">A line such as <c>MB:0=20</c>; empty: none.</param>
    /// <exception cref="TareException">There is no resctrl, the container has no class, or the kernel refuses.</exception>
    public static void ApplySchemata(OciContainer container, string cacheSchema, string bandwidthSchema)
    {
        if (cacheSchema.Length == 0 && bandwidthSchema.Length == 0) return;
        var root = ResourceControl.FindRoot();
        if (cacheSchema.Length > 0 && !HostFacts.Allocates(root, "L3"))
            throw TareException.Invalid("Intel RDT/CAT: l3 cache schema is not enabled: resctrl is not mounted, or this host's CPU does not allocate cache; leave --l3-cache-schema out");
        if (bandwidthSchema.Length > 0 && !HostFacts.Allocates(root, "MB"))
            throw TareException.Invalid("Intel RDT/MBA: memory bandwidth schema is not enabled: resctrl is not mounted, or this host's CPU does not allocate memory bandwidth; leave --mem-bw-schema out");
        var before = container.ReadSpec();
        var limits = before.Linux?.IntelRdt ?? throw TareException.Invalid($"the container {container.Id} was created without a class of service: set linux.intelRdt in its configuration, or leave --l3-cache-schema and --mem-bw-schema out");
        var lines = new List<string>(2);
        if (cacheSchema.Length > 0) lines.Add(cacheSchema);
        if (bandwidthSchema.Length > 0) lines.Add(bandwidthSchema);
        new ResourceControl(root!, limits, container.Id).Write(lines);
        var changed = limits with
        {
            L3CacheSchema = cacheSchema.Length > 0 ? cacheSchema : limits.L3CacheSchema,
            MemBwSchema = bandwidthSchema.Length > 0 ? bandwidthSchema : limits.MemBwSchema,
        };
        container.SaveSpec(before with { Linux = before.Linux with { IntelRdt = changed } });
    }

    private static void TakeBack(OciContainer container, ResourceChange change, Action<string> warn)
    {
        try
        {
            container.Cgroup.Apply(change.ToTakeBack);
        }
        catch (TareException e)
        {
            warn($"some limits of the container {container.Id} have changed all the same: {e.Message}");
        }
    }
}
