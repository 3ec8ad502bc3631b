using Tare.Images.Trees;
using Tare.Linux;

namespace Tare.Images.Roots;

/// <summary>The root filesystem of a container, mounted or not. All paths are absolute.</summary>
/// <param name="containerId">The container.</param>
/// <param name="directory">See <see cref="Directory"/>.</param>
/// <param name="layers">See <see cref="Layers"/>.</param>
/// <param name="baseLayer">What lies below the image's layers; absent for nothing.</param>
public abstract class WritableRoot(string containerId, string directory, IReadOnlyList<string> layers, string? baseLayer)
{
    /// <summary>The container.</summary>
    public string ContainerId => containerId;

    /// <summary>The directory that takes what the container writes.</summary>
    public string Directory => directory;

    /// <summary>The image's layers, the uppermost first.</summary>
    public IReadOnlyList<string> Layers => layers;

    /// <summary>How it was made.</summary>
    public abstract StorageDriver Driver { get; }

    /// <summary>What is mounted below <see cref="Directory"/>, the uppermost first; empty when that is the whole root.</summary>
    public abstract IReadOnlyList<string> MountedBelow { get; }

    /// <summary>The directory that the overlay needs for itself; absent when there is none.</summary>
    public abstract string? Work { get; }

    /// <summary>The image's layers and what lies below them, the uppermost first.</summary>
    private protected IReadOnlyList<string> Image { get; } = baseLayer is null ? layers : [.. layers, baseLayer];

    /// <summary>Writes all files, as the container's processes see them, to a tar.</summary>
    /// <param name="target">Gets pieces of any length.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="Errors.TareException">A directory cannot be read, or a path is too long.</exception>
    public abstract void Export(Stream target, CancellationToken cancellationToken);

    /// <summary>
    /// Copies a directory of the root, as the container's processes see it, with all below it: contents, owners, permissions, times,
    /// attributes. Links on the way lead nowhere out of the root.
    /// </summary>
    /// <param name="path">The directory's path in the root.</param>
    /// <param name="target">An empty directory, which gets the attributes too.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Whether there is anything of the name.</returns>
    /// <exception cref="Errors.TareException">InvalidArgument: it is no directory; Internal: it cannot be read, or the disk is full.</exception>
    public bool CopyDirectory(string path, Fd target, CancellationToken cancellationToken)
    {
        using var stack = OpenAll();
        return StackedPath.Find(stack, path) is { } found && found.CopyTo(target, cancellationToken);
    }

    /// <summary>All that makes the root, the uppermost first.</summary>
    private protected abstract LayerStack OpenAll();

    /// <summary>What the container has changed of its image; directories before what is in them.</summary>
    public abstract IReadOnlyList<TreeChange> Changes(CancellationToken cancellationToken);

    /// <summary>Bytes of what the container has changed or added: regular files and the targets of symbolic links. What is just being removed has none.</summary>
    public long ChangedSize(CancellationToken cancellationToken)
    {
        try
        {
            return MeasureChanges(cancellationToken);
        }
        catch (LinuxException e) when (e.Error == Errno.ENOENT)
        {
            return 0;
        }
    }

    /// <summary>Writes what the container has changed to a tar, as a layer over those of its image.</summary>
    internal abstract void WriteLayer(Stream target, CancellationToken cancellationToken);

    private protected abstract long MeasureChanges(CancellationToken cancellationToken);
}
