using Tare.Wire;

namespace Tare.Engine.Images;

/// <summary>Tells how much of an archive has been fetched, so often that a terminal can show it.</summary>
internal sealed class ImportProgress(Stream archive, long? length, Func<ProgressMessage, ValueTask> progress, TimeProvider time) : Stream
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private long position;
    private long? told;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => position;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await archive.ReadAsync(buffer, cancellationToken);
        position += count;
        if (count == 0 || told is null || time.GetElapsedTime(told.Value) >= Interval)
        {
            told = time.GetTimestamp();
            await progress(new ProgressMessage { Status = "Importing", ProgressDetail = new ProgressDetail { Current = position, Total = length ?? 0 } });
        }
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
