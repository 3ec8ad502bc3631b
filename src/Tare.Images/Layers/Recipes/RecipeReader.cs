using Tare.Linux;
using Tare.Oci.Archives;
using Tare.Oci.Compression;

namespace Tare.Images.Layers.Recipes;

/// <summary>One step of a recipe.</summary>
/// <param name="Raw">Bytes as they are; valid until the next step is read. Empty for a content.</param>
/// <param name="Path">The file whose content follows; empty for raw bytes.</param>
/// <param name="Extents">The pieces of the file that follow one another.</param>
internal readonly record struct RecipeStep(ReadOnlyMemory<byte> Raw, byte[] Path, IReadOnlyList<TarExtent> Extents);

/// <summary>Reads a recipe (<see cref="RecipeFormat"/>), front to back.</summary>
internal sealed class RecipeReader : IDisposable
{
    private const int MaxExtents = 1 << 20;

    private readonly Stream _compressed;
    private readonly Stream _stream;
    private readonly byte[] _raw = new byte[RecipeFormat.MaxRaw];

    /// <exception cref="Errors.TareException">It is none.</exception>
    internal RecipeReader(Fd file)
    {
        _compressed = Compressions.Decompress(CompressionKind.Zstd, new FdStream(file));
        _stream = new BufferedStream(_compressed, RecipeFormat.MaxRaw);
        Span<byte> magic = stackalloc byte[RecipeFormat.Magic.Length];
        Fill(magic);
        if (!magic.SequenceEqual(RecipeFormat.Magic)) throw RecipeFormat.Damaged();
    }

    /// <summary>The next step; <see langword="null"/> at the end.</summary>
    /// <exception cref="Errors.TareException">The recipe is damaged.</exception>
    internal RecipeStep? Next()
    {
        switch (_stream.ReadByte())
        {
            case RecipeFormat.Raw:
                var length = Number(_raw.Length);
                Fill(_raw.AsSpan(0, (int)length));
                return new RecipeStep(_raw.AsMemory(0, (int)length), [], []);
            case RecipeFormat.Content:
                var path = Path();
                return new RecipeStep(default, path, [new TarExtent(0, Number(long.MaxValue))]);
            case RecipeFormat.Pieces:
                path = Path();
                var extents = new TarExtent[Number(MaxExtents)];
                for (var i = 0; i < extents.Length; i++) extents[i] = new TarExtent(Number(long.MaxValue), Number(long.MaxValue));
                return new RecipeStep(default, path, extents);
            case RecipeFormat.End:
                return null;
            default:
                throw RecipeFormat.Damaged();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream.Dispose();
        _compressed.Dispose();
    }

    private byte[] Path()
    {
        var path = new byte[Number(BytePaths.MaxLength)];
        Fill(path);
        return path;
    }

    private void Fill(Span<byte> bytes)
    {
        if (_stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length) throw RecipeFormat.Damaged();
    }

    private long Number(long most)
    {
        long value = 0;
        for (var shift = 0; shift < 63; shift += 7)
        {
            var next = _stream.ReadByte();
            if (next < 0) throw RecipeFormat.Damaged();
            value |= (long)(next & 0x7f) << shift;
            if ((next & 0x80) == 0) return value >= 0 && value <= most ? value : throw RecipeFormat.Damaged();
        }

        throw RecipeFormat.Damaged();
    }
}
