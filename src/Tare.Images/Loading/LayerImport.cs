using Tare.Errors;
using Tare.Images.Layers;
using Tare.Images.Pipes;
using Tare.Oci;
using Tare.Oci.Archives;
using Tare.Oci.Compression;

namespace Tare.Images.Loading;

/// <summary>Reads a stream that is one layer.</summary>
internal static class LayerImport
{
    /// <summary>Extracts the layer.</summary>
    /// <param name="source">The stream.</param>
    /// <param name="store">Where it goes.</param>
    /// <param name="pool">Buffers.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="job">The extraction, whose draft is the caller's; set before anything can fail.</param>
    /// <exception cref="TareException">The stream is no archive, is truncated, or the disk is full.</exception>
    internal static ArchiveLayer Read(ByteSource source, LayerStore store, ChunkPool pool, CancellationToken cancellation, out LayerJob? job)
    {
        job = null;
        var head = source.Peek();
        if (head.IsEmpty) throw TareException.Invalid("the archive is empty");
        var extraction = job = new LayerJob(store, pool, Compressions.Detect(head), "of the import", cancellation);
        try
        {
            using var digest = new DigestBuilder();
            for (var piece = head; !piece.IsEmpty; piece = source.Peek())
            {
                digest.Append(piece);
                extraction.Write(piece);
                source.Advance(piece.Length);
                if (extraction.Result.IsFaulted) break;
            }

            var size = digest.Length;
            var sum = digest.Finish();
            extraction.Complete(sum);
            var draft = extraction.Result.GetAwaiter().GetResult();
            if (!draft.HasEndMarker) throw TareException.Invalid("the archive is truncated: it ends without its end marker");
            return new ArchiveLayer(extraction, sum, size);
        }
        catch (Exception e)
        {
            extraction.Fail(e);
            throw;
        }
    }
}
