using Tare.Linux;
using Tare.Oci.Runtime;
using static Tare.Linux.SyscallNumbers;

namespace Tare.Runtime.Launching;

/// <summary>
/// The steps that fill a container's root: mounts, devices, kernel parameters, hidden and read-only paths. They run in the container's
/// own mount namespace, and find every place by <see cref="PlaceSteps"/>.
/// </summary>
internal sealed class FilesystemSteps(LaunchProgramBuilder program, PlaceSteps places, Mask mask)
{
    private const int MOVE_MOUNT_F_EMPTY_PATH = 0x4;
    private const int MOVE_MOUNT_T_EMPTY_PATH = 0x40;
    private const int OPEN_TREE_CLONE = 1;
    private const int CLOEXEC = 0x80000;
    private const int AT_EMPTY_PATH = 0x1000;
    private const int AT_RECURSIVE = 0x8000;
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const int MountAttributesSize = 32;
    private const int FSOPEN_CLOEXEC = 1;
    private const int FSMOUNT_CLOEXEC = 1;
    private const int FSCONFIG_SET_FLAG = 0;
    private const int FSCONFIG_SET_STRING = 1;
    private const int FSCONFIG_CMD_CREATE = 6;
    private const int UsualUmask = 0x12;
    private const string ProcPath = "/proc";

    private static readonly (string Name, string Target)[] StandardLinks =
    [
        ("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2"), ("ptmx", "pts/ptmx"),
    ];

    private static readonly bool HasKcore = FileStatuses.OfPath("/proc/kcore") is not null;

    private readonly Slot place = program.NewSlot();
    private readonly Slot tree = program.NewSlot();
    private readonly List<string> sealLater = [];
    private Slot? proc;
    private Slot? mountedProc;

    /// <summary>
    /// A procfs that the launch has made itself, as a directory: kernel parameters and security labels are written there, and not at a
    /// place that an image may have put something else upon.
    /// </summary>
    public Slot Proc => proc ??= NewProc(new MountSpec { Destination = "/proc", Type = "proc" }, MountFlags.Parse([]));

    /// <summary>Mounts a filesystem by type; the directory is made when missing.</summary>
    public void MountNew(MountSpec mount)
    {
        var flags = MountFlags.Parse(mount.Options ?? []);
        var type = mount.Type ?? "";
        program.Purpose = new Purpose(Stage.Mount, $"{type} at {mount.Destination}");
        if (type == "proc" && proc is null)
        {
            var made = NewProc(mount, flags);
            places.Ensure(place, mount.Destination, directory: true);
            MoveTo(place, made);
            if (mount.Destination == ProcPath) mountedProc = made;
            // One that shows only processes has no kernel parameters.
            if (!flags.Data.Contains("subset", StringComparison.Ordinal)) proc = made;
        }
        else
        {
            // Things are made in a tmpfs before it is sealed.
            var late = type == "tmpfs" && flags.IsReadOnly;
            if (late) sealLater.Add(mount.Destination);
            var source = program.Text(string.IsNullOrEmpty(mount.Source) ? type : mount.Source);
            Argument data = flags.Data.Length == 0 ? 0 : program.Text(flags.Data);
            places.Ensure(place, mount.Destination, directory: true);
            // mount(2) takes a path: the working directory is one that nobody can bend.
            program.Call(fchdir, place);
            program.Call(SyscallNumbers.mount, source, program.Text("."), program.Text(type), late ? flags.WritableFlags : flags.Flags, data);
            program.Call(chdir, program.Text("/"));
            if (flags.CopyUp && type == "tmpfs") CopyUp(mount.Destination);
        }
        if (flags.Propagation != Propagation.Unchanged)
        {
            places.Open(tree, mount.Destination);
            SetAttributes(tree, 0, 0, flags.Propagation, flags.PropagationRecursive);
            program.Call(close, tree);
        }
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

    /// <summary>
    /// Binds a path of the runtime's mount namespace, of which the process still has a copy: for a runtime that may not clone mounts in
    /// its own.
    /// </summary>
    public void BindHostPath(MountSpec mount, bool isDirectory, Propagation inherited)
    {
        var flags = MountFlags.Parse(mount.Options ?? []);
        program.Purpose = new Purpose(Stage.Mount, $"{mount.Source} at {mount.Destination}");
        program.Call(open_tree, Paths.CurrentDirectory, program.Text(mount.Source!), OPEN_TREE_CLONE | CLOEXEC | (flags.Recursive ? AT_RECURSIVE : 0)).Into(tree);
        if (flags.Attributes != 0 || flags.Cleared != 0) SetAttributes(tree, flags.Attributes, flags.Cleared, 0, false);
        if (flags.RecursiveAttributes != 0 || flags.RecursiveCleared != 0) SetAttributes(tree, flags.RecursiveAttributes, flags.RecursiveCleared, 0, true);
        if (flags.Propagation != Propagation.Unchanged) SetAttributes(tree, 0, 0, flags.Propagation, flags.PropagationRecursive);
        else if (inherited != Propagation.Unchanged) SetAttributes(tree, 0, 0, inherited, true);
        places.Ensure(place, mount.Destination, isDirectory);
        MoveTo(place, tree);
        program.Call(close, tree);
        program.Call(close, place);
    }

    /// <summary>The nodes and links of a fresh <c>/dev</c>.</summary>
    /// <param name="devices">The nodes.</param>
    /// <param name="bind">Whether they are the host's, bound: in a user namespace no device may be made.</param>
    public void PopulateDev(IReadOnlyList<LinuxDevice> devices, bool bind = false)
    {
        program.Purpose = new Purpose(Stage.Device, "/dev");
        program.Call(umask, 0);
        var parent = "";
        foreach (var device in devices)
        {
            if (bind && device.Type != "p")
            {
                // Whoever has the host's root in his namespace could change the device's mode otherwise. It is written to all the same.
                BindHostPath(new MountSpec { Destination = device.Path, Source = device.Path, Options = ["bind", "ro", "nosuid", "noexec"] }, isDirectory: false, Propagation.Private);
                continue;
            }
            var above = device.Path[..Math.Max(1, device.Path.LastIndexOf('/'))];
            if (above != parent)
            {
                if (parent.Length > 0) program.Call(close, place);
                program.Purpose = new Purpose(Stage.Device, above);
                places.Ensure(place, above, directory: true);
                parent = above;
            }
            MakeNode(device);
        }
        if (parent.Length > 0) program.Call(close, place);
        program.Purpose = new Purpose(Stage.Device, "links in /dev");
        places.Open(place, "/dev", directory: true);
        foreach (var (name, target) in StandardLinks) MakeLink(target, name);
        if (HasKcore) MakeLink("/proc/kcore", "core");
        mask.DevIsThere(place, devices);
        program.Call(close, place);
        program.Call(umask, UsualUmask);
    }

    /// <summary>Makes a symbolic link in a directory that is there.</summary>
    public void Link(string path, string target)
    {
        program.Purpose = new Purpose(Stage.Mount, $"the link {path}");
        places.Open(place, Path.GetDirectoryName(path)!, directory: true);
        MakeLink(target, Path.GetFileName(path));
        program.Call(close, place);
    }

    /// <summary>Hides a path: a file behind the null device, a directory behind an empty read-only one. One that is not there needs no hiding.</summary>
    public void Hide(string path)
    {
        var (directory, hidden, done) = (new Label(), new Label(), new Label());
        program.Purpose = new Purpose(Stage.Mount, $"a mask over {path}");
        var nothing = mask.Nothing();
        Find(path).On(Errno.ENOENT, done).On(Errno.ENOTDIR, done);
        Clone(nothing, 0);
        // Otherwise the mode and owner of a mask would be those of the host's null device, and so would be what is mounted upon it where mounts are
        // shared. What is written to a device goes to no filesystem.
        if (mask.IsOfHost) SetAttributes(tree, MountAttributes.ReadOnly | MountAttributes.NoSuid | MountAttributes.NoExec, 0, Propagation.Private, false);
        MoveTo(place, tree).On(Errno.EINVAL, directory).On(Errno.ENOTDIR, directory);
        program.Jump(hidden);
        program.Mark(directory);
        program.Call(close, tree);
        mask.CopyEmpty(tree);
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
        Find(path).On(Errno.ENOENT, done).On(Errno.ENOTDIR, done);
        Clone(place, AT_RECURSIVE);
        SetAttributes(tree, MountAttributes.ReadOnly, 0, 0, true);
        MoveTo(place, tree);
        program.Call(close, tree);
        program.Call(close, place);
        program.Mark(done);
    }

    /// <summary>Makes those mounts read-only that were wanted so, and had to be filled first.</summary>
    public void Seal()
    {
        foreach (var destination in sealLater)
        {
            program.Purpose = new Purpose(Stage.Mount, $"{destination} read-only");
            places.Open(place, destination);
            SetAttributes(place, MountAttributes.ReadOnly, 0, 0, false);
            program.Call(close, place);
        }
        sealLater.Clear();
    }

    /// <summary>Makes the root itself read-only; what is mounted below keeps its own mode.</summary>
    public void MakeRootReadOnly()
    {
        program.Purpose = new Purpose(Stage.Root);
        program.Call(mount_setattr, Paths.CurrentDirectory, program.Text("/"), 0, program.Words((ulong)MountAttributes.ReadOnly, 0, 0, 0), MountAttributesSize);
    }

    /// <summary>Writes a kernel parameter, <c>net.ipv4.ip_forward</c> or <c>net/ipv4/ip_forward</c>.</summary>
    public void SetSysctl(string name, string value)
    {
        program.Purpose = new Purpose(Stage.Sysctl, name);
        var path = "sys/" + (name.Contains('/', StringComparison.Ordinal) ? name : name.Replace('.', '/'));
        WriteTo(Proc, path, value);
    }

    /// <summary>Writes to a file of <see cref="Proc"/>.</summary>
    public void WriteProc(string path, string value) => WriteTo(Proc, path, value);

    /// <summary>
    /// A path to be hidden or made read-only. One in <c>/proc</c> is found in the procfs that the launch has mounted there, and not in
    /// whatever somebody may have had mounted over it.
    /// </summary>
    private LaunchProgramBuilder.Step Find(string path)
    {
        path = Path.GetFullPath(path);
        return mountedProc is { } own && path.StartsWith(ProcPath + "/", StringComparison.Ordinal)
            ? places.FindBelow(place, own, path[(ProcPath.Length + 1)..])
            : places.Open(place, path);
    }

    /// <summary>Fills the tmpfs that was just mounted upon <see cref="place"/> with what is there.</summary>
    private void CopyUp(string destination)
    {
        var before = program.Purpose;
        program.Purpose = new Purpose(Stage.CopyUp, destination);
        places.Open(tree, destination, directory: true);
        // Nodes are made with the permissions that they are to have.
        program.Call(umask, 0);
        program.Copy(place, tree);
        program.Call(umask, UsualUmask);
        program.Call(close, tree);
        program.Purpose = before;
    }

    private void WriteTo(Slot directory, string path, string value)
    {
        places.OpenBelow(place, directory, path, forWriting: true);
        program.Call(write, place, program.Text(value), System.Text.Encoding.UTF8.GetByteCount(value));
        program.Call(close, place);
    }

    private Slot NewProc(MountSpec mount, MountFlags flags)
    {
        var (context, made) = (program.NewSlot(), program.NewSlot());
        program.Purpose = new Purpose(Stage.Mount, $"proc at {mount.Destination}");
        program.Call(fsopen, program.Text("proc"), FSOPEN_CLOEXEC).Into(context);
        program.Call(fsconfig, context, FSCONFIG_SET_STRING, program.Text("source"), program.Text(string.IsNullOrEmpty(mount.Source) ? "proc" : mount.Source), 0);
        foreach (var option in flags.Data.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = option.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0) program.Call(fsconfig, context, FSCONFIG_SET_FLAG, program.Text(option), 0, 0);
            else program.Call(fsconfig, context, FSCONFIG_SET_STRING, program.Text(option[..equals]), program.Text(option[(equals + 1)..]), 0);
        }
        program.Call(fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
        program.Call(fsmount, context, FSMOUNT_CLOEXEC, (ulong)flags.Attributes).Into(made);
        program.Call(close, context);
        return made;
    }

    private void SetAttributes(Slot mount, MountAttributes set, MountAttributes clear, Propagation propagation, bool recursive) => program.Call(
        mount_setattr, mount, program.Text(""), AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), program.Words((ulong)set, (ulong)clear, (ulong)propagation, 0), MountAttributesSize);

    /// <summary>Copies the mount at a descriptor into <see cref="tree"/>.</summary>
    private void Clone(Slot from, int recursive) =>
        program.Call(open_tree, from, program.Text(""), OPEN_TREE_CLONE | CLOEXEC | AT_EMPTY_PATH | recursive).Into(tree);

    private LaunchProgramBuilder.Step MoveTo(Slot target, Argument mount) =>
        program.Call(move_mount, mount, program.Text(""), target, program.Text(""), MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);

    /// <summary>A node in the directory that <see cref="place"/> is.</summary>
    private void MakeNode(LinuxDevice device)
    {
        program.Purpose = new Purpose(Stage.Device, device.Path);
        var kind = device.Type switch { "c" or "u" => 0x2000u, "b" => 0x6000u, _ => 0x1000u };
        var mode = kind | (device.FileMode ?? 0x1B6u) & 0xFFF;
        var number = ((ulong)device.Major & 0xfff) << 8 | (ulong)device.Minor & 0xff | ((ulong)device.Minor & ~0xffUL) << 12 | ((ulong)device.Major & ~0xfffUL) << 32;
        var name = program.Text(device.Path[(device.Path.LastIndexOf('/') + 1)..]);
        program.Call(mknodat, place, name, mode, number).On(Errno.EEXIST);
        if (device.Uid is > 0 || device.Gid is > 0) program.Call(fchownat, place, name, device.Uid ?? 0, device.Gid ?? 0, AT_SYMLINK_NOFOLLOW);
    }

    private void MakeLink(string target, string name) =>
        program.Call(symlinkat, program.Text(target), place, program.Text(name)).On(Errno.EEXIST);
}
