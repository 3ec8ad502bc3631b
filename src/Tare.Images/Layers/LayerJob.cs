using Tare.Errors;
using Tare.Images.Layers.Recipes;
using Tare.Images.Pipes;
using Tare.Images.Roots;
using Tare.Linux;
using Tare.Oci;
using Tare.Oci.Archives;
using Tare.Oci.Compression;

namespace Tare.Images.Layers;

/// <summary>
/// One layer on its way to the disk: bytes are written in, threads of its own decompress and hash, and extract. The layer's
/// writer goes on with the next one meanwhile.
/// </summary>
/// <remarks>
/// <code>
/// plain:       writer (hashes) ──pipe──▶ extractor
/// compressed:  writer (hashes) ──pipe──▶ decompressor (hashes) ──pipe──▶ extractor
/// </code>
/// The writer of a plain layer knows its DiffID, the digest of what it wrote.
/// </remarks>
internal sealed class LayerJob : IDisposable
{
    /// <summary>How far a writer may be ahead: 4 MiB.</summary>
    private const int PipeCapacity = 16;

    private const int RecipeMode = 0x180;

    private readonly LayerStore _store;
    private readonly ChunkPool _pool;
    private readonly CancellationToken _cancellation;
    private readonly ChunkPipe _input;
    private readonly long _limit;
    private Digest _plainDigest;
    private volatile bool _isHopeless;

    /// <summary>Starts the threads.</summary>
    /// <param name="store">Where the layer goes.</param>
    /// <param name="pool">Buffers.</param>
    /// <param name="kind">How the layer is compressed.</param>
    /// <param name="label">What to call it in messages.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="limit">The most bytes that it may decompress to.</param>
    internal LayerJob(LayerStore store, ChunkPool pool, CompressionKind kind, string label, CancellationToken cancellation, long limit = long.MaxValue)
    {
        _limit = limit;
        _store = store;
        _pool = pool;
        _cancellation = cancellation;
        _input = new ChunkPipe(pool, PipeCapacity, cancellation);
        Result = kind == CompressionKind.None
            ? Run(() => Extract(_input, label, () => _plainDigest))
            : Run(() => ExtractCompressed(kind, label));
    }

    /// <summary>The filled directory with its DiffID; the caller's to dispose.</summary>
    internal Task<LayerDraft> Result { get; }

    /// <summary>Whether it has failed for a reason that is not in the layer, so that reading on is no use.</summary>
    internal bool IsHopeless => _isHopeless;

    internal void Write(ReadOnlySpan<byte> bytes) => _input.Write(bytes);

    /// <summary>Whether it has failed, so that it takes no more.</summary>
    internal bool IsAbandoned => _input.IsAbandoned;

    /// <summary>Room to write into, for <see cref="Wrote"/>.</summary>
    internal ValueTask<Memory<byte>> RoomAsync() => _input.RoomAsync();

    /// <summary>So many bytes have been written into the room.</summary>
    internal void Wrote(int count) => _input.Wrote(count);

    /// <summary>All bytes are written.</summary>
    /// <param name="digest">The SHA-256 of all of them.</param>
    internal void Complete(Digest digest)
    {
        _plainDigest = digest;
        _input.Complete();
    }

    /// <summary>There will be no more bytes.</summary>
    internal void Fail(Exception failure) => _input.Complete(failure);

    /// <summary>Ends a hopeless job, whose result tells why.</summary>
    internal void GiveUp() => _input.Complete(new OperationCanceledException());

    /// <summary>Waits until it has ended, and removes the directory if nobody has published it: a job that failed has done so itself.</summary>
    internal async Task DiscardAsync()
    {
        await ((Task)Result).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Result.IsCompletedSuccessfully) (await Result.ConfigureAwait(false)).Dispose();
    }

    public void Dispose() => _input.Dispose();

    private static Task<T> Run<T>(Func<T> body) =>
        Task.Factory.StartNew(body, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);

    private LayerDraft ExtractCompressed(CompressionKind kind, string label)
    {
        using var plain = new ChunkPipe(_pool, PipeCapacity, _cancellation);
        var decompression = Run(() => Decompress(kind, plain, label));
        // The extractor reads the pipe to its end, so the digest is there when it asks.
        return Extract(plain, label, () => decompression.GetAwaiter().GetResult(), decompression);
    }

    private Digest Decompress(CompressionKind kind, ChunkPipe plain, string label)
    {
        try
        {
            using var digest = new DigestBuilder();
            using var stream = Compressions.Decompress(kind, new SourceStream(_input));
            var buffer = _pool.Rent();
            for (var count = stream.Read(buffer); count > 0; count = stream.Read(buffer))
            {
                digest.Append(buffer.AsSpan(0, count));
                if (digest.Length > _limit)
                    throw TareException.Invalid($"layer {label} decompresses to more than {_limit} bytes, far more than its compressed size accounts for; it is taken for a decompression bomb and was refused");
                plain.Write(buffer.AsSpan(0, count));
            }

            _pool.Return(buffer);
            var result = digest.Finish();
            plain.Complete();
            return result;
        }
        catch (Exception e)
        {
            _input.Abandon();
            plain.Complete(e);
            throw;
        }
    }

    private LayerDraft Extract(ChunkPipe plain, string label, Func<Digest> digest, Task? before = null)
    {
        LayerDraft? draft = null;
        try
        {
            draft = _store.Begin();
            var flags = OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive | Paths.NoFollow;
            using (var file = BytePaths.TryOpen(draft.Folder, RecipeFormat.FileName, flags, RecipeMode, out var error) ?? throw ExtractionFailure.Of(RecipeFormat.FileName, error))
            using (var recipe = new RecipeWriter(new FdStream(file)))
            using (var extractor = new LayerExtractor(draft.Root, draft.Folder, plain, recipe, _store.Driver == StorageDriver.Overlay2, label))
            {
                extractor.Extract(_cancellation);
                draft.HasEndMarker = extractor.HasEndMarker;
                draft.Size = extractor.Size;
                draft.ArchiveLength = extractor.ArchiveLength;
            }

            draft.DiffId = digest();
            return draft;
        }
        catch (Exception e)
        {
            // Told before the wait: the thread before this one reads as long as there is a writer, and that one need not go on.
            if (e is not TareException { Kind: ErrorKind.InvalidArgument }) _isHopeless = true;
            plain.Abandon();
            // The thread before this one writes into the pipe until it has seen that nobody reads.
            before?.ContinueWith(static _ => { }, TaskScheduler.Default).Wait();
            draft?.Dispose();
            throw;
        }
    }
}
