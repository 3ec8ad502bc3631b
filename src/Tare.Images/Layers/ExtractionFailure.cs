using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Images.Layers;

/// <summary>The file system refused an entry of a layer.</summary>
internal static class ExtractionFailure
{
    internal static TareException Of(ReadOnlySpan<byte> path, int error)
    {
        var name = Encoding.UTF8.GetString(path);
        return error switch
        {
            Errno.ENOSPC or Errno.EDQUOT =>
                TareException.Internal($"there is no room for \"{name}\": no space left on device; free some space in the data root and try again"),
            Errno.ENAMETOOLONG => TareException.Invalid($"the name of \"{name}\" is longer than the file system allows"),
            Errno.ELOOP or Errno.ENOTDIR or Errno.ENOENT =>
                TareException.Invalid($"\"{name}\" cannot be extracted because its directory is none in this layer: {Errno.Describe(error)}"),
            _ => new LinuxException($"extract \"{name}\"", error),
        };
    }
}
