using Tare.Errors;

namespace Tare.Images.Layers;

/// <summary>A layer as the archive that it was extracted from, made again byte by byte.</summary>
/// <param name="length">Bytes of the archive.</param>
public sealed class LayerArchive(long length)
{
    /// <summary>Bytes of the archive.</summary>
    public long Length { get; } = length;

    /// <summary>Writes the archive. What is written is only certain to be the layer when this has returned.</summary>
    /// <exception cref="TareException">Internal: the layer's files are damaged, so that its digest is another.</exception>
    public void CopyTo(Stream target, CancellationToken cancellationToken) => throw TareException.NotImplemented($"the archive of {Length} bytes");
}
