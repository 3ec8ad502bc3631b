using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Tare.Engine.Streams;

namespace Tare.Api.Streams;

/// <summary>
/// Copies a process's output to a client: as it is, or in Docker's frames. A frame is <c>{u8 stream, u8 0, u8 0, u8 0, u32 length in
/// big endian}</c> and the bytes; stream 1 is stdout and 2 is stderr.
/// </summary>
internal static class OutputPump
{
    private const int HeaderSize = 8;

    /// <summary>What is gathered at most before it is sent, while there is more to read.</summary>
    private const int Gather = 64 * 1024;

    /// <summary>Ends with the output. Everything that was read has then been flushed.</summary>
    /// <param name="source">The process's side.</param>
    /// <param name="target">The client's side.</param>
    /// <param name="framed">Whether the streams are told apart.</param>
    /// <param name="ready">Awaited once, when the first output is there and before it is sent.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    internal static async Task RunAsync(IOutputStream source, PipeWriter target, bool framed, Func<ValueTask>? ready, CancellationToken cancellationToken)
    {
        long unflushed = 0;
        while (true)
        {
            var next = source.ReadAsync(cancellationToken);
            if (unflushed > 0 && (!next.IsCompleted || unflushed >= Gather))
            {
                await target.FlushAsync(CancellationToken.None);
                unflushed = 0;
            }

            if (await next is not { } chunk)
                break;
            if (chunk.Data.IsEmpty)
                continue;
            if (ready is not null)
                await ready();
            ready = null;
            if (framed)
                WriteHeader(target, chunk);
            target.Write(chunk.Data.Span);
            unflushed += chunk.Data.Length;
        }

        await target.FlushAsync(CancellationToken.None);
    }

    /// <summary>One text in a frame of its own, or as it is.</summary>
    internal static void WriteText(PipeWriter target, int stream, string text, bool framed)
    {
        var data = System.Text.Encoding.UTF8.GetBytes(text);
        if (framed)
            WriteHeader(target, new OutputChunk(stream, data));
        target.Write(data);
    }

    private static void WriteHeader(PipeWriter target, OutputChunk chunk)
    {
        var header = target.GetSpan(HeaderSize)[..HeaderSize];
        header.Clear();
        header[0] = (byte)chunk.Stream;
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], (uint)chunk.Data.Length);
        target.Advance(HeaderSize);
    }
}
