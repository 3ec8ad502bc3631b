using Tare.Errors;
using Tare.Images.Layers.Recipes;
using Tare.Linux;
using Tare.Oci;

namespace Tare.Images.Layers;

/// <summary>A layer as the archive that it was extracted from, made again byte by byte.</summary>
public sealed class LayerArchive
{
    private const int BufferLength = 256 * 1024;

    private readonly string _path;

    internal LayerArchive(Digest diffId, long length, string path)
    {
        DiffId = diffId;
        Length = length;
        _path = path;
    }

    /// <summary>The digest of the archive.</summary>
    public Digest DiffId { get; }

    /// <summary>Bytes of the archive.</summary>
    public long Length { get; }

    /// <summary>Writes the archive. What is written is only certain to be the layer when this has returned.</summary>
    /// <exception cref="TareException">Internal: the layer's files are damaged, so that its digest is another.</exception>
    public void CopyTo(Stream target, CancellationToken cancellationToken)
    {
        using var layer = Paths.Open(_path, Paths.Directory);
        using var recipe = BytePaths.TryOpen(layer, RecipeFormat.FileName, Paths.NoFollow, 0, out _) ?? throw RecipeFormat.Damaged();
        using var reader = new RecipeReader(recipe);
        using var files = new LayerFiles(layer);
        using var digest = new DigestBuilder(DiffId);
        var buffer = GC.AllocateUninitializedArray<byte>(BufferLength);
        var filled = 0;
        long contents = 0;
        while (reader.Next() is { } step)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (step.Path.Length == 0)
            {
                for (var raw = step.Raw.Span; !raw.IsEmpty;)
                {
                    var count = Math.Min(raw.Length, buffer.Length - filled);
                    raw[..count].CopyTo(buffer.AsSpan(filled));
                    raw = raw[count..];
                    filled += count;
                    if (filled == buffer.Length) Flush();
                }

                continue;
            }

            using var file = files.Open(step.Path, ++contents);
            foreach (var (offset, length) in step.Extents)
            {
                for (long done = 0; done < length;)
                {
                    var count = RegularFiles.ReadAt(file, buffer.AsSpan(filled, (int)Math.Min(buffer.Length - filled, length - done)), offset + done);
                    if (count == 0) throw Damaged();
                    done += count;
                    filled += count;
                    if (filled == buffer.Length) Flush();
                }
            }
        }

        Flush();
        if (digest.Length != Length || digest.Finish() != DiffId) throw Damaged();

        void Flush()
        {
            digest.Append(buffer.AsSpan(0, filled));
            target.Write(buffer, 0, filled);
            filled = 0;
        }
    }

    private TareException Damaged() => TareException.Internal($"the files of the layer {DiffId.Short} are damaged: they no longer make its archive; remove its image and load or pull it again");
}
