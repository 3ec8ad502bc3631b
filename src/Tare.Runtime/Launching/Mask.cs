using Tare.Linux;
using Tare.Oci.Runtime;
using static Tare.Linux.SyscallNumbers;

namespace Tare.Runtime.Launching;

/// <summary>What hides paths: the null device for files, an empty read-only directory for directories.</summary>
internal abstract class Mask(LaunchProgramBuilder program, PlaceSteps places)
{
    private protected const int OPEN_TREE_CLONE = 1;
    private protected const int CLOEXEC = 0x80000;
    private protected const int AT_EMPTY_PATH = 0x1000;

    private protected LaunchProgramBuilder Program { get; } = program;

    private protected PlaceSteps Places { get; } = places;

    /// <summary>Whether the null device is the host's.</summary>
    public abstract bool IsOfHost { get; }

    /// <summary>The null device, opened.</summary>
    public abstract Slot Nothing();

    /// <summary>A detached mount of the empty directory.</summary>
    public abstract void CopyEmpty(Slot into);

    /// <summary>The container's own devices have just been made, and nothing lies upon them yet.</summary>
    public virtual void DevIsThere(Slot dev, IReadOnlyList<LinuxDevice> devices)
    {
    }
}

/// <summary>In a copy of the template namespace: its root is the empty directory, the null device is the container's own.</summary>
internal sealed class TemplateMask(LaunchProgramBuilder program, PlaceSteps places) : Mask(program, places)
{
    private readonly Slot nothing = program.NewSlot();
    private bool hasNothing;

    /// <summary>The template's root, opened before the container's covers it.</summary>
    public Slot Empty { get; } = program.NewSlot();

    /// <inheritdoc/>
    public override bool IsOfHost => false;

    /// <inheritdoc/>
    public override Slot Nothing()
    {
        if (hasNothing) return nothing;
        // A /dev of the user's: without a null device in it nothing could be hidden, and the launch fails.
        Places.OpenPlain(nothing, Paths.CurrentDirectory, "/dev/null");
        hasNothing = true;
        return nothing;
    }

    /// <inheritdoc/>
    public override void CopyEmpty(Slot into) =>
        Program.Call(open_tree, Empty, Program.Text(""), OPEN_TREE_CLONE | CLOEXEC | AT_EMPTY_PATH).Into(into);

    /// <inheritdoc/>
    public override void DevIsThere(Slot dev, IReadOnlyList<LinuxDevice> devices)
    {
        foreach (var device in devices)
        {
            if (device.Path != "/dev/null" || hasNothing) continue;
            Places.OpenPlain(nothing, dev, "null");
            hasNothing = true;
        }
    }
}

/// <summary>
/// In a copy of the runtime's namespace, before the container's root is entered: the null device is the host's, which no image can have
/// replaced, and the empty directory a tmpfs. A detached mount cannot be copied below kernel 6.15, so the first that is needed is the
/// tmpfs itself, and the others are copies of that.
/// </summary>
internal sealed class HostMask(LaunchProgramBuilder program, PlaceSteps places) : Mask(program, places)
{
    private const int FSCONFIG_SET_STRING = 1;
    private const int FSCONFIG_CMD_CREATE = 6;

    private readonly Slot nothing = program.NewSlot();
    private readonly Slot empty = program.NewSlot();
    private readonly Slot isMade = program.NewSlot();
    private readonly Slot context = program.NewSlot();
    private bool hasNothing;

    /// <inheritdoc/>
    public override bool IsOfHost => true;

    /// <inheritdoc/>
    public override Slot Nothing()
    {
        if (hasNothing) return nothing;
        Places.OpenPlain(nothing, Paths.CurrentDirectory, "/dev/null");
        hasNothing = true;
        return nothing;
    }

    /// <inheritdoc/>
    public override void CopyEmpty(Slot into)
    {
        var (copy, done) = (new Label(), new Label());
        Program.BranchIfNot(isMade, 0, copy);
        Program.Call(fsopen, Program.Text("tmpfs"), 1).Into(context);
        Program.Call(fsconfig, context, FSCONFIG_SET_STRING, Program.Text("nr_inodes"), Program.Text("2"), 0);
        Program.Call(fsconfig, context, FSCONFIG_SET_STRING, Program.Text("mode"), Program.Text("0755"), 0);
        Program.Call(fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
        Program.Call(fsmount, context, 1, (ulong)(MountAttributes.ReadOnly | MountAttributes.NoSuid | MountAttributes.NoDev | MountAttributes.NoExec)).Into(into);
        Program.Call(close, context);
        Program.Call(fcntl, into, 1030 /* F_DUPFD_CLOEXEC */, 3).Into(empty);
        Program.Load(isMade, Program.Words32(1), 4);
        Program.Jump(done);
        Program.Mark(copy);
        Program.Call(open_tree, empty, Program.Text(""), OPEN_TREE_CLONE | CLOEXEC | AT_EMPTY_PATH).Into(into);
        Program.Mark(done);
    }
}
