using System.IO.Compression;

namespace Tare.Oci.Compression;

/// <summary>
/// Compresses with gzip on all processors: blocks that become members of one file, which every reader takes for one (RFC 1952, 2.2). The same
/// bytes give the same file, however many processors there are. For one thread; the target is written by it too, and not closed.
/// </summary>
/// <param name="target">Gets the compressed bytes.</param>
public sealed class ParallelGzipWriter(Stream target) : WriteOnlyStream
{
    /// <summary>Bytes of a block: a smaller one costs compression, a larger one memory.</summary>
    private const int BlockLength = 1024 * 1024;

    /// <summary>Measured on a system's libraries: 105 MB/s on one processor where zlib's usual 6 makes 73, and 3 % larger.</summary>
    private const int Level = 3;

    private static readonly ZLibCompressionOptions Options = new() { CompressionLevel = Level };

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
        target.Write(block.Compressed.GetBuffer(), 0, (int)block.Compressed.Length);
        block.Length = 0;
        _idle.Push(block);
    }

    private sealed class Block
    {
        internal byte[] Plain { get; } = GC.AllocateUninitializedArray<byte>(BlockLength);

        internal int Length { get; set; }

        internal MemoryStream Compressed { get; } = new();

        internal Block Compress()
        {
            Compressed.SetLength(0);
            using (var gzip = new GZipStream(Compressed, Options, leaveOpen: true)) gzip.Write(Plain, 0, Length);
            return this;
        }
    }
}
