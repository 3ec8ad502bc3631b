using Tare.Errors;

namespace Tare.Images.Layers;

/// <summary>
/// The overlay directories: one for each layer, shared by all images that have it, and one for each container. Every directory
/// is journaled in the database before it is made and until it is gone, so that a crash leaves nothing unaccounted.
/// </summary>
/// <remarks>
/// <code>
/// layers/&lt;id&gt;/fs          id: a few characters, because mount options are limited to a page
/// containers/&lt;id&gt;/fs      the container's upper directory
/// containers/&lt;id&gt;/work    overlay's own
/// </code>
/// </remarks>
public sealed class LayerStore
{
    internal LayerStore()
    {
    }

    /// <summary>Makes the writable directories of a container over an image, and keeps the image's layers for as long as they exist.</summary>
    /// <exception cref="TareException">Conflict: the container has some; Internal: the disk is full.</exception>
    public WritableLayer CreateWritable(string containerId, Image image) => throw new NotImplementedException();

    /// <summary>The writable directories of a container, or <see langword="null"/>.</summary>
    public WritableLayer? FindWritable(string containerId) => throw new NotImplementedException();

    /// <summary>
    /// Removes a container's writable directories and gives its layers free; nothing happens when there are none. The rest of
    /// <c>containers/&lt;id&gt;</c> is the caller's.
    /// </summary>
    public void RemoveWritable(string containerId) => throw new NotImplementedException();

    /// <summary>The ids of all containers that have writable directories.</summary>
    public IReadOnlyList<string> ListWritables() => throw new NotImplementedException();

    /// <summary>Removes the writable directories of containers that are not listed: what a crash may have left.</summary>
    public void SweepWritables(IReadOnlySet<string> containers) => throw new NotImplementedException();
}

/// <summary>The overlay directories of a container. All paths are absolute.</summary>
/// <param name="ContainerId">The container.</param>
/// <param name="Upper">The upper directory: what the container has changed.</param>
/// <param name="Work">Overlay's work directory.</param>
/// <param name="Lower">The image's layers, the lowest first.</param>
public sealed record WritableLayer(string ContainerId, string Upper, string Work, IReadOnlyList<string> Lower);
