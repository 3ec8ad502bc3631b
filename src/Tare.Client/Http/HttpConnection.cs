using System.Buffers.Text;
using System.Net.Sockets;
using System.Text;

namespace Tare.Client.Http;

/// <summary>
/// The client's side of HTTP/1.1 (RFC 9112) on one connection: heads, and the buffer that bodies are read through. It serves one
/// exchange at a time.
/// </summary>
internal sealed class HttpConnection(Transport transport) : IDisposable
{
    /// <summary>Longer heads and lines are refused.</summary>
    private const int MaximumLine = 64 * 1024;

    private byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;

    /// <summary>Whether an exchange was completed on it, so that the peer may have closed it meanwhile.</summary>
    public bool Used { get; set; }

    /// <summary>True when nothing is left over and the peer has not closed it.</summary>
    public bool IsReusable => _start == _end && !transport.IsStale;

    public ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken ct) => transport.SendAsync(data, ct);

    public void ShutdownSend() => transport.ShutdownSend();

    /// <summary>Wakes whoever reads or writes on another thread.</summary>
    public void Abort() => transport.Abort();

    public void Dispose() => transport.Dispose();

    /// <summary>Reads the head of the next final response; informational ones (1xx but 101) are skipped.</summary>
    public async ValueTask<ResponseHead> ReadHeadAsync(CancellationToken ct)
    {
        while (true)
        {
            var line = await ReadLineAsync(ct).ConfigureAwait(false);
            // HTTP/1.1 200 OK
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (!line.StartsWith("HTTP/1.", StringComparison.Ordinal) || space < 0 || line.Length < space + 4
                || !int.TryParse(line.AsSpan(space + 1, 3), out var status))
                throw new ProtocolException($"the answer is not HTTP: {Shorten(line)}");
            var head = new ResponseHead(status, line.Length > space + 5 ? line[(space + 5)..] : "", !line.StartsWith("HTTP/1.0", StringComparison.Ordinal));
            var size = line.Length;
            while ((line = await ReadLineAsync(ct).ConfigureAwait(false)).Length > 0)
            {
                if ((size += line.Length) > MaximumLine) throw new ProtocolException("the head of the answer is too long");
                var colon = line.IndexOf(':', StringComparison.Ordinal);
                if (colon <= 0) throw new ProtocolException($"the answer has a malformed header: {Shorten(line)}");
                head.Add(line[..colon], line[(colon + 1)..].Trim());
            }

            if (status is >= 200 or 101) return head;
        }
    }

    /// <summary>Reads the length of the next chunk, 0 for the last one (whose trailers are skipped).</summary>
    public async ValueTask<long> ReadChunkSizeAsync(bool first, CancellationToken ct)
    {
        if (!first && (await ReadLineAsync(ct).ConfigureAwait(false)).Length > 0) throw new ProtocolException("a chunk of the answer is longer than it says");
        var line = Encoding.ASCII.GetBytes(await ReadLineAsync(ct).ConfigureAwait(false));
        if (!Utf8Parser.TryParse(line, out long size, out var used, 'x') || size < 0 || (used < line.Length && line[used] is not ((byte)';' or (byte)' ')))
            throw new ProtocolException("a chunk of the answer has no length");
        if (size == 0)
        {
            while ((await ReadLineAsync(ct).ConfigureAwait(false)).Length > 0)
            {
            }
        }

        return size;
    }

    /// <summary>Reads some bytes, 0 at the end of the connection.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> target, CancellationToken ct)
    {
        if (target.IsEmpty) return 0;
        if (_start == _end) return await transport.ReceiveAsync(target, ct).ConfigureAwait(false);
        var count = Math.Min(target.Length, _end - _start);
        _buffer.AsMemory(_start, count).CopyTo(target);
        _start += count;
        return count;
    }

    private static string Shorten(string line) => line.Length > 60 ? line[..60] + "…" : line;

    private async ValueTask<string> ReadLineAsync(CancellationToken ct)
    {
        var seen = 0;
        while (true)
        {
            var feed = _buffer.AsSpan(_start + seen, _end - _start - seen).IndexOf((byte)'\n');
            if (feed >= 0)
            {
                var length = seen + feed;
                var text = length > 0 && _buffer[_start + length - 1] == '\r' ? length - 1 : length;
                var line = Encoding.Latin1.GetString(_buffer, _start, text);
                _start += length + 1;
                return line;
            }

            seen = _end - _start;
            if (seen > MaximumLine) throw new ProtocolException("a line of the answer is too long");
            MakeRoom();
            var count = await transport.ReceiveAsync(_buffer.AsMemory(_end), ct).ConfigureAwait(false);
            if (count == 0) throw new SocketException((int)SocketError.ConnectionReset);
            _end += count;
        }
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
    }
}

/// <summary>The peer does not speak HTTP as expected.</summary>
internal sealed class ProtocolException(string message) : IOException(message);
