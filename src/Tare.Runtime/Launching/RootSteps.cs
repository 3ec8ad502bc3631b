using Tare.Linux;
using static Tare.Linux.SyscallNumbers;

namespace Tare.Runtime.Launching;

/// <summary>The steps that make a filesystem the root of the container's mount namespace.</summary>
internal sealed class RootSteps(LaunchProgramBuilder program, PlaceSteps places)
{
    private const int CurrentDirectory = Paths.CurrentDirectory;
    private const int MOVE_MOUNT_F_EMPTY_PATH = 0x4;
    private const int MOVE_MOUNT_T_EMPTY_PATH = 0x40;
    private const int AT_RECURSIVE = 0x8000;
    private const int AT_EMPTY_PATH = 0x1000;
    private const int OPEN_TREE_CLONE = 1;
    private const int CLOEXEC = 0x80000;
    private const int MNT_DETACH = 2;
    private const int MountAttributesSize = 32;

    /// <summary>Mounts the root filesystem over the empty one of the (copied) template namespace and makes it the root.</summary>
    /// <remarks>
    /// As an initramfs does it (switch_root(8)), and not by pivot_root(2): that would have to unmount the old root, and every unmount
    /// waits for an RCU grace period, 1 ms of a launch. What stays below is an empty, read-only tmpfs; ".." does not lead to it, since a
    /// walk upwards ends at the top of the mounts that are stacked on a namespace's root, and setns(2) enters at that top as well.
    /// </remarks>
    public void EnterOverTemplate(int root, Slot empty)
    {
        program.Purpose = new Purpose(Stage.Root);
        places.Open(empty, "/", directory: true);
        program.Call(fchdir, root);
        program.Call(move_mount, root, program.Text(""), CurrentDirectory, program.Text("/"), MOVE_MOUNT_F_EMPTY_PATH);
        program.Call(chroot, program.Text("."));
        program.Call(chdir, program.Text("/"));
    }

    /// <summary>
    /// Mounts the root filesystem at its own place in the copied namespace of the runtime, where hooks find it, and from here on finds
    /// places in it.
    /// </summary>
    public void Attach(PivotedRoot root)
    {
        program.Purpose = new Purpose(Stage.Root);
        if (!root.Shared)
        {
            SetPropagation(CurrentDirectory, "/", root.Propagation, recursive: true);
            // pivot_root(2) refuses to leave something below a shared mount.
            if (root.Propagation == Propagation.Shared) MakePrivate(root.Path);
        }
        var (place, mount) = (program.NewSlot(), program.NewSlot());
        places.OpenPlain(place, CurrentDirectory, root.Path);
        if (root.Mount is { } passed)
        {
            program.Call(fcntl, passed, 1030 /* F_DUPFD_CLOEXEC */, 3).Into(mount);
        }
        else
        {
            program.Call(open_tree, place, program.Text(""), OPEN_TREE_CLONE | CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE).Into(mount);
        }
        program.Call(move_mount, mount, program.Text(""), place, program.Text(""), MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
        program.Call(close, place);
        places.Root = mount;
    }

    /// <summary>Makes the attached root the root of the namespace, and lets go of everything else.</summary>
    public void Enter(PivotedRoot root)
    {
        program.Purpose = new Purpose(Stage.Root);
        program.Call(fchdir, places.Root);
        if (root.Shared)
        {
            program.Call(chroot, program.Text("."));
        }
        else if (root.NoPivot)
        {
            program.Call(move_mount, places.Root, program.Text(""), CurrentDirectory, program.Text("/"), MOVE_MOUNT_F_EMPTY_PATH);
            program.Call(chroot, program.Text("."));
        }
        else
        {
            var old = program.NewSlot();
            if (root.Propagation == Propagation.Shared) places.OpenPlain(old, CurrentDirectory, "/");
            program.Call(pivot_root, program.Text("."), program.Text("."));
            if (root.Propagation == Propagation.Shared)
            {
                // The host's mounts that are peers of the old ones would be unmounted too. The container's own stay as they are.
                program.Call(fchdir, old);
                SetPropagation(CurrentDirectory, ".", Propagation.Slave, recursive: true);
                program.Call(close, old);
            }
            program.Call(umount2, program.Text("."), MNT_DETACH);
        }
        program.Call(chdir, program.Text("/"));
        places.Root = CurrentDirectory;
        if (root.OwnPropagation != Propagation.Unchanged) SetPropagation(CurrentDirectory, "/", root.OwnPropagation, root.OwnPropagationRecursive);
    }

    /// <summary>Enters a root that is there already.</summary>
    public void Enter(int root)
    {
        program.Purpose = new Purpose(Stage.Root);
        program.Call(fchdir, root);
        program.Call(chroot, program.Text("."));
    }

    /// <summary>The mount that a path lies on becomes private: its own root is some prefix of the path, and only there the kernel takes the change.</summary>
    private void MakePrivate(string path)
    {
        var done = new Label();
        for (var prefix = path; ; prefix = Path.GetDirectoryName(prefix)!)
        {
            var next = new Label();
            SetPropagation(CurrentDirectory, prefix, Propagation.Private, recursive: false).On(Errno.EINVAL, next);
            program.Jump(done);
            program.Mark(next);
            if (prefix == "/") break;
        }
        program.Mark(done);
    }

    private LaunchProgramBuilder.Step SetPropagation(Argument directory, string path, Propagation propagation, bool recursive) => program.Call(
        mount_setattr, directory, program.Text(path), recursive ? AT_RECURSIVE : 0, program.Words(0, 0, (ulong)propagation, 0), MountAttributesSize);
}
