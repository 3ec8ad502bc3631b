using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Images;

/// <summary>How to load an archive.</summary>
public sealed record LoadOptions
{
    /// <summary>Only images of this platform; absent means all that the archive has.</summary>
    public OciPlatform? Platform { get; init; }
}

/// <summary>Something that happened while an archive was loaded.</summary>
public abstract record LoadEvent;

/// <summary>Part of a layer has been read.</summary>
/// <param name="Layer">Its short id: twelve digits of its digest.</param>
/// <param name="Current">Bytes read so far.</param>
/// <param name="Total">Bytes in all, as they are in the archive.</param>
public sealed record LayerProgress(string Layer, long Current, long Total) : LoadEvent;

/// <summary>A line for the user, ending in a newline, such as <c>Loaded image: busybox:latest</c>.</summary>
public sealed record LoadMessage(string Text) : LoadEvent;

/// <summary>What an archive brought.</summary>
/// <param name="Images">The images, in the archive's order, with all their names.</param>
public sealed record LoadResult(IReadOnlyList<LoadedImage> Images);

/// <summary>One image of an archive.</summary>
/// <param name="Image">The image.</param>
/// <param name="Tags">The names that the archive gave it.</param>
public sealed record LoadedImage(Image Image, IReadOnlyList<Reference> Tags);
