using Tare.Oci.Compression;

namespace Tare.Oci.Archives;

/// <summary>Bytes that are looked at where they lie and then passed: reading without a copy. For one thread.</summary>
public abstract class ByteSource
{
    /// <summary>What lies next; empty only at the end. Valid until the next call of this method. Waits for input.</summary>
    public abstract ReadOnlySpan<byte> Peek();

    /// <summary>Passes some of what <see cref="Peek"/> showed.</summary>
    public abstract void Advance(int count);
}

/// <summary>A stream as a source, through one buffer.</summary>
public sealed class StreamSource(Stream stream, int bufferLength = StreamSource.DefaultBufferLength) : ByteSource
{
    private const int DefaultBufferLength = 128 * 1024;

    private readonly byte[] _buffer = new byte[bufferLength];
    private int _start;
    private int _end;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Peek()
    {
        if (_start == _end)
        {
            _start = 0;
            _end = stream.Read(_buffer);
        }

        return _buffer.AsSpan(_start, _end - _start);
    }

    /// <inheritdoc/>
    public override void Advance(int count) => _start += count;
}

/// <summary>A source as a stream that can only be read.</summary>
public sealed class SourceStream(ByteSource source) : ReadOnlyStream
{
    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty) return 0;
        var next = source.Peek();
        var count = Math.Min(next.Length, buffer.Length);
        next[..count].CopyTo(buffer);
        source.Advance(count);
        return count;
    }
}
