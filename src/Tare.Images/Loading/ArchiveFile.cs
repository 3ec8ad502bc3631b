using Tare.Images.Layers;
using Tare.Oci;

namespace Tare.Images.Loading;

/// <summary>A file of an image archive that was kept.</summary>
internal abstract record ArchiveFile(Digest Digest, long Size);

/// <summary>A small file: a manifest, a configuration, an index.</summary>
internal sealed record ArchiveDocument(byte[] Content, Digest Digest, long Size) : ArchiveFile(Digest, Size);

/// <summary>A layer that is being extracted, or that is in the store already: then there is no job, and the digest is its DiffID.</summary>
internal sealed record ArchiveLayer(LayerJob? Job, Digest Digest, long Size) : ArchiveFile(Digest, Size)
{
    /// <summary>The digest of the uncompressed layer. Waits for the extraction.</summary>
    internal Digest DiffId => Job is null ? Digest : Job.Result.GetAwaiter().GetResult().DiffId;
}

/// <summary>Something that is neither; only its digest was verified.</summary>
internal sealed record ArchiveOther(Digest Digest, long Size) : ArchiveFile(Digest, Size);
