using Tare.Linux;

namespace Tare.Runtime.Launching;

/// <summary>How a container gets its root.</summary>
public abstract record RootEntry;

/// <summary>A detached mount over the empty root of a template namespace (<see cref="BirthInputs.Template"/>).</summary>
/// <param name="Mount">The root filesystem.</param>
public sealed record TemplateRoot(int Mount) : RootEntry;

/// <summary>A directory of the runtime's mount namespace, of which the container's is a copy until its root is entered.</summary>
/// <param name="Path">Where it is: an absolute path without links.</param>
/// <param name="Mount">A detached mount of it; null: the process makes one.</param>
public sealed record PivotedRoot(string Path, int? Mount) : RootEntry
{
    /// <summary>What becomes of the copied mounts.</summary>
    public Propagation Propagation { get; init; } = Propagation.Slave;

    /// <summary>The propagation of the root itself, at the end.</summary>
    public Propagation OwnPropagation { get; init; }

    /// <summary>Whether that goes for all below it.</summary>
    public bool OwnPropagationRecursive { get; init; }

    /// <summary>Move the root over the old one instead of pivot_root(2), which refuses an initramfs.</summary>
    public bool NoPivot { get; init; }

    /// <summary>
    /// The container has no mount namespace of its own: what is mounted is mounted in the runtime's, nothing there is changed or let go
    /// of, and the root is entered by chroot(2).
    /// </summary>
    public bool Shared { get; init; }
}
