using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace Tare.Registry.Hosting;

/// <summary>
/// The output of a connection without encryption, written to the socket itself, so that a file's bytes can go from the file to the
/// socket within the kernel (sendfile(2)).
/// </summary>
/// <remarks>
/// It stands in for the pipe of Kestrel's transport, whose own loop then has nothing to send. <see cref="Take"/> announces a stretch of a
/// file: the next bytes that are advanced over are that stretch, whatever is in the memory that was given out for them. One flush at a
/// time; Kestrel holds to that.
/// </remarks>
internal sealed class SocketOutput(Socket socket, PipeWriter inner, Action abort) : PipeWriter, IDisposable
{
    private const int InitialLength = 4096;

    /// <summary>Longer buffers are not kept for the next response.</summary>
    private const int KeptLength = 64 * 1024;

    /// <summary>Memory for bytes that nobody writes or reads; the kernel never gives it pages.</summary>
    private static readonly byte[] Nowhere = GC.AllocateUninitializedArray<byte>(8 << 20);

    private readonly SendEvent send = new();
    private byte[]? buffer;
    private int length;
    private FileStream? file;
    private long position;
    private int expected;
    private int advanced;
    private bool broken;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => length + advanced;

    /// <summary>Announces that the next <paramref name="count"/> bytes are those of a file.</summary>
    internal void Take(FileStream from, long at, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Nowhere.Length);
        file = from;
        position = at;
        expected = count;
        advanced = 0;
    }

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (file is not null) return Nowhere;
        var wanted = Math.Max(sizeHint, 1);
        buffer ??= ArrayPool<byte>.Shared.Rent(Math.Max(InitialLength, wanted));
        if (buffer.Length - length < wanted)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(buffer.Length * 2, length + wanted));
            buffer.AsSpan(0, length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }

        return buffer.AsMemory(length);
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        if (file is null) length += bytes;
        else advanced += bytes;
    }

    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (broken) return new FlushResult(isCanceled: false, isCompleted: true);
        try
        {
            if (file is { } from)
            {
                if (advanced != expected) throw new InvalidOperationException("what was advanced over is not the stretch that was announced");
                file = null;
                var head = TakeBuffer(out var headLength);
                try
                {
                    await send.SendAsync(socket, head.AsMemory(0, headLength), from, position, expected);
                }
                finally
                {
                    if (head is not null) Keep(head);
                    advanced = 0;
                }
            }
            else if (length > 0)
            {
                var bytes = TakeBuffer(out var count)!;
                try
                {
                    for (var sent = 0; sent < count;) sent += await socket.SendAsync(bytes.AsMemory(sent, count - sent), SocketFlags.None, CancellationToken.None);
                }
                finally
                {
                    Keep(bytes);
                }
            }

            return default;
        }
        catch (Exception e)
        {
            // The client has gone, or the file cannot be read. Kestrel does not expect a flush to throw, and would wait for ever.
            _ = e;
            broken = true;
            file = null;
            abort();
            return new FlushResult(isCanceled: false, isCompleted: true);
        }
    }

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public void Dispose()
    {
        send.Dispose();
        if (buffer is not null) ArrayPool<byte>.Shared.Return(buffer);
        buffer = null;
    }

    private byte[]? TakeBuffer(out int count)
    {
        var taken = buffer;
        count = length;
        buffer = null;
        length = 0;
        return taken;
    }

    /// <summary>Keeps a buffer for the next response; a long one goes back.</summary>
    private void Keep(byte[] used)
    {
        if (buffer is null && used.Length <= KeptLength) buffer = used;
        else ArrayPool<byte>.Shared.Return(used);
    }

    /// <summary>A send of a buffer and a file's part behind it.</summary>
    private sealed class SendEvent : SocketAsyncEventArgs
    {
        private TaskCompletionSource? done;

        internal Task SendAsync(Socket socket, ReadOnlyMemory<byte> head, FileStream file, long position, int count)
        {
            var body = new SendPacketsElement(file, position, count);
            SendPacketsElements = head.IsEmpty ? [body] : [new SendPacketsElement(head), body];
            done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!socket.SendPacketsAsync(this)) return SocketError == SocketError.Success ? Task.CompletedTask : Task.FromException(new SocketException((int)SocketError));
            return done.Task;
        }

        protected override void OnCompleted(SocketAsyncEventArgs e)
        {
            if (SocketError == SocketError.Success) done!.SetResult();
            else done!.SetException(new SocketException((int)SocketError));
        }
    }
}
