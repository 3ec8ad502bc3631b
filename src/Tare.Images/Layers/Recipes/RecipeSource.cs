using Tare.Oci.Archives;

namespace Tare.Images.Layers.Recipes;

/// <summary>An archive on its way to the extractor: what is passed is noted in the recipe, but for the contents that the extractor keeps in files.</summary>
internal sealed class RecipeSource(ByteSource archive, RecipeWriter recipe) : ByteSource
{
    /// <summary>Bytes of the archive that were passed.</summary>
    internal long Position { get; private set; }

    /// <summary>Whether what is passed now goes to a file.</summary>
    internal bool IsContent { get; private set; }

    /// <summary>What follows is the content of a file.</summary>
    internal void BeginContent(ReadOnlySpan<byte> path, long length, IReadOnlyList<TarExtent>? extents)
    {
        if (length == 0) return;
        recipe.Content(path, length, extents);
        IsContent = true;
    }

    /// <summary>The content has been passed.</summary>
    internal void EndContent() => IsContent = false;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Peek() => archive.Peek();

    /// <inheritdoc/>
    public override void Advance(int count)
    {
        // What was shown stays until it is passed.
        if (!IsContent) recipe.Raw(archive.Peek()[..count]);
        archive.Advance(count);
        Position += count;
    }
}
