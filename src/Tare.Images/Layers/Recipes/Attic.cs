using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Images.Layers.Recipes;

/// <summary>
/// Where things go that a later entry of their own layer replaces: the archive still has their content. Each gets a number as its name, and
/// a record in the file <c>moves</c>: <c>{s64 contents noted before it moved, s32 length of the path, path}</c>, little-endian.
/// </summary>
internal sealed class Attic : IDisposable
{
    /// <summary>Real layers have a few at most.</summary>
    private const int MaxMoves = 100_000;

    private const int PrivateMode = 0x1C0;
    private const int FileMode = 0x180;
    private const int HeaderLength = 12;

    private readonly Fd _layer;
    private Fd? _folder;
    private Fd? _file;
    private long _position;
    private int _count;

    /// <summary>An attic that is made when it is needed.</summary>
    /// <param name="layer">The layer's own folder; the caller's.</param>
    internal Attic(Fd layer) => _layer = layer;

    private static ReadOnlySpan<byte> FolderName => "attic"u8;

    private static ReadOnlySpan<byte> FileName => "moves"u8;

    /// <summary>Moves something here.</summary>
    /// <param name="parent">Its directory.</param>
    /// <param name="name">Its name.</param>
    /// <param name="path">Its path in the layer, without links.</param>
    /// <param name="contents">How many contents have been noted before.</param>
    internal void Take(Fd parent, ReadOnlySpan<byte> name, ReadOnlySpan<byte> path, long contents)
    {
        if (_count == MaxMoves) throw TareException.Invalid($"the layer has more than {MaxMoves} entries that replace others; it was not made by an image builder and was refused");
        Open(path);
        Check(FileSystem.Rename(parent, name, _folder!, NameOf(_count)), path);
        var record = new byte[HeaderLength + path.Length];
        BinaryPrimitives.WriteInt64LittleEndian(record, contents);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(8), path.Length);
        path.CopyTo(record.AsSpan(HeaderLength));
        Check(FileContent.WriteAt(_file!, record, _position), path);
        _position += record.Length;
        _count++;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _folder?.Dispose();
        _file?.Dispose();
    }

    /// <summary>The name of the thing with a number.</summary>
    internal static byte[] NameOf(int number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));

    /// <summary>Opens the attic of a layer for reading; <see langword="null"/> when nothing was replaced in it.</summary>
    internal static Fd? TryOpenFolder(Fd layer) => BytePaths.TryOpenDirectory(layer, FolderName, out _);

    /// <summary>The moves of a layer, in order: how many contents were noted before, and the path.</summary>
    internal static IReadOnlyList<(long Contents, byte[] Path)> ReadMoves(Fd layer)
    {
        using var file = BytePaths.TryOpen(layer, FileName, Paths.NoFollow, 0, out _) ?? throw RecipeFormat.Damaged();
        var bytes = FileContent.ReadToEnd(file, MaxMoves * (HeaderLength + BytePaths.MaxLength)).AsSpan();
        var moves = new List<(long, byte[])>();
        while (!bytes.IsEmpty)
        {
            if (bytes.Length < HeaderLength) throw RecipeFormat.Damaged();
            var contents = BinaryPrimitives.ReadInt64LittleEndian(bytes);
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
            if (length < 0 || length > bytes.Length - HeaderLength) throw RecipeFormat.Damaged();
            moves.Add((contents, bytes.Slice(HeaderLength, length).ToArray()));
            bytes = bytes[(HeaderLength + length)..];
        }

        return moves;
    }

    private void Open(ReadOnlySpan<byte> path)
    {
        if (_folder is not null) return;
        Check(FileSystem.MakeDirectory(_layer, FolderName, PrivateMode), path);
        _folder = BytePaths.TryOpenDirectory(_layer, FolderName, out var error);
        Check(error, path);
        _file = BytePaths.TryOpen(_layer, FileName, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive | Paths.NoFollow, FileMode, out error);
        Check(error, path);
    }

    private static void Check(int error, ReadOnlySpan<byte> path)
    {
        if (error != 0) throw ExtractionFailure.Of(path, error);
    }
}
