using Tare.Images.Layers;
using Tare.Oci;

namespace Tare.Images.Catalogs;

/// <summary>What comes into the store at once: all of it, or nothing.</summary>
internal sealed record ImageChange
{
    /// <summary>The images; one that is there already stays as it is.</summary>
    public required IReadOnlyList<NewImage> Images { get; init; }

    /// <summary>Names of these images; others that had them lose them.</summary>
    public IReadOnlyList<NewName> Names { get; init; } = [];

    /// <summary>The repository that is known to have the blobs of the layers; empty when none is.</summary>
    public string Repository { get; init; } = "";

    /// <summary>Indexes that names stand for.</summary>
    public IReadOnlyList<NewIndex> Indexes { get; init; } = [];
}

/// <summary>An image before it is in the store.</summary>
internal sealed record NewImage
{
    /// <summary>The digest of the configuration.</summary>
    public required Digest Id { get; init; }

    /// <summary>The exact bytes of the configuration.</summary>
    public required byte[] Configuration { get; init; }

    /// <summary>The layers, the lowest first.</summary>
    public required IReadOnlyList<NewLayer> Layers { get; init; }

    /// <summary>The image that it was built from, if it is known.</summary>
    public Digest Parent { get; init; }

    /// <summary>Whether the parent is in the store; one that an archive names counts only when it comes with the archive.</summary>
    public bool ParentIsStored { get; init; }

    /// <summary>The manifest that it came with, if it has one.</summary>
    public ImageDocument? Manifest { get; init; }
}

/// <summary>A layer of a new image.</summary>
/// <param name="DiffId">The digest of its archive.</param>
/// <param name="Draft">Its directory, until it is published; without one the layer is in the store already, and held.</param>
/// <param name="Blob">What it is compressed, if that is known.</param>
internal sealed record NewLayer(Digest DiffId, LayerDraft? Draft = null, LayerBlob? Blob = null);

/// <summary>A layer as registries have it.</summary>
/// <param name="Digest">The digest of its bytes.</param>
/// <param name="Size">Bytes.</param>
/// <param name="MediaType">How it is compressed.</param>
internal sealed record LayerBlob(Digest Digest, long Size, string MediaType);

/// <summary>A name of a new image.</summary>
/// <param name="Reference">The name, with a tag or a digest.</param>
/// <param name="Image">The image.</param>
/// <param name="Target">The index that the name stands for, or empty.</param>
internal sealed record NewName(Reference Reference, Digest Image, Digest Target = default);

/// <summary>An index whose images may be here in part.</summary>
/// <param name="Document">The index.</param>
/// <param name="Manifests">The manifests that it lists, in its order.</param>
internal sealed record NewIndex(ImageDocument Document, IReadOnlyList<Digest> Manifests);

/// <summary>What a push has brought to a repository.</summary>
internal sealed record PushedImages
{
    /// <summary>The name, with its tag.</summary>
    public required Reference Name { get; init; }

    /// <summary>The images with the manifests that they have there.</summary>
    public required IReadOnlyList<(Image Image, ImageDocument Manifest)> Images { get; init; }

    /// <summary>The index over them, when there are several.</summary>
    public required NewIndex? Index { get; init; }

    /// <summary>The blobs of the layers, by DiffID.</summary>
    public required IReadOnlyDictionary<Digest, LayerBlob> Blobs { get; init; }
}
