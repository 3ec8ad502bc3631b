using System.Buffers;
using Microsoft.Win32.SafeHandles;
using Tare.Errors;
using Tare.Oci;

namespace Tare.Registry.Cache;

/// <summary>
/// A blob on its way from an upstream into a file, and any number of readers behind it. It goes on when they have gone: the next will
/// ask for the same. Thread-safe for readers.
/// </summary>
internal sealed class BlobFetch : IDisposable
{
    private const int PieceLength = 128 * 1024;

    private readonly SafeFileHandle file;
    private readonly Lock gate = new();
    private TaskCompletionSource progress = New();
    private int readers;
    private bool ended;
    private long written;
    private Exception? failure;

    internal BlobFetch(string path, Digest digest, long size)
    {
        Path = path;
        Digest = digest;
        Size = size;
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        new FileStream(path, options).Dispose();
        file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
    }

    internal string Path { get; }

    internal Digest Digest { get; }

    internal long Size { get; }

    /// <summary>The whole of it, with what is done at its end.</summary>
    internal Task Work { get; set; } = Task.CompletedTask;

    /// <summary>Reads a stream to its end into the file, checks it, and has it on the disk.</summary>
    /// <exception cref="TareException">It is not what it was said to be.</exception>
    internal async Task FillAsync(Stream source, CancellationToken cancellationToken)
    {
        using var hash = new DigestBuilder(Digest);
        var buffer = ArrayPool<byte>.Shared.Rent(PieceLength);
        try
        {
            long position = 0;
            int count;
            while ((count = await source.ReadAsync(buffer.AsMemory(), cancellationToken)) > 0)
            {
                if (position + count > Size) throw TareException.Internal($"the upstream's blob {Digest} is longer than it said");
                RandomAccess.Write(file, buffer.AsSpan(0, count), position);
                hash.Append(buffer.AsSpan(0, count));
                position += count;
                // The last byte is held back: what has a wrong digest reaches nobody as a whole.
                Advance(Math.Min(position, Size - 1));
            }

            if (position != Size || hash.Finish() != Digest) throw TareException.Internal($"the upstream's blob {Digest} is not what its digest says");
            RandomAccess.FlushToDisk(file);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Tells the readers that all is there, or that no more will come.</summary>
    internal void End(Exception? error)
    {
        lock (gate)
        {
            ended = true;
            failure = error;
            if (error is null) written = Size;
            progress.TrySetResult();
        }
    }

    /// <summary>A reader begins; false when it comes too late, and the blob is there or will not be.</summary>
    internal bool TryJoin()
    {
        lock (gate)
        {
            if (ended) return false;
            readers++;
            return true;
        }
    }

    internal void Leave()
    {
        bool last;
        lock (gate) last = --readers == 0 && ended;
        if (last) file.Dispose();
    }

    /// <summary>Reads at a position, when it is there.</summary>
    /// <exception cref="TareException">It failed.</exception>
    internal async ValueTask<int> ReadAsync(Memory<byte> buffer, long position, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task more;
            lock (gate)
            {
                if (failure is not null) throw TareException.Internal($"the blob {Digest} did not come from the upstream: {failure.Message}", failure);
                if (written > position)
                {
                    var count = (int)Math.Min(buffer.Length, written - position);
                    return RandomAccess.Read(file, buffer.Span[..count], position);
                }

                more = progress.Task;
            }

            await more.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Closes the file when nobody reads it; otherwise the last reader does.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (readers > 0) return;
        }

        file.Dispose();
    }

    private void Advance(long length)
    {
        TaskCompletionSource before;
        lock (gate)
        {
            written = length;
            before = progress;
            progress = New();
        }

        before.SetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
