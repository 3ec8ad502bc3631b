using System.Buffers;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Tare.Client.Http;

/// <summary>Sends a body as it is read from a stream: whole when its length is known, else in chunks.</summary>
internal static class Upload
{
    private const int BufferSize = 128 * 1024;

    /// <summary>Room before each chunk for its length in hexadecimal and a line feed.</summary>
    private const int Prefix = 10;

    /// <summary>False when the engine has stopped reading; it has answered, or is gone.</summary>
    public static async ValueTask<bool> TrySendAsync(HttpConnection connection, Stream body, CancellationToken ct)
    {
        var chunked = !body.CanSeek;
        var left = chunked ? long.MaxValue : body.Length - body.Position;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            while (left > 0)
            {
                var room = (int)Math.Min(left, buffer.Length - Prefix - 2);
                var count = await body.ReadAsync(buffer.AsMemory(Prefix, room), ct).ConfigureAwait(false);
                if (count == 0 && !chunked) throw new EndOfStreamException("the file became shorter while it was sent");
                if (count == 0) break;
                left -= count;
                try
                {
                    await connection.SendAsync(chunked ? Frame(buffer, count) : buffer.AsMemory(Prefix, count), ct).ConfigureAwait(false);
                }
                catch (SocketException)
                {
                    return false;
                }
            }

            if (chunked) await connection.SendAsync("0\r\n\r\n"u8.ToArray(), ct).ConfigureAwait(false);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static Memory<byte> Frame(byte[] buffer, int count)
    {
        var length = count.ToString("x", CultureInfo.InvariantCulture);
        var start = Prefix - length.Length - 2;
        Encoding.ASCII.GetBytes(length, buffer.AsSpan(start));
        "\r\n"u8.CopyTo(buffer.AsSpan(Prefix - 2));
        "\r\n"u8.CopyTo(buffer.AsSpan(Prefix + count));
        return buffer.AsMemory(start, Prefix - start + count + 2);
    }
}
