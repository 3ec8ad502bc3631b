using Tare.Errors;
using Tare.Linux;

namespace Tare.Sandbox;

/// <summary>A part of what is mounted in a container: <c>volume-subpath</c>, <c>image-subpath</c>.</summary>
public static class MountPart
{
    /// <summary>Finds a part by descriptor: links are followed, and lead nowhere out of the whole.</summary>
    /// <param name="whole">The whole, a directory.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="path">The part's path, relative.</param>
    /// <returns>A path descriptor.</returns>
    /// <exception cref="TareException">InvalidArgument, in Docker's words: it is not there, or leads out.</exception>
    public static Fd Open(Fd whole, string name, string path)
    {
        var part = Paths.TryOpen(whole.Number, path, OpenFlags.Path, Resolve.Beneath | Resolve.NoMagicLinks, out var error);
        if (part is not null) return part;
        throw TareException.Invalid(error == Errno.EXDEV
            ? $"path concatenation escapes the base directory, base: {name}, subpath: {path}"
            : $"cannot access path {Path.Combine(name, path)}: {Errno.Describe(error)}");
    }
}
