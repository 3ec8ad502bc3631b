namespace Tare.Linux;

/// <summary>A file as a stream of .NET, forwards only: pread(2) and pwrite(2) at a position of its own. The descriptor stays the caller's.</summary>
/// <param name="file">A file that can be read or written at a position.</param>
/// <param name="position">Where it begins, in bytes.</param>
public sealed class FdStream(Fd file, long position = 0) : Stream
{
    private long _position = position;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    /// <exception cref="LinuxException">Reading fails.</exception>
    public override int Read(Span<byte> buffer)
    {
        var count = RegularFiles.ReadAt(file, buffer, _position);
        _position += count;
        return count;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    /// <exception cref="LinuxException">Writing fails.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        var error = FileContent.WriteAt(file, buffer, _position);
        if (error != 0) throw new LinuxException($"write {file}", error);
        _position += buffer.Length;
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}
