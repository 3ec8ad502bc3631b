using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Being told of changes to files: inotify(7).</summary>
public static partial class Inotify
{
    private const int IN_CLOEXEC = 0x80000;
    private const int IN_NONBLOCK = 0x800;
    private const uint IN_MODIFY = 2;

    /// <summary>Makes a descriptor that becomes readable when one of some files is modified; close-on-exec, non-blocking.</summary>
    /// <exception cref="LinuxException">A file cannot be watched.</exception>
    public static Fd WatchModified(params ReadOnlySpan<string> paths)
    {
        var number = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (number < 0) throw new LinuxException("watch files", Marshal.GetLastPInvokeError());
        var watch = new Fd(number);
        foreach (var path in paths)
        {
            if (inotify_add_watch(number, path, IN_MODIFY) >= 0) continue;
            var error = Marshal.GetLastPInvokeError();
            watch.Dispose();
            throw new LinuxException($"watch {path}", error);
        }
        return watch;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int inotify_init1(int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int inotify_add_watch(int watch, string path, uint events);
}
