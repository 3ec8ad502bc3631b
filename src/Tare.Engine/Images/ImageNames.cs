using Tare.Errors;
using Tare.Images;
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

    /// <summary>An image, if it has the platform that is asked for; empty asks for any.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.NotFound"/>, with Docker's text: it has another one.</exception>
    public static Image OfPlatform(Image image, string reference, string platform)
    {
        if (Platform(platform) is not { } wanted) return image;
        var config = image.Config;
        var own = new OciPlatform { Os = config.Os ?? "linux", Architecture = config.Architecture ?? "", Variant = config.Variant };
        if (Platforms.Matches(wanted, own)) return image;
        throw TareException.NotFound($"image with reference {reference} was found but its platform ({Platforms.Format(own)}) does not match the specified platform ({Platforms.Format(wanted)})");
    }

    /// <summary>A platform as <c>os/architecture[/variant]</c>; null when the text is empty.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>: it is malformed.</exception>
    public static OciPlatform? Platform(string text)
    {
        if (text.Length == 0) return null;
        var parts = text.Split('/');
        return parts.Length is 2 or 3
            ? new OciPlatform { Os = parts[0], Architecture = parts[1], Variant = parts.Length == 3 ? parts[2] : null }
            : throw TareException.Invalid($"invalid platform \"{text}\": it has the form os/architecture[/variant]");
    }
}
