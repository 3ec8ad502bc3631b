using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Launching;

namespace Tare.Runtime.Rootfs;

/// <summary>The sources of bind mounts: opened in the caller's namespace, they travel to the launch as detached mounts.</summary>
public static class BindSources
{
    /// <summary>Clones what a mount binds, and gives the copy the attributes that the mount wants.</summary>
    /// <param name="mount">The mount; its source is a path of the host.</param>
    /// <param name="flags">Its options.</param>
    /// <param name="descriptors">Takes the copy.</param>
    /// <param name="inherited">The propagation of a mount that says none.</param>
    /// <param name="mapIds">Maps the ids of the copy, where that is wanted.</param>
    /// <exception cref="TareException">There is no such source, or the kernel refuses an attribute.</exception>
    public static MountSource Open(MountSpec mount, MountFlags flags, DescriptorList descriptors, Propagation inherited = Propagation.Unchanged, Action<Fd>? mapIds = null)
    {
        Fd tree;
        try
        {
            tree = Mounts.CloneTree(mount.Source!, flags.Recursive);
        }
        catch (LinuxException e) when (e.Error is Errno.ENOENT)
        {
            throw TareException.Invalid($"invalid mount config for type \"bind\": bind source path does not exist: {mount.Source}", e);
        }
        var source = Adopt(tree, flags, descriptors, inherited);
        mapIds?.Invoke(tree);
        return source;
    }

    /// <summary>As <see cref="Open"/>, of a copy that is there already. Takes it.</summary>
    public static MountSource Adopt(Fd tree, MountFlags flags, DescriptorList descriptors, Propagation inherited = Propagation.Unchanged)
    {
        var number = descriptors.Add(tree);
        if (flags.Attributes != 0 || flags.Cleared != 0) Mounts.SetAttributes(tree, flags.Attributes, flags.Cleared, Propagation.Unchanged, recursive: false);
        if (flags.RecursiveAttributes != 0 || flags.RecursiveCleared != 0)
            Mounts.SetAttributes(tree, flags.RecursiveAttributes, flags.RecursiveCleared, Propagation.Unchanged, recursive: true);
        if (flags.Propagation != Propagation.Unchanged) Mounts.SetAttributes(tree, 0, 0, flags.Propagation, flags.PropagationRecursive);
        else if (inherited != Propagation.Unchanged) Mounts.SetAttributes(tree, 0, 0, inherited, recursive: true);
        return new MountSource(number, FileStatuses.Of(tree) is { IsDirectory: true });
    }
}
