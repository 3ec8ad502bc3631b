using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Images;

/// <summary>An image that the store holds: a snapshot, which later changes of tags do not touch.</summary>
public sealed record Image
{
    /// <summary>The id: the digest of the configuration.</summary>
    public required Digest Id { get; init; }

    /// <summary>The configuration; an empty one when there is <see cref="Damage"/>.</summary>
    public required OciImageConfig Config { get; init; }

    /// <summary>The digests of the uncompressed layers, the lowest first.</summary>
    public required IReadOnlyList<Digest> DiffIds { get; init; }

    /// <summary>The overlay directories of the layers, absolute, the lowest first; as many as <see cref="DiffIds"/>.</summary>
    public required IReadOnlyList<string> LayerDirectories { get; init; }

    /// <summary>Bytes of the content of each layer, as <see cref="Size"/>; as many as <see cref="DiffIds"/>.</summary>
    public required IReadOnlyList<long> LayerSizes { get; init; }

    /// <summary>Names with a tag, sorted.</summary>
    public required IReadOnlyList<Reference> Tags { get; init; }

    /// <summary>Names with a digest, sorted.</summary>
    public required IReadOnlyList<Reference> Digests { get; init; }

    /// <summary>Bytes of the content of all layers, as Docker counts: regular files and the targets of symbolic links.</summary>
    public required long Size { get; init; }

    /// <summary>
    /// What is wrong with the stored configuration: the disk has lost or changed it. Such an image is still listed, removed, and
    /// mended when it is loaded again; nothing can be started from it. <see langword="null"/> when all is well.
    /// </summary>
    public string? Damage { get; init; }

    /// <summary>When the image was made; <see langword="null"/> when its configuration does not say.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>When a tag was last put on the image in this store; <see langword="null"/> when never.</summary>
    public DateTimeOffset? LastTagged { get; init; }

    /// <summary>The image that this one was built from, when both are in this store.</summary>
    public Digest Parent { get; init; }

    /// <summary>Whether it has neither a name nor an image that was built from it.</summary>
    public bool IsDangling { get; init; }
}
