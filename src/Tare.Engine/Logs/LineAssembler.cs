namespace Tare.Engine.Logs;

/// <summary>One line of a container's output, or a piece of one that is longer than <see cref="LineAssembler.MaxPiece"/>.</summary>
/// <param name="Stream">1 is stdout, 2 is stderr.</param>
/// <param name="Time">When it was written.</param>
/// <param name="Data">The bytes with the line break, if there was one; valid until the next call.</param>
/// <param name="Ends">Whether the line ends here.</param>
internal readonly record struct LogLine(int Stream, DateTimeOffset Time, ReadOnlyMemory<byte> Data, bool Ends);

/// <summary>
/// Makes lines out of what a container wrote in chunks. stdout and stderr are assembled apart, so that a line of the one that is
/// not finished never mixes with the other. Lines come in the order in which they were finished.
/// </summary>
internal sealed class LineAssembler
{
    /// <summary>A longer line comes in pieces of this size, as with Docker's log drivers.</summary>
    public const int MaxPiece = 16 * 1024;

    private readonly Pending[] pending = [new(), new()];

    /// <summary>Gives a chunk's lines; what is not finished is kept for the next chunk.</summary>
    public IEnumerable<LogLine> Add(int stream, DateTimeOffset time, ReadOnlyMemory<byte> chunk)
    {
        var held = pending[stream - 1];
        while (!chunk.IsEmpty)
        {
            var end = chunk.Span.IndexOf((byte)'\n');
            var take = Math.Min(end < 0 ? chunk.Length : end + 1, MaxPiece - held.Length);
            var piece = chunk[..take];
            chunk = chunk[take..];
            var ends = piece.Span[^1] == '\n';
            if (!ends && held.Length + take < MaxPiece)
            {
                held.Append(piece.Span, time);
                continue;
            }
            if (held.Length > 0)
            {
                held.Append(piece.Span, time);
                piece = held.Take();
            }
            // The pieces of one long line all carry the time of its first.
            var at = held.Continues ?? time;
            held.Continues = ends ? null : at;
            yield return new LogLine(stream, at, piece, ends);
        }
    }

    /// <summary>What has no line break and never will have one.</summary>
    public IEnumerable<LogLine> Flush()
    {
        for (var stream = 1; stream <= pending.Length; stream++)
        {
            var held = pending[stream - 1];
            if (held.Length == 0) continue;
            var at = held.Continues ?? held.Time;
            held.Continues = null;
            yield return new LogLine(stream, at, held.Take(), Ends: true);
        }
    }

    private sealed class Pending
    {
        private byte[] buffer = [];

        public int Length { get; private set; }

        public DateTimeOffset Time { get; private set; }

        /// <summary>The time of the first piece, while a long line goes on.</summary>
        public DateTimeOffset? Continues { get; set; }

        public void Append(ReadOnlySpan<byte> data, DateTimeOffset time)
        {
            if (buffer.Length < Length + data.Length) Array.Resize(ref buffer, Math.Max(Length + data.Length, Math.Min(MaxPiece, buffer.Length * 2)));
            data.CopyTo(buffer.AsSpan(Length));
            Length += data.Length;
            Time = time;
        }

        public ReadOnlyMemory<byte> Take()
        {
            var result = buffer.AsMemory(0, Length);
            Length = 0;
            return result;
        }
    }
}
