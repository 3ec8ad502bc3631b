using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime;
using Tare.Runtime.Containers;
using Tare.Runtime.Launching;
using Tare.Runtime.Rootfs;

namespace Tare.Sandbox;

/// <summary>Opens what a container's binds are of: paths in the daemon's namespace, what was made for the container, or another one's shared memory.</summary>
/// <param name="descriptors">Those of the launch, which own what is opened.</param>
/// <param name="layered">The overlays that were made.</param>
/// <param name="idMapped">Shows files as somebody else's where a bind asks for it.</param>
/// <param name="ipc">The process whose IPC namespace is joined; null: none.</param>
internal sealed class BindOpener(DescriptorList descriptors, LayeredMounts layered, IdMappedMounts idMapped, Fd? ipc)
{
    /// <summary>Opens the source of one.</summary>
    /// <exception cref="Tare.Errors.TareException">It is not there, or cannot be bound as it is asked for.</exception>
    public MountSource Open(MountSpec mount, MountFlags flags)
    {
        if (layered.TryTake(mount.Source!) is { } made) return BindSources.Adopt(made, flags, descriptors);
        return mount.Source == StandardContainer.JoinedMemory
            ? BindSources.Adopt(Namespaces.CloneTreeOf(ipc ?? throw new InvalidOperationException("joining the IPC namespace needs a process"), "/dev/shm"), flags, descriptors)
            : BindSources.Open(mount, flags, descriptors, mapIds: tree => idMapped.Map(tree, mount, flags));
    }
}
