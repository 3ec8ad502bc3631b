using Tare.Oci;
using Tare.Oci.Compression;

namespace Tare.Images.Layers;

/// <summary>Takes a layer's archive from a writer that makes it, and passes it to its extraction. For one thread.</summary>
internal sealed class LayerSink(LayerJob job) : WriteOnlyStream
{
    private readonly DigestBuilder _digest = new();

    /// <summary>All is written.</summary>
    /// <returns>The digest of the archive, which is the layer's DiffID.</returns>
    internal Digest Complete()
    {
        var digest = _digest.Finish();
        job.Complete(digest);
        return digest;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _digest.Append(buffer);
        job.Write(buffer);
        // A disk that is full will not be emptied by writing on.
        if (job.Result.IsFaulted) job.Result.GetAwaiter().GetResult();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _digest.Dispose();
        base.Dispose(disposing);
    }
}
