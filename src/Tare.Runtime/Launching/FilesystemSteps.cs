using Tare.Linux;
using Tare.Oci.Runtime;
using static Tare.Linux.SyscallNumbers;

namespace Tare.Runtime.Launching;

/// <summary>
/// The steps that give a container its filesystem. They run in the container's own mount namespace, after its root has become
/// <c>/</c>: from then on no path leads out, but for the magic links of <c>/proc</c>, which <see cref="PlaceSteps"/> does not follow.
/// </summary>
internal sealed class FilesystemSteps(LaunchProgramBuilder program, PlaceSteps places)
{
    private const int CurrentDirectory = Paths.CurrentDirectory;
    private const int MOVE_MOUNT_F_EMPTY_PATH = 0x4;
    private const int MOVE_MOUNT_T_EMPTY_PATH = 0x40;
    private const int OPEN_TREE_CLONE = 1;
    private const int OPEN_TREE_CLOEXEC = 0x80000;
    private const int AT_EMPTY_PATH = 0x1000;
    private const int AT_RECURSIVE = 0x8000;
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const int UsualUmask = 0x12;

    private static readonly (string Name, string Target)[] StandardLinks =
    [
        ("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2"), ("ptmx", "pts/ptmx"),
    ];

    private static readonly bool HasKcore = File.Exists("/proc/kcore");

    private readonly Slot place = program.NewSlot();
    private readonly Slot tree = program.NewSlot();

    /// <summary>An empty directory outside of the root: what hides directories.</summary>
    private readonly Slot empty = program.NewSlot();

    /// <summary>The null device: what hides files.</summary>
    private readonly Slot nothing = program.NewSlot();
    private bool hasNothing;

    /// <summary>Mounts the root filesystem over the empty one of the (copied) template namespace and makes it the root.</summary>
    /// <remarks>
    /// As an initramfs does it (switch_root(8)), and not by pivot_root(2): that would have to unmount the old root, and every unmount
    /// waits for an RCU grace period, 1 ms of a launch. What stays below is an empty, read-only tmpfs; ".." does not lead to it, since a
    /// walk upwards ends at the top of the mounts that are stacked on a namespace's root, and setns(2) enters at that top as well.
    /// </remarks>
    public void EnterRoot(int root)
    {
        program.Purpose = new Purpose(Stage.Root);
        places.Open(empty, "/", directory: true);
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
        places.Ensure(place, mount.Destination, directory: true);
        // mount(2) takes a path: the working directory is one that nobody can bend.
        program.Call(fchdir, place);
        program.Call(SyscallNumbers.mount, source, program.Text("."), program.Text(type), flags.Flags, data);
        program.Call(chdir, program.Text("/"));
        program.Call(close, place);
    }

    /// <summary>Moves a detached mount to its place, which is made when missing.</summary>
    public void MoveMount(MountSource source, string destination, string description)
    {
        program.Purpose = new Purpose(Stage.Mount, description);
        places.Ensure(place, destination, source.IsDirectory);
        MoveTo(place, source.Descriptor);
        program.Call(close, place);
    }

    /// <summary>The nodes and links of a fresh <c>/dev</c>.</summary>
    public void PopulateDev(IReadOnlyList<LinuxDevice> devices)
    {
        program.Purpose = new Purpose(Stage.Device, "/dev");
        program.Call(umask, 0);
        foreach (var group in devices.GroupBy(device => device.Path[..Math.Max(1, device.Path.LastIndexOf('/'))]))
        {
            program.Purpose = new Purpose(Stage.Device, group.Key);
            places.Ensure(place, group.Key, directory: true);
            foreach (var device in group) MakeNode(device);
            program.Call(close, place);
        }
        program.Purpose = new Purpose(Stage.Device, "links in /dev");
        places.Open(place, "/dev", directory: true);
        foreach (var (name, target) in StandardLinks) Link(target, name);
        if (HasKcore) Link("/proc/kcore", "core");
        if (devices.Any(device => device.Path == "/dev/null"))
        {
            // Before any other mount can lie upon it.
            places.OpenPlain(nothing, place, "null");
            hasNothing = true;
        }
        program.Call(close, place);
        program.Call(umask, UsualUmask);
    }

    /// <summary>Hides a path: a file behind the null device, a directory behind an empty read-only one. One that is not there needs no hiding.</summary>
    public void Mask(string path)
    {
        var (directory, hidden, done) = (new Label(), new Label(), new Label());
        program.Purpose = new Purpose(Stage.Mount, $"a mask over {path}");
        if (!hasNothing)
        {
            // A /dev of the user's: without a null device in it nothing could be hidden, and the launch fails.
            places.OpenPlain(nothing, CurrentDirectory, "/dev/null");
            hasNothing = true;
        }
        places.Open(place, path).On(Errno.ENOENT, done).On(Errno.ENOTDIR, done);
        Clone(nothing, 0);
        MoveTo(place, tree).On(Errno.EINVAL, directory).On(Errno.ENOTDIR, directory);
        program.Jump(hidden);
        program.Mark(directory);
        program.Call(close, tree);
        Clone(empty, 0);
        MoveTo(place, tree);
        program.Mark(hidden);
        program.Call(close, tree);
        program.Call(close, place);
        program.Mark(done);
    }

    /// <summary>Makes a path read-only by mounting it upon itself.</summary>
    public void MakeReadOnly(string path)
    {
        var done = new Label();
        program.Purpose = new Purpose(Stage.Mount, $"{path} read-only");
        places.Open(place, path).On(Errno.ENOENT, done);
        Clone(place, AT_RECURSIVE);
        program.Call(mount_setattr, tree, program.Text(""), AT_EMPTY_PATH | AT_RECURSIVE, program.Words((ulong)MountAttributes.ReadOnly, 0, 0, 0), 32);
        MoveTo(place, tree);
        program.Call(close, tree);
        program.Call(close, place);
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
        var path = "/proc/sys/" + (name.Contains('/', StringComparison.Ordinal) ? name : name.Replace('.', '/'));
        program.Purpose = new Purpose(Stage.Sysctl, name);
        places.OpenForWriting(place, path);
        program.Call(write, place, program.Text(value), System.Text.Encoding.UTF8.GetByteCount(value));
        program.Call(close, place);
    }

    /// <summary>Copies the mount at a descriptor into <see cref="tree"/>.</summary>
    private void Clone(Slot from, int recursive) =>
        program.Call(open_tree, from, program.Text(""), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | recursive).Into(tree);

    private LaunchProgramBuilder.Step MoveTo(Slot target, Argument mount) =>
        program.Call(move_mount, mount, program.Text(""), target, program.Text(""), MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);

    /// <summary>A node in the directory that <see cref="place"/> is.</summary>
    private void MakeNode(LinuxDevice device)
    {
        program.Purpose = new Purpose(Stage.Device, device.Path);
        var kind = device.Type switch { "c" or "u" => 0x2000u, "b" => 0x6000u, _ => 0x1000u };
        var mode = kind | (device.FileMode ?? 0x1B6u);
        var number = ((ulong)device.Major & 0xfff) << 8 | (ulong)device.Minor & 0xff | ((ulong)device.Minor & ~0xffUL) << 12 | ((ulong)device.Major & ~0xfffUL) << 32;
        var name = program.Text(device.Path[(device.Path.LastIndexOf('/') + 1)..]);
        program.Call(mknodat, place, name, mode, number).On(Errno.EEXIST);
        if (device.Uid is > 0 || device.Gid is > 0) program.Call(fchownat, place, name, device.Uid ?? 0, device.Gid ?? 0, AT_SYMLINK_NOFOLLOW);
    }

    private void Link(string target, string name) =>
        program.Call(symlinkat, program.Text(target), place, program.Text(name)).On(Errno.EEXIST);
}
