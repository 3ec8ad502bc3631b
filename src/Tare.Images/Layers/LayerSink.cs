using Tare.Oci;

namespace Tare.Images.Layers;

/// <summary>Takes a layer's archive from a writer that makes it, and passes it to its extraction. For one thread.</summary>
internal sealed class LayerSink(LayerJob job) : Stream
{
    private readonly DigestBuilder _digest = new();

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _digest.Length;

    public override long Position
    {
        get => _digest.Length;
        set => throw new NotSupportedException();
    }

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

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) _digest.Dispose();
        base.Dispose(disposing);
    }
}
