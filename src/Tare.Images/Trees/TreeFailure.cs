using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Images.Trees;

/// <summary>The file system refused to show a name.</summary>
internal static class TreeFailure
{
    internal static TareException Of(ReadOnlySpan<byte> path, int error)
    {
        var name = Encoding.UTF8.GetString(path.Length > 256 ? path[..256] : path);
        return error == Errno.ENAMETOOLONG
            ? TareException.Invalid($"a path of {path.Length} bytes is longer than the {BytePaths.MaxLength} that an archive's reader can make: \"/{name}…\"")
            : new LinuxException($"read \"/{name}\"", error);
    }
}
