using Tare.Oci;

namespace Tare.Images;

/// <summary>A tag was put on an image.</summary>
/// <param name="Image">The image, with the tag.</param>
/// <param name="Previous">The image that had the tag before; empty when none or the same.</param>
public sealed record TagResult(Image Image, Digest Previous);
