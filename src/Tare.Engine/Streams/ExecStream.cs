using System.Threading.Channels;
using Tare.Engine.Execs;
using Tare.Keeper;
using Tare.Linux;

namespace Tare.Engine.Streams;

/// <summary>
/// The streams of an exec that a client has started. Output comes straight from the pipes, or from the terminal. It ends with the process
/// and not with the pipes: what a child that lives on may still write there is nobody's business, and what the process itself wrote is
/// in the pipe when its end is known.
/// </summary>
internal sealed class ExecStream : IProcessStreams
{
    private const int BufferSize = 32 * 1024;

    private readonly Exec exec;
    private readonly IKeeper keeper;
    private readonly Poller poller;
    private readonly ProcessInput? input;
    private readonly ProcessKey key;
    private readonly Fd?[] outputs;
    private readonly Action detached;
    private readonly Channel<(int Stream, byte[] Data)> chunks = Channel.CreateBounded<(int, byte[])>(new BoundedChannelOptions(4) { SingleReader = true });
    private readonly CancellationTokenSource leaving = new();
    private readonly CancellationTokenSource processEnded = new();
    private readonly Task watch;
    private readonly Task pumps;
    private bool left;

    /// <summary>Takes the output descriptors over; the input is the exec's.</summary>
    public ExecStream(Exec exec, LaunchedProcess process, ProcessInput? input, IKeeper keeper, Poller poller, Action detached)
    {
        this.exec = exec;
        this.keeper = keeper;
        this.poller = poller;
        this.input = input;
        this.detached = detached;
        key = process.Key;
        var request = exec.Request;
        outputs = request.Tty ? [process.Terminal!.Duplicate()] : [process.Stdout, process.Stderr];
        watch = WatchAsync();
        pumps = request.Tty
            ? PumpAllAsync(PumpAsync(outputs[0], 1, request.AttachStdout || request.AttachStderr))
            : PumpAllAsync(PumpAsync(outputs[0], 1, request.AttachStdout), PumpAsync(outputs[1], 2, request.AttachStderr));
    }

    /// <inheritdoc/>
    public bool Terminal => exec.Request.Tty;

    /// <inheritdoc/>
    public async ValueTask<OutputChunk?> ReadAsync(CancellationToken cancellationToken)
    {
        while (await chunks.Reader.WaitToReadAsync(cancellationToken))
        {
            if (chunks.Reader.TryRead(out var chunk)) return new OutputChunk(chunk.Stream, chunk.Data);
        }
        return null;
    }

    /// <inheritdoc/>
    public ValueTask WriteStdinAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        input is null ? ValueTask.CompletedTask : input.WriteAsync(data, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask CloseStdinAsync(CancellationToken cancellationToken)
    {
        if (input is null || left) return;
        if (Terminal)
        {
            // As with Docker: a terminal session whose input has ended is over, and the process goes on.
            await leaving.CancelAsync();
            return;
        }
        left = true;
        input.Dispose();
        await keeper.CloseStdinAsync(key, cancellationToken);
    }

    /// <inheritdoc/>
    public void ReportDetached()
    {
        left = true;
        detached();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // A client that has gone without a word can send nothing more either.
        if (!left && !Terminal) await CloseStdinAsync(CancellationToken.None);
        await leaving.CancelAsync();
        await pumps;
        foreach (var output in outputs) output?.Dispose();
        leaving.Dispose();
        processEnded.Dispose();
    }

    private async Task PumpAllAsync(params Task[] all)
    {
        await Task.WhenAll(all);
        // The exit code must be there before the client asks for it, which it does when its output ends.
        await watch;
        chunks.Writer.TryComplete();
    }

    private async Task WatchAsync()
    {
        try
        {
            await exec.Ended.Task.WaitAsync(leaving.Token);
            await processEnded.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // The client leaves: it asks for nothing more.
        }
    }

    private async Task PumpAsync(Fd? output, int stream, bool wanted)
    {
        if (output is null) return;
        var buffer = new byte[BufferSize];
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(leaving.Token, processEnded.Token);
        while (!leaving.IsCancellationRequested)
        {
            // The order matters: what was written before the end is seen by a read that begins after it.
            var last = processEnded.IsCancellationRequested;
            var count = Descriptors.TryRead(output, buffer, out var error);
            if (count == 0 || (count < 0 && error != Errno.EAGAIN)) return;
            try
            {
                if (count > 0)
                {
                    if (wanted) await chunks.Writer.WriteAsync((stream, buffer[..count]), leaving.Token);
                }
                else if (last)
                {
                    return;
                }
                else
                {
                    await poller.WaitReadableAsync(output, stop.Token);
                }
            }
            catch (OperationCanceledException)
            {
                // Either the process has ended, and what is left is read, or the client has left.
            }
        }
    }
}
