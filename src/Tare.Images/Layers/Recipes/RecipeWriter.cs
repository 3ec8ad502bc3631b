using Tare.Oci.Archives;
using Tare.Oci.Compression;

namespace Tare.Images.Layers.Recipes;

/// <summary>Writes the recipe of an archive while it is extracted (<see cref="RecipeFormat"/>).</summary>
internal sealed class RecipeWriter : IDisposable
{
    private readonly Stream _stream;
    private readonly byte[] _raw = new byte[RecipeFormat.MaxRaw];
    private int _length;

    internal RecipeWriter(Stream target)
    {
        _stream = new BufferedStream(Compressions.Compress(CompressionKind.Zstd, target), RecipeFormat.MaxRaw);
        _stream.Write(RecipeFormat.Magic);
    }

    /// <summary>How many contents have been noted.</summary>
    internal long Contents { get; private set; }

    /// <summary>Notes bytes as they are.</summary>
    internal void Raw(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = Math.Min(bytes.Length, _raw.Length - _length);
            bytes[..count].CopyTo(_raw.AsSpan(_length));
            _length += count;
            bytes = bytes[count..];
            if (_length == _raw.Length) FlushRaw();
        }
    }

    /// <summary>Notes that the content of a file follows.</summary>
    /// <param name="path">The file.</param>
    /// <param name="length">Bytes of the content in the archive.</param>
    /// <param name="extents">Where they lie in the file, when it is sparse.</param>
    internal void Content(ReadOnlySpan<byte> path, long length, IReadOnlyList<TarExtent>? extents)
    {
        FlushRaw();
        Contents++;
        _stream.WriteByte(extents is null ? RecipeFormat.Content : RecipeFormat.Pieces);
        Number(path.Length);
        _stream.Write(path);
        if (extents is null)
        {
            Number(length);
            return;
        }

        Number(extents.Count);
        foreach (var (offset, size) in extents)
        {
            Number(offset);
            Number(size);
        }
    }

    /// <summary>Ends the recipe.</summary>
    /// <param name="length">Bytes of the archive.</param>
    internal void Finish(long length)
    {
        FlushRaw();
        _stream.WriteByte(RecipeFormat.End);
        Number(length);
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private void FlushRaw()
    {
        if (_length == 0) return;
        _stream.WriteByte(RecipeFormat.Raw);
        Number(_length);
        _stream.Write(_raw, 0, _length);
        _length = 0;
    }

    private void Number(long value)
    {
        for (; value >= 0x80; value >>= 7) _stream.WriteByte((byte)(value | 0x80));
        _stream.WriteByte((byte)value);
    }
}
