using System.Buffers;
using Tare.Errors;

namespace Tare.Client.Http;

/// <summary>An answer: its head, and either its body or the connection that it has become.</summary>
internal sealed class Reply(ResponseHead head, HttpConnection? hijacked, ResponseBody? body) : IDisposable
{
    /// <summary>What is read into memory at most.</summary>
    private const long MaximumBody = 1L << 30;

    public ResponseHead Head => head;

    /// <summary>The connection, when it has been taken over.</summary>
    public HttpConnection? Hijacked => hijacked;

    /// <summary>The body; empty when the connection has been taken over.</summary>
    public Stream Body => body ?? Stream.Null;

    public void Dispose()
    {
        body?.Dispose();
        hijacked?.Dispose();
    }

    public async ValueTask DrainAsync(CancellationToken ct)
    {
        if (body is null) return;
        var buffer = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            while (await body.ReadAsync(buffer, ct).ConfigureAwait(false) > 0)
            {
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public async ValueTask<ReadOnlyMemory<byte>> ReadAllAsync(CancellationToken ct, long maximum = MaximumBody)
    {
        if (body is null) return default;
        var length = head.IsChunked ? null : head.ContentLength;
        if (length > maximum) throw TareException.Internal($"the engine's answer is too long: {length} bytes");
        // One more than the length, so that the read that finds the end needs no larger buffer.
        var buffer = GC.AllocateUninitializedArray<byte>((int)(length + 1 ?? 8192));
        var count = 0;
        while (true)
        {
            if (count == buffer.Length)
            {
                if (count >= maximum) throw TareException.Internal($"the engine's answer is longer than {maximum} bytes");
                Array.Resize(ref buffer, (int)Math.Min(count * 2L, Array.MaxLength));
            }

            var read = await body.ReadAsync(buffer.AsMemory(count), ct).ConfigureAwait(false);
            if (read == 0) return buffer.AsMemory(0, count);
            count += read;
        }
    }
}
