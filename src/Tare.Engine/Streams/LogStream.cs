using System.Text;
using Tare.Engine.Common;
using Tare.Engine.Containers;
using Tare.Keeper;
using Tare.Wire;

namespace Tare.Engine.Streams;

/// <summary>A container's log by lines, as <c>docker logs</c> shows it.</summary>
internal sealed class LogStream(LogReader reader, IDisposable reading, bool terminal, ContainerLogOptions options) : IOutputStream
{
    private byte[] buffer = [];

    /// <inheritdoc/>
    public bool Terminal => terminal;

    /// <inheritdoc/>
    public async ValueTask<OutputChunk?> ReadAsync(CancellationToken cancellationToken)
    {
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (!(line.Stream == 1 ? options.Stdout : options.Stderr)) continue;
            return new OutputChunk(line.Stream, options.Timestamps || options.Details ? WithPrefix(line) : line.Data);
        }
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await reader.DisposeAsync();
        reading.Dispose();
    }

    /// <summary>The time, and the details, of which there are none: what is left of them is the blank behind.</summary>
    private ReadOnlyMemory<byte> WithPrefix(LogLine line)
    {
        var prefix = options.Timestamps ? GoTime.FormatUnixNanosecondsFixed(Timestamps.Nanoseconds(line.Time)) + " " : "";
        if (options.Details) prefix += " ";
        var length = prefix.Length + line.Data.Length;
        if (buffer.Length < length) buffer = new byte[length];
        Encoding.ASCII.GetBytes(prefix, buffer);
        line.Data.CopyTo(buffer.AsMemory(prefix.Length));
        return buffer.AsMemory(0, length);
    }
}
