using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Owners of files by path: chown(2).</summary>
public static partial class FileOwners
{
    /// <summary>Gives a file the owner and the group of another one, as far as the kernel lets this process.</summary>
    /// <returns>Whether it did.</returns>
    public static bool Copy(string from, string to) => FileStatuses.OfPath(from) is { } status && chown(to, status.Uid, status.Gid) == 0;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chown(string path, uint owner, uint group);
}
