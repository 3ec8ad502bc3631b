namespace Tare.Engine.Streams;

/// <summary>Bytes that a process wrote.</summary>
/// <param name="Stream">1 is stdout (and all of a terminal's output), 2 is stderr.</param>
/// <param name="Data">The bytes; valid until the next read.</param>
public readonly record struct OutputChunk(int Stream, ReadOnlyMemory<byte> Data);

/// <summary>Output of a process, past or live, in the order in which it was written. For one reader.</summary>
public interface IOutputStream : IAsyncDisposable
{
    /// <summary>Whether the process has a terminal: its output is then one raw stream, without frames.</summary>
    bool Terminal { get; }

    /// <summary>The next chunk; null when there will be no more.</summary>
    ValueTask<OutputChunk?> ReadAsync(CancellationToken cancellationToken);
}

/// <summary>
/// The standard streams of a container or exec. Reading is for one reader, writing for one writer; both may go on at the same time.
/// Disposing leaves the process as it is: what is detached runs on.
/// </summary>
public interface IProcessStreams : IOutputStream
{
    /// <summary>
    /// Writes to stdin; waits while the container has not been started yet, and while the process does not read.
    /// When the process is gone the bytes are dropped.
    /// </summary>
    ValueTask WriteStdinAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken);

    /// <summary>No more input comes from this caller. Gives the process its end of file where Docker does: for an exec, and for a container with StdinOnce.</summary>
    ValueTask CloseStdinAsync(CancellationToken cancellationToken);

    /// <summary>Tells the engine that the caller typed the detach keys, for the <c>detach</c> event.</summary>
    void ReportDetached();
}
