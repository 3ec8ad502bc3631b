using System.Collections.Concurrent;
using Tare.Oci.Archives;

namespace Tare.Images.Pipes;

/// <summary>
/// A bounded pipe between two threads, in whole buffers. One writer, one reader. A writer that fails makes the reader fail with
/// the same error; after a reader that has given up, what is written is dropped.
/// </summary>
internal sealed class ChunkPipe : ByteSource, IDisposable
{
    private readonly ChunkPool _pool;
    private readonly CancellationToken _cancellation;
    private readonly SemaphoreSlim _free;
    private readonly SemaphoreSlim _filled = new(0);
    private readonly ConcurrentQueue<Chunk> _queue = new();
    private byte[]? _writing;
    private int _written;
    private byte[]? _reading;
    private int _start;
    private int _end;
    private volatile bool _abandoned;
    private Exception? _failure;

    /// <summary>Makes a pipe.</summary>
    /// <param name="pool">Where buffers come from.</param>
    /// <param name="capacity">How many of them may be full at once.</param>
    /// <param name="cancellation">Ends all waiting.</param>
    internal ChunkPipe(ChunkPool pool, int capacity, CancellationToken cancellation)
    {
        _pool = pool;
        _cancellation = cancellation;
        _free = new SemaphoreSlim(capacity);
    }

    private readonly record struct Chunk(byte[] Bytes, int Length);

    /// <summary>Whether the reader has given up: nobody makes room any more.</summary>
    internal bool IsAbandoned => _abandoned;

    /// <summary>Copies bytes in. Waits for room.</summary>
    internal void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !_abandoned)
        {
            if (_writing is null)
            {
                _free.Wait(_cancellation);
                _writing = _pool.Rent();
                _written = 0;
            }

            var count = Math.Min(bytes.Length, _writing.Length - _written);
            bytes[..count].CopyTo(_writing.AsSpan(_written));
            _written += count;
            bytes = bytes[count..];
            if (_written == _writing.Length) Hand();
        }
    }

    /// <summary>Room to write into; how much was written is told by <see cref="Wrote"/>. Waits for it without a thread.</summary>
    internal async ValueTask<Memory<byte>> RoomAsync()
    {
        if (_writing is null)
        {
            await _free.WaitAsync(_cancellation).ConfigureAwait(false);
            _writing = _pool.Rent();
            _written = 0;
        }

        return _writing.AsMemory(_written);
    }

    /// <summary>So many bytes have been written into the room.</summary>
    internal void Wrote(int count)
    {
        _written += count;
        // A reader that waits gets what there is; one that is busy gets whole buffers.
        if (_written == _writing!.Length || _queue.IsEmpty) Hand();
    }

    /// <summary>Reads a stream to its end into the pipe, and completes it.</summary>
    internal async Task FillAsync(Stream stream)
    {
        try
        {
            while (!_abandoned)
            {
                var count = await stream.ReadAsync(await RoomAsync(), _cancellation);
                if (count == 0) break;
                Wrote(count);
            }

            Complete();
        }
        catch (Exception e)
        {
            Complete(e);
        }
    }

    /// <summary>Ends the stream, well or with an error.</summary>
    internal void Complete(Exception? failure = null)
    {
        _failure = failure;
        if (_writing is not null && _written > 0) Hand();
        _filled.Release();
    }

    /// <summary>The reader wants no more.</summary>
    internal void Abandon()
    {
        _abandoned = true;
        // Wakes a writer that waits for room.
        _free.Release();
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Peek()
    {
        if (_start == _end)
        {
            if (_reading is not null)
            {
                _pool.Return(_reading);
                _reading = null;
                _start = _end = 0;
                _free.Release();
            }

            _filled.Wait(_cancellation);
            if (!_queue.TryDequeue(out var chunk))
            {
                // The end: it stays for whoever asks again.
                _filled.Release();
                if (_failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
                return [];
            }

            (_reading, _end) = (chunk.Bytes, chunk.Length);
        }

        return _reading.AsSpan(_start, _end - _start);
    }

    /// <inheritdoc/>
    public override void Advance(int count) => _start += count;

    /// <inheritdoc/>
    public void Dispose()
    {
        _free.Dispose();
        _filled.Dispose();
    }

    private void Hand()
    {
        _queue.Enqueue(new Chunk(_writing!, _written));
        _writing = null;
        _filled.Release();
    }
}
