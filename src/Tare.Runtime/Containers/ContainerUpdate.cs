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
