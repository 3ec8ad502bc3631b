using Tare.Linux;
using Tare.Oci.Runtime;
using static Tare.Linux.SyscallNumbers;

namespace Tare.Runtime.Launching;

/// <summary>
/// The steps that give a container its filesystem. They run in the container's own mount namespace, after its root has become
/// <c>/</c>: from then on no path can lead out, whatever links the image holds.
/// </summary>
internal sealed class FilesystemSteps(LaunchProgramBuilder program)
{
    private const int CurrentDirectory = Paths.CurrentDirectory;
    private const int MOVE_MOUNT_F_EMPTY_PATH = 0x4;
    private const int MOVE_MOUNT_T_SYMLINKS = 0x10;
    private const ulong MS_RDONLY = 1;
    private const ulong MS_BIND = 0x1000;
    private const int OPEN_TREE_CLONE = 1;
    private const int OPEN_TREE_CLOEXEC = 0x80000;
    private const int AT_EMPTY_PATH = 0x1000;
    private const int AT_RECURSIVE = 0x8000;
    private const int O_CREAT = 0x40;
    private const int O_WRONLY = 1;
    private const int O_CLOEXEC = 0x80000;

    private static readonly (string Link, string Target)[] StandardLinks =
    [
        ("/dev/fd", "/proc/self/fd"), ("/dev/stdin", "/proc/self/fd/0"), ("/dev/stdout", "/proc/self/fd/1"), ("/dev/stderr", "/proc/self/fd/2"),
    ];

    private static readonly bool HasKcore = File.Exists("/proc/kcore");

    /// <summary>Mounts the root filesystem over the empty one of the (copied) template namespace and makes it the root.</summary>
    /// <remarks>
    /// As an initramfs does it (switch_root(8)), and not by pivot_root(2): that would have to unmount the old root, and every unmount
    /// waits for an RCU grace period, 1 ms of a launch. What stays below is an empty, read-only tmpfs; ".." does not lead to it, since a
    /// walk upwards ends at the top of the mounts that are stacked on a namespace's root, and setns(2) enters at that top as well.
    /// </remarks>
    public void EnterRoot(int root)
    {
        program.Purpose = new Purpose(Stage.Root);
        program.Call(fchdir, root);
        program.Call(move_mount, root, program.Text(""), CurrentDirectory, program.Text("/"), MOVE_MOUNT_F_EMPTY_PATH);
        program.Call(chroot, program.Text("."));
        program.Call(chdir, program.Text("/"));
    }

    /// <summary>Mounts a filesystem by type; the directory is made when missing.</summary>
    public void MountNew(MountSpec mount)
    {
        var flags = MountFlags.Parse(mount.Options ?? []);
        var type = mount.Type ?? "";
        program.Purpose = new Purpose(Stage.Mount, $"{type} at {mount.Destination}");
        var source = program.Text(string.IsNullOrEmpty(mount.Source) ? type : mount.Source);
        Argument data = flags.Data.Length == 0 ? 0 : program.Text(flags.Data);
        WithTarget(mount.Destination, isDirectory: true, () => program.Call(SyscallNumbers.mount, source, program.Text(mount.Destination), program.Text(type), flags.Flags, data));
    }

    /// <summary>Moves a detached mount to its place, which is made when missing.</summary>
    public void MoveMount(MountSource source, string destination, string description)
    {
        program.Purpose = new Purpose(Stage.Mount, description);
        WithTarget(destination, source.IsDirectory, () => program.Call(
            move_mount, source.Descriptor, program.Text(""), CurrentDirectory, program.Text(destination), MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS));
    }

    /// <summary>The nodes and links of a fresh <c>/dev</c>.</summary>
    public void PopulateDev(IEnumerable<LinuxDevice> devices)
    {
        program.Purpose = new Purpose(Stage.Device, "/dev");
        program.Call(umask, 0);
        foreach (var device in devices) MakeNode(device);
        program.Purpose = new Purpose(Stage.Device, "links in /dev");
        foreach (var (link, target) in StandardLinks) Link(target, link);
        Link("pts/ptmx", "/dev/ptmx");
        if (HasKcore) Link("/proc/kcore", "/dev/core");
        program.Call(umask, 0x12);
    }

    /// <summary>Hides a path: a file behind /dev/null, a directory behind an empty read-only tmpfs. One that is not there needs no hiding.</summary>
    public void Mask(string path)
    {
        var (directory, done) = (new Label(), new Label());
        program.Purpose = new Purpose(Stage.Mount, $"a mask over {path}");
        program.Call(mount, program.Text("/dev/null"), program.Text(path), 0, MS_BIND, 0).On(Errno.ENOTDIR, directory).On(Errno.ENOENT, done);
        program.Jump(done);
        program.Mark(directory);
        program.Call(mount, program.Text("tmpfs"), program.Text(path), program.Text("tmpfs"), MS_RDONLY, program.Text("size=0k,nr_inodes=2"));
        program.Mark(done);
    }

    /// <summary>Makes a path read-only by mounting it upon itself.</summary>
    public void MakeReadOnly(string path)
    {
        var tree = program.NewSlot();
        var done = new Label();
        program.Purpose = new Purpose(Stage.Mount, $"{path} read-only");
        program.Call(open_tree, CurrentDirectory, program.Text(path), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE).Into(tree).On(Errno.ENOENT, done);
        program.Call(mount_setattr, tree, program.Text(""), AT_EMPTY_PATH | AT_RECURSIVE, program.Words((ulong)MountAttributes.ReadOnly, 0, 0, 0), 32);
        program.Call(move_mount, tree, program.Text(""), CurrentDirectory, program.Text(path), MOVE_MOUNT_F_EMPTY_PATH);
        program.Call(close, tree);
        program.Mark(done);
    }

    /// <summary>Makes the root itself read-only; what is mounted below keeps its own mode.</summary>
    public void MakeRootReadOnly()
    {
        program.Purpose = new Purpose(Stage.Root);
        program.Call(mount_setattr, CurrentDirectory, program.Text("/"), 0, program.Words((ulong)MountAttributes.ReadOnly, 0, 0, 0), 32);
    }

    /// <summary>Writes a kernel parameter, <c>net.ipv4.ip_forward</c> or <c>net/ipv4/ip_forward</c>.</summary>
    public void SetSysctl(string name, string value)
    {
        var file = program.NewSlot();
        var path = "/proc/sys/" + (name.Contains('/', StringComparison.Ordinal) ? name : name.Replace('.', '/'));
        program.Purpose = new Purpose(Stage.Sysctl, name);
        program.Call(openat, CurrentDirectory, program.Text(path), O_WRONLY | O_CLOEXEC).Into(file);
        program.Call(write, file, program.Text(value), System.Text.Encoding.UTF8.GetByteCount(value));
        program.Call(close, file);
    }

    /// <summary>Makes a directory and its parents; those that are there are left as they are.</summary>
    public void MakeDirectories(string path)
    {
        for (var slash = path.IndexOf('/', 1); ; slash = path.IndexOf('/', slash + 1))
        {
            var prefix = slash < 0 ? path : path[..slash];
            if (prefix.Length > 0 && prefix != "/") program.Call(mkdirat, CurrentDirectory, program.Text(prefix), 0x1ED).On(Errno.EEXIST);
            if (slash < 0) return;
        }
    }

    /// <summary>An empty file, with its parents.</summary>
    public void MakeFile(string path)
    {
        if (path.LastIndexOf('/') is > 0 and var slash) MakeDirectories(path[..slash]);
        var file = program.NewSlot();
        program.Call(openat, CurrentDirectory, program.Text(path), O_CREAT | O_WRONLY | O_CLOEXEC, 0x1ED).Into(file);
        program.Call(close, file);
    }

    /// <summary>Does something to a place, and where the place is missing makes it and does it again.</summary>
    private void WithTarget(string path, bool isDirectory, Func<LaunchProgramBuilder.Step> action)
    {
        var (missing, done) = (new Label(), new Label());
        action().On(Errno.ENOENT, missing);
        program.Jump(done);
        program.Mark(missing);
        if (isDirectory) MakeDirectories(path);
        else MakeFile(path);
        action();
        program.Mark(done);
    }

    private void MakeNode(LinuxDevice device)
    {
        program.Purpose = new Purpose(Stage.Device, device.Path);
        var kind = device.Type switch { "c" or "u" => 0x2000u, "b" => 0x6000u, _ => 0x1000u };
        var mode = kind | (device.FileMode ?? 0x1B6u);
        var number = ((ulong)device.Major & 0xfff) << 8 | (ulong)device.Minor & 0xff | ((ulong)device.Minor & ~0xffUL) << 12 | ((ulong)device.Major & ~0xfffUL) << 32;
        var (missing, done) = (new Label(), new Label());
        program.Call(mknodat, CurrentDirectory, program.Text(device.Path), mode, number).On(Errno.EEXIST).On(Errno.ENOENT, missing);
        program.Jump(done);
        program.Mark(missing);
        MakeDirectories(device.Path[..Math.Max(1, device.Path.LastIndexOf('/'))]);
        program.Call(mknodat, CurrentDirectory, program.Text(device.Path), mode, number).On(Errno.EEXIST);
        program.Mark(done);
        if (device.Uid is > 0 || device.Gid is > 0) program.Call(fchownat, CurrentDirectory, program.Text(device.Path), device.Uid ?? 0, device.Gid ?? 0, 0);
    }

    private void Link(string target, string link) =>
        program.Call(symlinkat, program.Text(target), CurrentDirectory, program.Text(link)).On(Errno.EEXIST);
}
