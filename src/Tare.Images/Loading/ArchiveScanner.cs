using System.Text;
using Tare.Errors;
using Tare.Images.Layers;
using Tare.Images.Pipes;
using Tare.Oci;
using Tare.Oci.Archives;
using Tare.Oci.Compression;

namespace Tare.Images.Loading;

/// <summary>
/// Reads an image archive once, front to back. What looks like a layer is extracted while it comes, before any manifest has said
/// that it is one: archives put their manifests last. What is named by a digest is verified.
/// </summary>
internal sealed class ArchiveScanner : IDisposable
{
    private const int MaxDocumentLength = 4 * 1024 * 1024;
    private const int MaxDocumentsLength = 64 * 1024 * 1024;
    private const int MaxFiles = 20_000;
    private const int HeadLength = 512;
    private const int ProgressStep = 1024 * 1024;
    private const string BlobPrefix = "blobs/";

    private readonly LayerStore _store;
    private readonly ChunkPool _pool;
    private readonly IProgress<LoadEvent>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly SemaphoreSlim _slots = new(Math.Max(2, Environment.ProcessorCount));
    private readonly List<LayerJob> _jobs = [];
    private readonly List<long> _held = [];
    private long _documentsLength;
    private int _files;

    internal ArchiveScanner(LayerStore store, ChunkPool pool, IProgress<LoadEvent>? progress, CancellationToken cancellation)
    {
        _store = store;
        _pool = pool;
        _progress = progress;
        _cancellation = cancellation;
    }

    /// <summary>All layers that were begun.</summary>
    internal IReadOnlyList<LayerJob> Jobs => _jobs;

    /// <summary>Reads the archive to its end. Layers may still be on their way when this returns.</summary>
    /// <exception cref="TareException">The archive is malformed, truncated or not what its names say.</exception>
    internal ArchiveContents Scan(ByteSource archive)
    {
        var kind = Compressions.Detect(archive.Peek());
        if (kind == CompressionKind.None) return ScanTar(archive);
        using var plain = Compressions.Decompress(kind, new SourceStream(archive));
        return ScanTar(new StreamSource(plain));
    }

    public void Dispose()
    {
        foreach (var job in _jobs) job.Dispose();
        _slots.Dispose();
        _store.Release(_held);
    }

    private ArchiveContents ScanTar(ByteSource source)
    {
        if (source.Peek().IsEmpty) throw TareException.Invalid("the archive is empty");
        var contents = new ArchiveContents();
        var tar = new TarReader(source);
        while (tar.Next() is { } entry)
        {
            _cancellation.ThrowIfCancellationRequested();
            if (++_files > MaxFiles) throw TareException.Invalid($"the archive has more than {MaxFiles} files; it is no image archive");
            var path = ArchiveContents.Clean(entry.Name);
            switch (entry.Type)
            {
                case TarEntryType.RegularFile:
                    contents.Add(path, Read(tar, entry, path));
                    break;
                case TarEntryType.HardLink:
                    contents.AddLink(path, ArchiveContents.Clean(entry.LinkName));
                    break;
                case TarEntryType.SymbolicLink:
                    contents.AddLink(path, ArchiveContents.Clean($"{Path.GetDirectoryName(path)}/{Encoding.UTF8.GetString(entry.LinkName)}"));
                    break;
                default:
                    break;
            }
        }

        if (!tar.HasEndMarker) throw TareException.Invalid($"the archive is truncated: it ends at byte {tar.Position} without its end marker");
        tar.Finish(allowAnything: false);
        return contents;
    }

    private ArchiveFile Read(TarReader tar, TarEntry entry, string path)
    {
        var named = DigestOf(path);
        using var digest = new DigestBuilder(named);
        Span<byte> joined = stackalloc byte[HeadLength];
        var head = ReadHead(tar, entry, joined);
        digest.Append(head);
        var file = Sniff(head) is { } kind
            ? ReadLayer(tar, entry, path, named, digest, head, kind)
            : ReadRest(tar, entry, digest, head);
        return named.IsEmpty || named == file.Digest ? file : throw Mismatch(named, file.Digest);
    }

    private ArchiveFile ReadRest(TarReader tar, TarEntry entry, DigestBuilder digest, ReadOnlySpan<byte> head)
    {
        _documentsLength += Math.Min(entry.Size, MaxDocumentLength);
        var keep = entry.Size <= MaxDocumentLength && _documentsLength <= MaxDocumentsLength;
        var content = keep ? new byte[entry.Size] : [];
        var length = head.Length;
        if (keep) head.CopyTo(content);
        for (var piece = tar.ReadContent(); !piece.IsEmpty; piece = tar.ReadContent())
        {
            digest.Append(piece);
            if (keep) piece.CopyTo(content.AsSpan(length));
            length += piece.Length;
        }

        return keep ? new ArchiveDocument(content, digest.Finish(), entry.Size) : new ArchiveOther(digest.Finish(), entry.Size);
    }

    private ArchiveLayer ReadLayer(TarReader tar, TarEntry entry, string path, Digest named, DigestBuilder digest, ReadOnlySpan<byte> head, CompressionKind kind)
    {
        var label = Label(path);
        var known = kind == CompressionKind.None && named.Algorithm == "sha256" && Hold(named);
        var job = known ? null : Start(kind, label);
        try
        {
            job?.Write(head);
            long next = 0;
            for (var piece = tar.ReadContent(); !piece.IsEmpty; piece = tar.ReadContent())
            {
                digest.Append(piece);
                job?.Write(piece);
                if (job is { IsHopeless: true })
                {
                    job.GiveUp();
                    job.Result.GetAwaiter().GetResult();
                }

                if (digest.Length < next) continue;
                _progress?.Report(new LayerProgress(label, digest.Length, entry.Size));
                next = digest.Length + ProgressStep;
            }

            _progress?.Report(new LayerProgress(label, entry.Size, entry.Size));
            var actual = digest.Finish();
            if (!named.IsEmpty && actual != named) throw Mismatch(named, actual);
            job?.Complete(actual);
            return new ArchiveLayer(job, actual, entry.Size);
        }
        catch (Exception e)
        {
            job?.Fail(e);
            throw;
        }
    }

    /// <summary>Whether a layer is in the store; it then stays there until the load has ended.</summary>
    private bool Hold(Digest diffId)
    {
        if (_store.TryHold(diffId) is not { } layer) return false;
        _held.Add(layer);
        return true;
    }

    private LayerJob Start(CompressionKind kind, string label)
    {
        _slots.Wait(_cancellation);
        var job = new LayerJob(_store, _pool, kind, label, _cancellation);
        _jobs.Add(job);
        _ = job.Result.ContinueWith(_ => _slots.Release(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return job;
    }

    /// <summary>The first block of a file, which may lie in two pieces; more when it lies in one.</summary>
    private static ReadOnlySpan<byte> ReadHead(TarReader tar, TarEntry entry, Span<byte> joined)
    {
        var first = tar.ReadContent();
        var wanted = (int)Math.Min(entry.Size, HeadLength);
        if (first.Length >= wanted) return first;
        var length = 0;
        while (true)
        {
            // What is beyond the block stays in the pieces, which are then longer than what is missing: join only what is short.
            if (length + first.Length > joined.Length)
            {
                var all = new byte[length + first.Length];
                joined[..length].CopyTo(all);
                first.CopyTo(all.AsSpan(length));
                return all;
            }

            first.CopyTo(joined[length..]);
            length += first.Length;
            if (length >= wanted) return joined[..length];
            first = tar.ReadContent();
        }
    }

    /// <summary>How a layer is compressed, or <see langword="null"/> for what is no layer.</summary>
    private static CompressionKind? Sniff(ReadOnlySpan<byte> head)
    {
        var kind = Compressions.Detect(head);
        if (kind != CompressionKind.None) return kind;
        return TarReader.LooksLikeTar(head) ? CompressionKind.None : null;
    }

    /// <summary>The digest that a path promises: that of <c>blobs/ALGORITHM/HEX</c>.</summary>
    private static Digest DigestOf(string path) =>
        path.StartsWith(BlobPrefix, StringComparison.Ordinal)
        && Digest.TryParse(path[BlobPrefix.Length..].Replace('/', ':'), out var digest)
            ? digest
            : default;

    /// <summary>Twelve digits of a layer's name, whether the digest or the id of older archives.</summary>
    private static string Label(string path)
    {
        const int length = 12;
        foreach (var part in path.Split('/', '.'))
        {
            if (part.Length >= length && part.All(char.IsAsciiHexDigit)) return part[..length];
        }

        return path;
    }

    private static TareException Mismatch(Digest expected, Digest found) =>
        TareException.Invalid($"the archive is damaged or was changed: the blob {expected} has the digest {found}");
}
