using System.Text;
using System.Threading.Channels;
using Tare.Engine.Streams;

namespace Tare.Api.Tests;

/// <summary>Output that is there already.</summary>
internal sealed class FixedOutput(bool terminal, params (int Stream, string Text)[] chunks) : IOutputStream
{
    private readonly Queue<(int Stream, string Text)> left = new(chunks);

    public bool Terminal => terminal;

    public ValueTask<OutputChunk?> ReadAsync(CancellationToken cancellationToken)
        => ValueTask.FromResult<OutputChunk?>(left.TryDequeue(out var chunk) ? new OutputChunk(chunk.Stream, Encoding.UTF8.GetBytes(chunk.Text)) : null);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Output that a test feeds.</summary>
internal sealed class FedOutput : IOutputStream
{
    internal Channel<string> Feed { get; } = Channel.CreateUnbounded<string>();

    internal TaskCompletionSource Disposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool Terminal => false;

    public async ValueTask<OutputChunk?> ReadAsync(CancellationToken cancellationToken)
        => await Feed.Reader.WaitToReadAsync(cancellationToken) ? new OutputChunk(1, Encoding.UTF8.GetBytes(await Feed.Reader.ReadAsync(cancellationToken))) : null;

    public ValueTask DisposeAsync()
    {
        Disposed.TrySetResult();
        return ValueTask.CompletedTask;
    }
}

/// <summary>A process that is cat: what comes in goes out, and the end of the input is its end.</summary>
internal sealed class EchoStreams(bool terminal = false, string early = "") : IProcessStreams
{
    private readonly Channel<byte[]> bytes = Begin(early);

    internal TaskCompletionSource Disposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal bool Detached { get; private set; }

    public bool Terminal => terminal;

    public async ValueTask<OutputChunk?> ReadAsync(CancellationToken cancellationToken)
        => await bytes.Reader.WaitToReadAsync(cancellationToken) ? new OutputChunk(1, await bytes.Reader.ReadAsync(cancellationToken)) : null;

    public ValueTask WriteStdinAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => bytes.Writer.WriteAsync(data.ToArray(), cancellationToken);

    public ValueTask CloseStdinAsync(CancellationToken cancellationToken)
    {
        bytes.Writer.Complete();
        return ValueTask.CompletedTask;
    }

    public void ReportDetached() => Detached = true;

    public ValueTask DisposeAsync()
    {
        Disposed.TrySetResult();
        return ValueTask.CompletedTask;
    }

    private static Channel<byte[]> Begin(string early)
    {
        var channel = Channel.CreateBounded<byte[]>(16);
        if (early.Length > 0) channel.Writer.TryWrite(System.Text.Encoding.UTF8.GetBytes(early));
        return channel;
    }
}

/// <summary>A process that never reads its input and ends by itself.</summary>
internal sealed class DeafStreams(int bytes) : IProcessStreams
{
    private int left = bytes;

    public bool Terminal => true;

    public ValueTask<OutputChunk?> ReadAsync(CancellationToken cancellationToken)
    {
        if (left == 0)
            return ValueTask.FromResult<OutputChunk?>(null);
        var count = Math.Min(left, 32 * 1024);
        left -= count;
        return ValueTask.FromResult<OutputChunk?>(new OutputChunk(1, new byte[count]));
    }

    public async ValueTask WriteStdinAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => await Task.Delay(Timeout.Infinite, cancellationToken);

    public ValueTask CloseStdinAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public void ReportDetached()
    {
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
