using System.Text;

namespace Tare.Engine.Streams;

/// <summary>The streams of an exec that could not be started: one message for the client, who learns the exit code by inspecting.</summary>
internal sealed class MessageStream(string message, bool terminal) : IProcessStreams
{
    private bool given;

    /// <inheritdoc/>
    public bool Terminal => terminal;

    /// <inheritdoc/>
    public ValueTask<OutputChunk?> ReadAsync(CancellationToken cancellationToken)
    {
        if (given) return ValueTask.FromResult<OutputChunk?>(null);
        given = true;
        return ValueTask.FromResult<OutputChunk?>(new OutputChunk(1, Encoding.UTF8.GetBytes(message + "\r\n")));
    }

    /// <inheritdoc/>
    public ValueTask WriteStdinAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask CloseStdinAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public void ReportDetached()
    {
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
