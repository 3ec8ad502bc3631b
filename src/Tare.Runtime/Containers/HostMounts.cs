using Tare.Linux;

namespace Tare.Runtime.Containers;

/// <summary>The mounts of a container that has no mount namespace of its own.</summary>
internal static class HostMounts
{
    /// <summary>Undoes what is mounted at a root filesystem, and all below it.</summary>
    public static void Undo(string rootfs) => Mounts.Detach(rootfs);
}
