using Tare.Linux;

namespace Tare.Runtime.Containers;

/// <summary>The mounts of a container that has no mount namespace of its own: its root, and all that is mounted in it.</summary>
internal static class HostMounts
{
    /// <summary>Undoes what is mounted at a root filesystem, and all below it, if it is that of the container.</summary>
    /// <param name="rootfs">Where.</param>
    /// <param name="id">The container's (<see cref="Mounts.IdOf"/>); 0: it has not come to that.</param>
    /// <param name="warn">Hears that something else lies there.</param>
    public static void Undo(string rootfs, ulong id, Action<string> warn)
    {
        if (id == 0) return;
        using var root = Find(rootfs);
        if (root is null) return;
        if (Mounts.IdOf(root) == id) Mounts.Detach(root);
        else if (Mounts.IsRoot(root)) warn($"what is mounted at {rootfs} is not what this container has mounted there: it is left as it is");
    }

    /// <summary>The root of such a container; null when something else is at its place.</summary>
    public static Fd? Open(string rootfs, ulong id)
    {
        var root = Find(rootfs);
        if (root is null || Mounts.IdOf(root) == id) return root;
        root.Dispose();
        return null;
    }

    private static Fd? Find(string rootfs) =>
        Paths.TryOpen(Paths.CurrentDirectory, rootfs, OpenFlags.Path | Paths.Directory | Paths.NoFollow, Resolve.NoSymlinks, out _);
}
