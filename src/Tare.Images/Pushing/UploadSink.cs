using Tare.Oci;
using Tare.Oci.Compression;

namespace Tare.Images.Pushing;

/// <summary>
/// Sends what is written to it in chunks: one is under way while the next is filled. For one thread, which waits when the registry is slower.
/// </summary>
internal sealed class UploadSink(IUpload upload, CancellationToken cancellationToken) : WriteOnlyStream
{
    /// <summary>Bytes of a chunk: two of them are what an upload costs in memory.</summary>
    private const int ChunkLength = 4 * 1024 * 1024;

    private const int FirstLength = 64 * 1024;

    private readonly DigestBuilder _digest = new();
    private readonly int _chunkLength = Math.Max(ChunkLength, upload.MinimumChunkLength);
    private byte[] _filling = new byte[FirstLength];
    private byte[] _spare = [];
    private int _filled;
    private Task _sending = Task.CompletedTask;

    /// <summary>Bytes that were written.</summary>
    internal long Count => _digest.Length;

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _digest.Append(buffer);
        while (!buffer.IsEmpty)
        {
            if (_filled == _filling.Length) MakeRoom(buffer.Length);
            var count = Math.Min(buffer.Length, _filling.Length - _filled);
            buffer[..count].CopyTo(_filling.AsSpan(_filled));
            _filled += count;
            buffer = buffer[count..];
        }
    }

    /// <summary>Sends the rest and ends the upload.</summary>
    /// <returns>The digest of all that was written.</returns>
    internal async Task<Digest> FinishAsync()
    {
        await _sending.ConfigureAwait(false);
        var digest = _digest.Finish();
        await upload.FinishAsync(digest, _filling.AsMemory(0, _filled), cancellationToken).ConfigureAwait(false);
        return digest;
    }

    /// <summary>Waits until nothing is under way any more, well or not.</summary>
    internal async Task StopAsync() => await _sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _digest.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>A small blob is one chunk that grows; a large one goes out whenever a chunk is full.</summary>
    private void MakeRoom(int wanted)
    {
        if (_filled < _chunkLength)
        {
            Array.Resize(ref _filling, (int)Math.Min(_chunkLength, Math.Max(_filled * 2L, _filled + (long)wanted)));
            return;
        }

        _sending.WaitAsync(cancellationToken).GetAwaiter().GetResult();
        _sending = upload.AppendAsync(_filling.AsMemory(0, _filled), cancellationToken);
        (_filling, _spare) = (_spare.Length == 0 ? new byte[_chunkLength] : _spare, _filling);
        _filled = 0;
    }
}
