using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Which type of filesystem something is on: fstatfs(2).</summary>
public static partial class FileSystemTypes
{
    private const long PROC_SUPER_MAGIC = 0x9fa0;
    private const int StatfsLength = 120;

    /// <summary>Whether an open file, or a place that is held with <see cref="OpenFlags.Path"/>, is on a proc filesystem.</summary>
    public static unsafe bool IsProc(Fd fd)
    {
        var status = stackalloc long[StatfsLength / sizeof(long)];
        return fstatfs(fd.Number, status) == 0 && status[0] == PROC_SUPER_MAGIC;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int fstatfs(int fd, long* status);
}
