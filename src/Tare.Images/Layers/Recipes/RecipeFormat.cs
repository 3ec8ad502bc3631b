using Tare.Errors;

namespace Tare.Images.Layers.Recipes;

/// <summary>
/// How an archive that was extracted is made again byte by byte: all that is not a file's content as it was, and for each content the file
/// that holds it.
/// </summary>
/// <remarks>
/// A zstd stream of the magic and of records, a byte of kind and the rest; numbers are LEB128 without sign:
/// <code>
/// 1 raw      length, bytes: headers, padding, the end marker, whatever follows it
/// 2 content  length of the path, path, length of the content
/// 3 pieces   length of the path, path, count, then for each piece its offset and length: a sparse file's
/// 4 end      length of the archive
/// </code>
/// Paths are the layer's own, without links. What a later entry of the same archive has replaced lies in the attic of the layer, where the
/// recipe's second file says from which content on a path leads there (see <see cref="Attic"/>).
/// </remarks>
internal static class RecipeFormat
{
    internal const byte Raw = 1;
    internal const byte Content = 2;
    internal const byte Pieces = 3;
    internal const byte End = 4;

    /// <summary>The longest run of raw bytes in one record.</summary>
    internal const int MaxRaw = 64 * 1024;

    internal static ReadOnlySpan<byte> Magic => "tare recipe 1\n"u8;

    /// <summary>The recipe, in the layer's own folder.</summary>
    internal static ReadOnlySpan<byte> FileName => "recipe"u8;

    /// <summary>The error for a recipe that is not what was written, or whose files are not there.</summary>
    internal static TareException Damaged() => TareException.Internal("the recipe of a layer is damaged; remove its image and load or pull it again");
}
