using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Launching;

namespace Tare.Runtime.Containers;

/// <summary>
/// The user namespaces of id-mapped mounts (config.md, "Mounts"; mount_setattr(2)). A mount with mappings of its own gets one that is made
/// for it; one without gets the container's, or one that is mapped as the container's will be, which is not there yet.
/// </summary>
/// <param name="linux">The container's namespaces.</param>
public sealed class IdMappedMounts(LinuxSpec linux) : IDisposable
{
    private readonly Dictionary<(string Users, string Groups), Fd> made = [];

    /// <summary>Maps the ids of a mount that is not attached yet.</summary>
    /// <exception cref="TareException">The kernel, or a filesystem, refuses.</exception>
    public void Map(Fd tree, MountSpec mount, MountFlags flags)
    {
        if (!flags.IdMap && mount.UidMappings is null && mount.GidMappings is null) return;
        try
        {
            Mounts.MapIds(tree, NamespaceOf(mount), flags.IdMapRecursive);
        }
        catch (LinuxException e)
        {
            throw TareException.Invalid(
                $"cannot map the ids of the mount of {mount.Source} at {mount.Destination}: {Errno.Describe(e.Error)}: "
                + (e.Error == Errno.EINVAL ? $"its filesystem{(flags.IdMapRecursive ? ", or one below it," : "")} or this kernel has no id-mapped mounts" : "the kernel does not allow these mappings"),
                e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var descriptor in made.Values) descriptor.Dispose();
    }

    private Fd NamespaceOf(MountSpec mount)
    {
        var own = mount.UidMappings is not null || mount.GidMappings is not null;
        var joined = "";
        foreach (var wanted in linux.Namespaces ?? [])
        {
            if (wanted.Type == LinuxNamespaceTypes.User) joined = wanted.Path ?? "";
        }
        var key = own ? (IdMapPlan.Format(mount.UidMappings ?? []), IdMapPlan.Format(mount.GidMappings ?? []))
            : joined.Length > 0 ? (joined, "")
            : (IdMapPlan.Format(linux.UidMappings ?? []), IdMapPlan.Format(linux.GidMappings ?? []));
        if (made.TryGetValue(key, out var known)) return known;
        if (!own && joined.Length > 0) return made[key] = Paths.Open(joined, OpenFlags.ReadOnly);
        using var launcher = Launcher.Load();
        return made[key] = IdleProcess.NewUserNamespace(launcher, key.Item1, key.Item2);
    }
}
