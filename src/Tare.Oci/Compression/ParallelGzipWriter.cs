namespace Tare.Oci.Compression;

/// <summary>
/// Compresses with gzip on all processors: blocks that become members of one file, which every reader takes for one (RFC 1952, 2.2). The same
/// bytes give the same file, however many processors there are. For one thread; the target is written by it too, and not closed. After
/// the disposal of one that was given up, its blocks are compressed to their end and dropped.
/// </summary>
/// <param name="target">Gets the compressed bytes.</param>
public sealed class ParallelGzipWriter(Stream target) : WriteOnlyStream
{
    /// <summary>Bytes of a block: a smaller one costs compression, a larger one memory.</summary>
    private const int BlockLength = 1024 * 1024;

    /// <summary>Measured on an image of 169 MB: 216 MB/s on one processor and 60.5 MB, where zlib-ng makes 122 and 59.5 at its 3, and 77 and 57.8 at its 6.</summary>
    private const int Level = 1;

    private readonly Queue<Task<Block>> _running = new();
    private readonly Stack<Block> _idle = new();
    private readonly int _parallel = Environment.ProcessorCount + 1;
    private Block? _filling;
    private bool _isEmpty = true;

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            _filling ??= _idle.TryPop(out var idle) ? idle : new Block();
            var count = Math.Min(buffer.Length, BlockLength - _filling.Length);
            buffer[..count].CopyTo(_filling.Plain.AsSpan(_filling.Length));
            _filling.Length += count;
            buffer = buffer[count..];
            if (_filling.Length == BlockLength) Submit();
        }
    }

    /// <summary>Writes the rest. To give up, don't: what was written is no whole file then.</summary>
    public void Finish()
    {
        // A file has at least one member.
        if (_isEmpty && _filling is null) _filling = new Block();
        if (_filling is not null) Submit();
        while (_running.Count > 0) WriteNext();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _filling?.Dispose();
            while (_idle.TryPop(out var idle)) idle.Dispose();
            while (_running.TryDequeue(out var running)) running.GetAwaiter().GetResult().Dispose();
        }

        base.Dispose(disposing);
    }

    private void Submit()
    {
        var block = _filling!;
        _filling = null;
        _isEmpty = false;
        if (_running.Count == _parallel) WriteNext();
        _running.Enqueue(Task.Run(block.Compress));
    }

    private void WriteNext()
    {
        var block = _running.Dequeue().GetAwaiter().GetResult();
        target.Write(block.Member.AsSpan(0, block.MemberLength));
        block.Length = 0;
        _idle.Push(block);
    }

    private sealed class Block : IDisposable
    {
        private readonly Deflate _deflate = new(Level);

        internal Block() => Member = GC.AllocateUninitializedArray<byte>(_deflate.BoundOf(BlockLength));

        internal byte[] Plain { get; } = GC.AllocateUninitializedArray<byte>(BlockLength);

        internal int Length { get; set; }

        internal byte[] Member { get; }

        internal int MemberLength { get; private set; }

        public void Dispose() => _deflate.Dispose();

        internal Block Compress()
        {
            MemberLength = _deflate.Compress(Plain, Length, Member);
            return this;
        }
    }
}
