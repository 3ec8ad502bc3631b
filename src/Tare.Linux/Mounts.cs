using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Attributes of a mount, for mount_setattr(2) and fsmount(2).</summary>
[Flags]
public enum MountAttributes : ulong
{
    None = 0,
    ReadOnly = 0x1,
    NoSuid = 0x2,
    NoDev = 0x4,
    NoExec = 0x8,
    NoAccessTime = 0x10,
    StrictAccessTime = 0x20,
    NoDirectoryAccessTime = 0x80,
    NoSymlinkFollow = 0x200000,

    /// <summary>The bits that choose how access times are kept; relative is zero.</summary>
    AccessTimeMask = 0x70,
}

/// <summary>How mounts spread between namespaces (mount_namespaces(7)).</summary>
public enum Propagation : ulong
{
    Unchanged = 0,
    Unbindable = 1 << 17,
    Private = 1 << 18,
    Slave = 1 << 19,
    Shared = 1 << 20,
}

/// <summary>
/// Mounts by descriptor: open_tree(2), fsopen(2), fsconfig(2), fsmount(2), mount_setattr(2) (kernel 5.12). What is made here is
/// detached: it is in no namespace's table until a launch program moves it to its place.
/// </summary>
public static partial class Mounts
{
    private const uint OPEN_TREE_CLONE = 1;
    private const uint OPEN_TREE_CLOEXEC = 0x80000;
    private const uint AT_EMPTY_PATH = 0x1000;
    private const uint AT_RECURSIVE = 0x8000;
    private const ulong MOUNT_ATTR_IDMAP = 0x00100000;
    private const uint STATX_MNT_ID = 0x1000;
    private const uint STATX_MNT_ID_UNIQUE = 0x4000;
    private const ulong STATX_ATTR_MOUNT_ROOT = 0x2000;
    private const int MNT_DETACH = 2;
    private const int UMOUNT_NOFOLLOW = 8;
    private const uint MOVE_MOUNT_F_EMPTY_PATH = 4;
    private const uint MOVE_MOUNT_T_EMPTY_PATH = 0x40;
    private const uint FSOPEN_CLOEXEC = 1;
    private const uint FSMOUNT_CLOEXEC = 1;
    private const uint FSCONFIG_SET_FLAG = 0;
    private const uint FSCONFIG_SET_STRING = 1;
    private const uint FSCONFIG_CMD_CREATE = 6;

    /// <summary>A detached copy of the mount at a path of the host, with all below it when recursive.</summary>
    public static unsafe Fd CloneTree(string path, bool recursive)
    {
        var fd = syscall(SyscallNumbers.open_tree, Paths.CurrentDirectory, path, (nint)(OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0)));
        return fd < 0 ? throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"clone the mount at {path}") : new Fd((int)fd);
    }

    /// <summary>A detached copy of the mount that an open file (not a path) lies in, rooted at that file.</summary>
    public static Fd CloneTree(Fd file, bool recursive)
    {
        var fd = syscall(SyscallNumbers.open_tree, file.Number, "", (nint)(OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0)));
        return fd < 0 ? throw new LinuxException("clone the mount of an open file", Marshal.GetLastPInvokeError()) : new Fd((int)fd);
    }

    /// <summary>Changes attributes and propagation of a mount, and of all below it when recursive.</summary>
    public static unsafe void SetAttributes(Fd mount, MountAttributes set, MountAttributes clear, Propagation propagation, bool recursive)
    {
        var attributes = stackalloc ulong[4];
        attributes[0] = (ulong)set;
        attributes[1] = (ulong)clear;
        attributes[2] = (ulong)propagation;
        attributes[3] = 0;
        if (syscall(SyscallNumbers.mount_setattr, mount.Number, "", (nint)(AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0)), attributes, 32) < 0)
            throw new LinuxException("change the attributes of a mount", Marshal.GetLastPInvokeError());
    }

    /// <summary>Maps the ids of a detached mount, and of all below it when recursive, as a user namespace maps them (MOUNT_ATTR_IDMAP).</summary>
    public static unsafe void MapIds(Fd mount, Fd userNamespace, bool recursive)
    {
        var attributes = stackalloc ulong[4] { MOUNT_ATTR_IDMAP, 0, 0, (ulong)userNamespace.Number };
        if (syscall(SyscallNumbers.mount_setattr, mount.Number, "", (nint)(AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0)), attributes, 32) < 0)
            throw new LinuxException("map the ids of a mount", Marshal.GetLastPInvokeError());
    }

    /// <summary>
    /// What tells the mount that an open file lies on from all others (statx(2)): since kernel 6.8 for as long as the machine is up, before
    /// that for as long as the mount is there.
    /// </summary>
    public static ulong IdOf(Fd file) => Stat(file, STATX_MNT_ID_UNIQUE, out _) is > 0 and var unique ? unique : Stat(file, STATX_MNT_ID, out _);

    /// <summary>Whether an open directory is the root of its mount.</summary>
    public static bool IsRoot(Fd directory)
    {
        _ = Stat(directory, STATX_MNT_ID, out var attributes);
        return (attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    }

    /// <summary>Makes a filesystem and a detached mount of it.</summary>
    /// <param name="type">The filesystem's type, such as <c>overlay</c>.</param>
    /// <param name="parameters">Parameters in order; a null value is a flag.</param>
    /// <param name="attributes">Attributes of the mount.</param>
    /// <exception cref="LinuxException">The kernel refused; its own words on why are part of the message where it gives any.</exception>
    public static Fd Create(string type, IEnumerable<(string Key, string? Value)> parameters, MountAttributes attributes)
    {
        var number = syscall(SyscallNumbers.fsopen, type, (nint)FSOPEN_CLOEXEC);
        if (number < 0) throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"open the filesystem type {type}");
        using var context = new Fd((int)number);
        foreach (var (key, value) in parameters)
        {
            if (syscall(SyscallNumbers.fsconfig, context.Number, (nint)(value is null ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING), key, value, 0) < 0)
                throw Failure(context, error: Marshal.GetLastPInvokeError(), operation: $"set {key}{(value is null ? "" : "=" + value)} of {type}");
        }
        if (syscall(SyscallNumbers.fsconfig, context.Number, (nint)FSCONFIG_CMD_CREATE, null, null, 0) < 0)
            throw Failure(context, error: Marshal.GetLastPInvokeError(), operation: $"create the {type} filesystem");
        var mount = syscall(SyscallNumbers.fsmount, context.Number, (nint)FSMOUNT_CLOEXEC, (nint)attributes);
        return mount < 0 ? throw Failure(context, error: Marshal.GetLastPInvokeError(), operation: $"mount {type}") : new Fd((int)mount);
    }

    /// <summary>
    /// Whether overlay takes its layers one by one (<c>lowerdir+</c>, kernel 6.8), each up to 255 bytes long. Below 6.5 it is a
    /// filesystem of the old interface, for which the kernel collects what it is told unread and then refuses to create it: who takes a
    /// parameter that there is not, does not know this one either.
    /// </summary>
    public static bool OverlayTakesLayersOneByOne { get; } = Probe("overlay", "lowerdir+", "/") && !Probe("overlay", "nosuchparameter", "/");

    /// <summary>Takes the topmost mount at a path of the host out of the namespace, with all that is mounted below it (umount2(2), MNT_DETACH).</summary>
    /// <returns>Whether there was one.</returns>
    public static bool Detach(string path)
    {
        if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0) return true;
        var error = Marshal.GetLastPInvokeError();
        return error is Errno.EINVAL or Errno.ENOENT ? false : throw new LinuxException($"unmount {path}", error);
    }

    /// <summary>The same with a mount that is given by its root; nothing else can have come into its place meanwhile.</summary>
    public static void Detach(Fd root)
    {
        if (umount2(root.ProcPath, MNT_DETACH) != 0) throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"unmount {root}");
    }

    /// <summary>Puts a detached mount upon an open directory, where it stays until it is taken away (move_mount(2)).</summary>
    public static void Attach(Fd mount, Fd place)
    {
        if (syscall(SyscallNumbers.move_mount, mount.Number, "", place.Number, "", (nint)(MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)) < 0)
            throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"put a mount upon {place}");
    }

    /// <summary>The id of a mount, 0 when the kernel does not tell it in this form.</summary>
    private static unsafe ulong Stat(Fd file, uint form, out ulong attributes)
    {
        var buffer = stackalloc byte[256];
        if (statx(file.Number, "", (int)AT_EMPTY_PATH, form, buffer) < 0) throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"look at {file}");
        attributes = *(ulong*)(buffer + 8);
        return (*(uint*)buffer & form) != 0 ? *(ulong*)(buffer + 144) : 0;
    }

    private static bool Probe(string type, string key, string value)
    {
        var number = syscall(SyscallNumbers.fsopen, type, (nint)FSOPEN_CLOEXEC);
        if (number < 0) return false;
        using var context = new Fd((int)number);
        return syscall(SyscallNumbers.fsconfig, context.Number, (nint)FSCONFIG_SET_STRING, key, value, 0) >= 0;
    }

    /// <summary>The filesystem context keeps a log of messages that read(2) returns, each with a letter and a space before it.</summary>
    private static LinuxException Failure(Fd context, string operation, int error)
    {
        Span<byte> buffer = stackalloc byte[512];
        var count = Descriptors.TryRead(context, buffer, out _);
        var said = count > 2 ? System.Text.Encoding.UTF8.GetString(buffer[2..count]).TrimEnd() : "";
        return new LinuxException(said.Length == 0 ? operation : $"{operation} ({said})", error);
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int directory, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint syscall(nint number, nint directory, string path, nint flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint syscall(nint number, nint directory, string path, nint flags, ulong* attributes, nint size);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint syscall(nint number, string type, nint flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint syscall(nint number, nint fd, nint command, string? key, string? value, nint aux);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint fd, nint flags, nint attributes);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint syscall(nint number, nint from, string fromPath, nint to, string toPath, nint flags);
}
