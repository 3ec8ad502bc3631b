using System.Net;

namespace Tare.Distribution.Transport;

/// <summary>Sends memory in pieces, so that progress can be told from standstill.</summary>
internal sealed class RequestContent(ReadOnlyMemory<byte> memory, IdleTimer idle, TimeSpan patience) : HttpContent
{
    private const int Piece = 64 * 1024;

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        for (var rest = memory; rest.Length > 0; rest = rest[Math.Min(Piece, rest.Length)..])
        {
            idle.Wind(Limits.Idle);
            await stream.WriteAsync(rest[..Math.Min(Piece, rest.Length)], cancellationToken);
        }

        idle.Wind(patience);
    }

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = memory.Length;
        return true;
    }
}
