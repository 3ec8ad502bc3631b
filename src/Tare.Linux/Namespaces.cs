using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Kinds of namespaces, as the flags of clone(2).</summary>
[Flags]
public enum NamespaceKinds : uint
{
    None = 0,
    Time = 0x00000080,
    Mount = 0x00020000,
    Cgroup = 0x02000000,
    Uts = 0x04000000,
    Ipc = 0x08000000,
    User = 0x10000000,
    Pid = 0x20000000,
    Network = 0x40000000,
}

/// <summary>
/// Namespaces made ahead of a launch and pinned by descriptor, never by a bind mount. Each is made on a thread that is used once,
/// because a thread's namespaces cannot be given back.
/// </summary>
public static partial class Namespaces
{
    private const uint CLONE_FS = 0x200;
    private const ulong MS_RDONLY = 1;
    private const ulong MS_REC_PRIVATE = 0x4000 | 0x40000;
    private const uint NS_GET_NSTYPE = 0xB703;
    private const uint SIOCGIFFLAGS = 0x8913;
    private const uint SIOCSIFFLAGS = 0x8914;
    private const int MNT_DETACH = 2;

    /// <summary>A network namespace with nothing but a loopback device, which is up.</summary>
    public static Fd NewNetwork() => NewNetwork(static network => network);

    /// <summary>A network namespace, and what is opened in it by the thread that has made it, which saves another one's going there.</summary>
    /// <param name="open">Gets the namespace, which it has to close where it fails; runs in it.</param>
    public static T NewNetwork<T>(Func<Fd, T> open) => OnThread("tare-netns", () =>
    {
        Unshare((uint)NamespaceKinds.Network);
        RaiseLoopback();
        return open(Paths.Open("/proc/thread-self/ns/net", OpenFlags.ReadOnly));
    });

    /// <summary>
    /// A mount namespace that holds a single empty, read-only tmpfs. Containers copy it instead of the host's: copying takes time for
    /// every mount there is (35 µs at 22 mounts, 3.5 ms at 3,000).
    /// </summary>
    public static Fd NewMountTemplate() => OnThread("tare-mntns", () =>
    {
        Unshare(CLONE_FS | (uint)NamespaceKinds.Mount);
        // In a chroot "/" is not the namespace's own root, and what lies outside would stay in the template: joining the namespace
        // that this thread is in leads to its root.
        using var own = Paths.Open("/proc/thread-self/ns/mnt", OpenFlags.ReadOnly);
        Check(setns(own.Number, (int)NamespaceKinds.Mount), "enter the root of a new namespace");
        Check(mount(null, "/", null, MS_REC_PRIVATE, null), "make the mounts of a new namespace private");
        Check(mount("tare", "/tmp", "tmpfs", MS_RDONLY, "size=0k,nr_inodes=2,mode=0755"), "mount a tmpfs for the template namespace");
        Check(chdir("/tmp"), "enter the template's tmpfs");
        Check((int)syscall(SyscallNumbers.pivot_root, ".", "."), "make the template's tmpfs the root");
        Check(umount2(".", MNT_DETACH), "let go of the host's mounts in the template");
        // What a launch will find there hides paths of containers: it must be empty.
        Check(setns(own.Number, (int)NamespaceKinds.Mount), "enter the template");
        if (Directory.EnumerateFileSystemEntries("/").Any()) throw new LinuxException("empty the template namespace", Errno.ENOTEMPTY);
        return own.Duplicate();
    });

    /// <summary>A detached, private copy of the mount at a path of another mount namespace; no link of that namespace is followed.</summary>
    /// <param name="process">A pidfd of a process in the namespace.</param>
    /// <param name="path">An absolute path of a directory.</param>
    /// <exception cref="LinuxException">The process has ended, or the directory is not there.</exception>
    public static Fd CloneTreeOf(Fd process, string path) => OnThread("tare-mntns", () =>
    {
        // A thread that shares its working directory with others cannot enter a mount namespace.
        Unshare(CLONE_FS);
        Check(setns(process.Number, (int)NamespaceKinds.Mount), "enter the mount namespace of another container");
        using var place = Paths.TryOpen(Paths.CurrentDirectory, path, OpenFlags.Path | Paths.Directory, Resolve.NoSymlinks, out var error)
            ?? throw new LinuxException($"open {path} of another container", error);
        var tree = Mounts.CloneTree(place, recursive: false);
        Mounts.SetAttributes(tree, MountAttributes.None, MountAttributes.None, Propagation.Private, recursive: false);
        return tree;
    });

    /// <summary>
    /// Does something while a detached mount is attached, in a mount namespace that goes afterwards: before 6.15 the kernel copies a part of
    /// a mount (open_tree(2)) only then. The mount is spent.
    /// </summary>
    /// <param name="template">See <see cref="NewMountTemplate"/>.</param>
    /// <param name="mount">The mount, of a directory.</param>
    /// <param name="use">Runs in the namespace; what it makes is detached.</param>
    public static T Attached<T>(Fd template, Fd mount, Func<T> use) => OnThread("tare-mntns", () =>
    {
        Unshare(CLONE_FS);
        Check(setns(template.Number, (int)NamespaceKinds.Mount), "enter the template namespace");
        Unshare((uint)NamespaceKinds.Mount);
        using var root = Paths.Open("/", OpenFlags.Path | Paths.Directory);
        Mounts.Attach(mount, root);
        return use();
    });

    /// <summary>Does something in another network namespace; a socket stays in the one in which it was made.</summary>
    /// <exception cref="LinuxException">The namespace cannot be entered.</exception>
    public static T InNetwork<T>(Fd network, Func<T> make) => OnThread("tare-netns", () =>
    {
        Check(setns(network.Number, (int)NamespaceKinds.Network), "enter a network namespace");
        return make();
    });

    /// <summary>The namespace of a kind that a process is in.</summary>
    public static Fd Of(int pid, string name) => Paths.Open($"/proc/{pid}/ns/{name}", OpenFlags.ReadOnly);

    /// <summary>The kind of the namespace that a descriptor is of; <see cref="NamespaceKinds.None"/> when it is of something else.</summary>
    public static unsafe NamespaceKinds KindOf(Fd file) => ioctl(file.Number, NS_GET_NSTYPE, null) is > 0 and var kind ? (NamespaceKinds)kind : NamespaceKinds.None;

    private static T OnThread<T>(string name, Func<T> make)
    {
        T? made = default;
        System.Runtime.ExceptionServices.ExceptionDispatchInfo? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    made = make();
                }
                catch (Exception e)
                {
                    failure = System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(e);
                }
            },
            maxStackSize: 256 * 1024)
        { IsBackground = true, Name = name };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return made!;
    }

    private static void Unshare(uint flags) => Check(unshare(flags), "make a new namespace");

    private static unsafe void RaiseLoopback()
    {
        var number = socket(2, 2 | 0x80000, 0);
        Check(number, "open a socket for the loopback device");
        using var fd = new Fd(number);
        var request = stackalloc byte[40];
        new Span<byte>(request, 40).Clear();
        request[0] = (byte)'l';
        request[1] = (byte)'o';
        Check(ioctl(number, SIOCGIFFLAGS, request), "read the flags of the loopback device");
        *(ushort*)(request + 16) |= 1;
        Check(ioctl(number, SIOCSIFFLAGS, request), "bring the loopback device up");
    }

    private static void Check(int result, string operation)
    {
        if (result < 0) throw new LinuxException(operation, Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unshare(uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setns(int fd, int kind);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string? source, string target, string? type, ulong flags, string? data);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chdir(string path);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint syscall(nint number, string first, string second);
}
