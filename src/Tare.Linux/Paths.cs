using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Flags of open(2), equal on x86-64 and arm64 unless a property says otherwise.</summary>
[Flags]
public enum OpenFlags
{
    ReadOnly = 0,
    WriteOnly = 1,
    ReadWrite = 2,
    Create = 0x40,
    Exclusive = 0x80,
    NoControllingTerminal = 0x100,
    Truncate = 0x200,
    Append = 0x400,
    NonBlocking = 0x800,
    CloseOnExec = 0x80000,
    Path = 0x200000,
}

/// <summary>How openat2(2) resolves a path.</summary>
[Flags]
public enum Resolve : ulong
{
    None = 0,
    NoCrossing = 0x01,
    NoMagicLinks = 0x02,
    NoSymlinks = 0x04,
    Beneath = 0x08,

    /// <summary>The descriptor is the root: absolute links and <c>..</c> stay within it.</summary>
    InRoot = 0x10,
}

/// <summary>Opening by path, relative to a descriptor: openat2(2) (kernel 5.6).</summary>
public static partial class Paths
{
    /// <summary>The current directory, as a descriptor (<c>AT_FDCWD</c>).</summary>
    public const int CurrentDirectory = -100;

    /// <summary>PATH_MAX of linux/limits.h.</summary>
    private const int LongestPath = 4096;

    /// <summary><c>O_DIRECTORY</c>: fail unless it is a directory.</summary>
    public static OpenFlags Directory { get; } = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? (OpenFlags)0x4000 : (OpenFlags)0x10000;

    /// <summary><c>O_NOFOLLOW</c>: fail on a symbolic link in the last place, or open the link itself with <see cref="OpenFlags.Path"/>.</summary>
    public static OpenFlags NoFollow { get; } = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? (OpenFlags)0x8000 : (OpenFlags)0x20000;

    /// <summary>Opens a path of the host; close-on-exec.</summary>
    /// <exception cref="LinuxException">It cannot be opened.</exception>
    public static Fd Open(string path, OpenFlags flags, int mode = 0) =>
        TryOpen(CurrentDirectory, path, flags, Resolve.None, out var error, mode) ?? throw new LinuxException($"open {path}", error);

    /// <summary>Opens a path inside a root that may be hostile: neither links nor <c>..</c> lead out of it.</summary>
    /// <exception cref="LinuxException">It cannot be opened.</exception>
    public static Fd OpenInRoot(Fd root, string path, OpenFlags flags, int mode = 0) =>
        TryOpen(root.Number, path, flags, Resolve.InRoot | Resolve.NoMagicLinks, out var error, mode) ?? throw new LinuxException($"open {path}", error);

    /// <summary>Opens a path relative to a directory; null and the error number when it cannot. Close-on-exec; interrupted calls and
    /// resolutions that raced with a rename (EAGAIN) are repeated.</summary>
    /// <param name="directory">A descriptor's number, or <see cref="CurrentDirectory"/>.</param>
    /// <param name="path">The path; without <see cref="Resolve.InRoot"/> an absolute one ignores <paramref name="directory"/>.</param>
    /// <param name="flags">How to open.</param>
    /// <param name="resolve">How to resolve.</param>
    /// <param name="error">The error number, or 0.</param>
    /// <param name="mode">Permission bits of a new file.</param>
    public static unsafe Fd? TryOpen(int directory, string path, OpenFlags flags, Resolve resolve, out int error, int mode = 0)
    {
        var how = stackalloc ulong[3];
        how[0] = (ulong)(flags | OpenFlags.CloseOnExec);
        how[1] = flags.HasFlag(OpenFlags.Create) ? (ulong)mode : 0;
        how[2] = (ulong)resolve;
        while (true)
        {
            var number = syscall(SyscallNumbers.openat2, directory, path, how, 24);
            if (number >= 0)
            {
                error = 0;
                return new Fd((int)number);
            }
            error = Marshal.GetLastPInvokeError();
            if (error != Errno.EINTR && error != Errno.EAGAIN) return null;
        }
    }

    /// <summary>The target of a link that was opened with <see cref="OpenFlags.Path"/> and <see cref="NoFollow"/>; null when it is no link. readlinkat(2).</summary>
    public static unsafe string? ReadLink(Fd link)
    {
        var buffer = stackalloc byte[LongestPath];
        var count = readlinkat(link.Number, "", buffer, LongestPath);
        return count < 0 ? null : System.Text.Encoding.UTF8.GetString(buffer, (int)count);
    }

    /// <summary>Where a link of the engine's own leads, such as one of <c>/proc/self/fd</c>; null when it is no link.</summary>
    public static unsafe string? ReadLinkOf(string path)
    {
        var buffer = stackalloc byte[LongestPath];
        var count = readlinkat(CurrentDirectory, path, buffer, LongestPath);
        return count < 0 ? null : System.Text.Encoding.UTF8.GetString(buffer, (int)count);
    }

    /// <summary>
    /// Opens a regular file inside a root that may be hostile, for reading; null when there is none, or something else. What is
    /// there is looked at before it is opened: opening a device node alone can act, and a pipe waits.
    /// </summary>
    public static Fd? TryOpenRegularInRoot(Fd root, string path)
    {
        using var place = TryOpen(root.Number, path, OpenFlags.Path, Resolve.InRoot | Resolve.NoMagicLinks, out _);
        if (place is null || FileStatuses.Of(place) is not { IsRegular: true }) return null;
        return TryOpen(CurrentDirectory, $"/proc/self/fd/{place.Number}", OpenFlags.ReadOnly, Resolve.None, out _);
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint readlinkat(int directory, string path, byte* buffer, nuint size);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint syscall(nint number, nint directory, string path, ulong* how, nint size);
}
