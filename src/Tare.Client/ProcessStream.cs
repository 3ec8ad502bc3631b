using Tare.Client.Http;

namespace Tare.Client;

/// <summary>Which of a process's streams some bytes belong to. The numbers are those of the wire.</summary>
public enum StandardStream
{
    /// <summary>Bytes for the process; the engine never sends them.</summary>
    Input = 0,

    /// <summary>Standard output; also everything that comes from a terminal.</summary>
    Output = 1,

    /// <summary>Standard error.</summary>
    Error = 2,
}

/// <summary>Some bytes of a process's output.</summary>
/// <param name="Stream">Where the process wrote them.</param>
/// <param name="Data">The bytes; they are overwritten by the next read.</param>
public readonly record struct OutputChunk(StandardStream Stream, ReadOnlyMemory<byte> Data);

/// <summary>
/// The streams of an attached container or exec. One reader and one writer may use it at the same time.
/// </summary>
public sealed class ProcessStream : IDisposable
{
    private readonly HttpConnection _connection;
    private readonly OutputReader _reader;

    internal ProcessStream(HttpConnection connection, bool multiplexed)
    {
        _connection = connection;
        _reader = new OutputReader(connection.ReadAsync, multiplexed);
    }

    /// <summary>Whether stdout and stderr come apart; false for a terminal.</summary>
    public bool Multiplexed => _reader.Multiplexed;

    /// <summary>The next bytes that the process wrote; null when its streams are closed, or the client was detached.</summary>
    /// <exception cref="EngineException">The engine says in the stream that something went wrong.</exception>
    public ValueTask<OutputChunk?> ReadAsync(CancellationToken cancellationToken = default) => _reader.ReadAsync(cancellationToken);

    /// <summary>Writes to the process's stdin.</summary>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default) => _connection.SendAsync(data, cancellationToken);

    /// <summary>Says that no more input will come; the process sees the end of its stdin. Output goes on.</summary>
    public void CloseInput() => _connection.ShutdownSend();

    /// <summary>Ends the reading and writing of other threads; the process goes on.</summary>
    public void Abort() => _connection.Abort();

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();
}
