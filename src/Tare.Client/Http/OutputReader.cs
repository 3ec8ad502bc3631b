using System.Buffers.Binary;
using System.Text;

namespace Tare.Client.Http;

/// <summary>
/// Takes the multiplexed stream of attach, exec and logs apart. A frame is a header of 8 bytes (the stream, three zeros, the length
/// in big endian) and its bytes. Frames of any length are passed on in pieces as they come.
/// </summary>
internal sealed class OutputReader(Func<Memory<byte>, CancellationToken, ValueTask<int>> read, bool multiplexed)
{
    private const int HeaderSize = 8;

    /// <summary>Docker's stream for an error of the engine in the middle of the output.</summary>
    private const int EngineError = 3;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(32 * 1024);
    private int _start;
    private int _end;
    private int _stream;
    private long _left;

    public bool Multiplexed => multiplexed;

    public async ValueTask<OutputChunk?> ReadAsync(CancellationToken ct)
    {
        if (!multiplexed)
        {
            var count = await read(_buffer, ct).ConfigureAwait(false);
            return count == 0 ? null : new OutputChunk(StandardStream.Output, _buffer.AsMemory(0, count));
        }

        while (_left == 0)
        {
            if (!await FillAsync(HeaderSize, ct).ConfigureAwait(false)) return null;
            _stream = _buffer[_start];
            _left = BinaryPrimitives.ReadUInt32BigEndian(_buffer.AsSpan(_start + 4));
            if (_stream > EngineError) throw new ProtocolException($"Unrecognized input header: {_stream}");
            _start += HeaderSize;
        }

        if (_stream == EngineError) throw await ReadErrorAsync(ct).ConfigureAwait(false);
        if (!await FillAsync(1, ct).ConfigureAwait(false)) return null;
        var length = (int)Math.Min(_left, _end - _start);
        var chunk = _buffer.AsMemory(_start, length);
        _start += length;
        _left -= length;
        // Docker writes stream 0 to stdout.
        return new OutputChunk(_stream == 2 ? StandardStream.Error : StandardStream.Output, chunk);
    }

    /// <summary>Has at least so many bytes in the buffer; false when the stream ends before.</summary>
    private async ValueTask<bool> FillAsync(int count, CancellationToken ct)
    {
        if (_start == _end) _start = _end = 0;
        while (_end - _start < count)
        {
            if (_buffer.Length - _start < count)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                _end -= _start;
                _start = 0;
            }

            var got = await read(_buffer.AsMemory(_end), ct).ConfigureAwait(false);
            if (got == 0) return false;
            _end += got;
        }

        return true;
    }

    private async ValueTask<EngineException> ReadErrorAsync(CancellationToken ct)
    {
        var text = new MemoryStream();
        while (_left > 0 && await FillAsync(1, ct).ConfigureAwait(false))
        {
            var length = (int)Math.Min(_left, _end - _start);
            if (text.Length < 64 * 1024) text.Write(_buffer, _start, length);
            _start += length;
            _left -= length;
        }

        return new EngineException(500, $"error from daemon in stream: {Encoding.UTF8.GetString(text.ToArray()).Trim()}");
    }
}
