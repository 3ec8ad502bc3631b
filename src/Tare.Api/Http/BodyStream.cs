using System.Buffers;
using System.IO.Pipelines;
using Tare.Oci.Compression;

namespace Tare.Api.Http;

/// <summary>
/// The body of a response as a stream for a writer that runs on a thread of its own. The head goes out with the first bytes, so that an
/// error before them still has a status. Writing waits for the client; when that is gone, it fails.
/// </summary>
internal sealed class BodyStream(ApiContext context, string contentType, CancellationToken cancellationToken) : WriteOnlyStream
{
    /// <summary>What is gathered before it is sent.</summary>
    private const int Gather = 128 * 1024;

    private PipeWriter? body;
    private int unflushed;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        body ??= context.StreamAsync(contentType, cancellationToken).GetAwaiter().GetResult();
        while (!buffer.IsEmpty)
        {
            var piece = buffer[..Math.Min(buffer.Length, Gather - unflushed)];
            body.Write(piece);
            unflushed += piece.Length;
            buffer = buffer[piece.Length..];
            if (unflushed == Gather) Flush();
        }
    }

    public override void Flush()
    {
        if (body is null || unflushed == 0)
            return;
        unflushed = 0;
        var flushing = body.FlushAsync(cancellationToken);
        var result = flushing.IsCompletedSuccessfully ? flushing.Result : flushing.AsTask().GetAwaiter().GetResult();
        if (result.IsCompleted || result.IsCanceled)
            throw new OperationCanceledException("the client has gone");
    }
}
