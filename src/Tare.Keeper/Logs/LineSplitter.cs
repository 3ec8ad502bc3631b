namespace Tare.Keeper.Logs;

/// <summary>
/// Makes lines of chunks, for stdout and stderr apart. A line longer than <see cref="MaxPiece"/> comes in pieces, as with Docker's
/// log drivers, so that a process that never ends its line needs no memory.
/// </summary>
internal sealed class LineSplitter
{
    public const int MaxPiece = 16 * 1024;

    private readonly Partial[] partials = [new(), new()];
    private LogChunk chunk;
    private int used;

    /// <summary>Whether the chunk that was given is used up.</summary>
    public bool NeedsChunk => used >= chunk.Data.Length;

    /// <summary>Gives the next chunk, whose memory must stay valid until it is used up.</summary>
    public void Give(LogChunk next)
    {
        chunk = next;
        used = next.Stream is 1 or 2 ? 0 : next.Data.Length;
    }

    /// <summary>The next line or piece of the chunk; null when the rest of it is kept for later.</summary>
    public LogLine? Next()
    {
        if (NeedsChunk) return null;
        var partial = partials[chunk.Stream - 1];
        var rest = chunk.Data[used..];
        var newline = rest.Span.IndexOf((byte)'\n');
        var take = Math.Min(newline < 0 ? rest.Length : newline + 1, MaxPiece - partial.Length);
        var piece = rest[..take];
        used += take;
        var ends = piece.Span[^1] == '\n';
        partial.Begin(chunk.Time);
        if (!ends && partial.Length + take < MaxPiece)
        {
            partial.Append(piece.Span);
            return null;
        }
        if (partial.Length > 0)
        {
            partial.Append(piece.Span);
            piece = partial.Take();
        }
        return partial.Emit(chunk.Stream, piece, ends);
    }

    /// <summary>A line that has no newline and will get none; null when there is none any more.</summary>
    public LogLine? Flush()
    {
        for (var stream = 1; stream <= 2; stream++)
        {
            var partial = partials[stream - 1];
            if (partial.Length > 0) return partial.Emit(stream, partial.Take(), ends: true);
        }
        return null;
    }

    private sealed class Partial
    {
        private byte[] buffer = [];
        private DateTimeOffset time;
        private bool begun;
        private bool continues;

        public int Length { get; private set; }

        /// <summary>Takes the time of a line's first byte.</summary>
        public void Begin(DateTimeOffset at)
        {
            if (begun) return;
            begun = true;
            time = at;
        }

        public void Append(ReadOnlySpan<byte> data)
        {
            if (buffer.Length < Length + data.Length) Array.Resize(ref buffer, Math.Min(MaxPiece, Math.Max(Length + data.Length, 2 * buffer.Length)));
            data.CopyTo(buffer.AsSpan(Length));
            Length += data.Length;
        }

        public ReadOnlyMemory<byte> Take()
        {
            var taken = buffer.AsMemory(0, Length);
            Length = 0;
            return taken;
        }

        public LogLine Emit(int stream, ReadOnlyMemory<byte> data, bool ends)
        {
            var line = new LogLine(stream, time, data, continues);
            continues = !ends;
            begun = !ends;
            return line;
        }
    }
}
