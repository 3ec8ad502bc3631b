using Tare.Oci.Compression;
using Tare.Wire;

namespace Tare.Engine.Images;

/// <summary>Tells how much of an archive has been fetched, so often that a terminal can show it.</summary>
internal sealed class ImportProgress(Stream archive, long? length, Func<ProgressMessage, ValueTask> progress, TimeProvider time) : ReadOnlyStream
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private long position;
    private long? told;

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

    public override int Read(Span<byte> buffer) => throw new NotSupportedException();
}
