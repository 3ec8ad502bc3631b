using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Engine.Images;

/// <summary>What clients write about images: names and platforms.</summary>
internal static class ImageNames
{
    /// <summary>A new image's name.</summary>
    /// <param name="repository">The name, with or without a tag.</param>
    /// <param name="tag">The tag, or empty.</param>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>: it is malformed.</exception>
    public static Reference Parse(string repository, string tag)
    {
        var name = Reference.Parse(repository);
        if (tag.Length > 0) name = name.WithoutTagAndDigest().WithTag(tag);
        // sha256:abc is the beginning of an image's id from here on. Docker refuses this algorithm alone.
        if (name.FamiliarName == "sha256") throw TareException.Invalid("refusing to create an ambiguous tag using digest algorithm as name");
        return name;
    }

    /// <summary>A platform as <c>os/architecture[/variant]</c>; null when the text is empty.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>: it is malformed.</exception>
    public static OciPlatform? Platform(string text) => text.Length == 0 ? null : PlatformSpecifier.Parse(text);
}
