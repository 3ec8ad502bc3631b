using System.Runtime.InteropServices;
using Tare.Linux;
using static Tare.Linux.SyscallNumbers;

namespace Tare.Runtime.Launching;

/// <summary>
/// The steps that find places in a container's root, or make them. A place is opened and then used by its descriptor; nothing that an
/// image holds leads out of the root: not its links, nor <c>..</c>, nor the magic links of <c>/proc</c> (<c>/proc/N/root</c>,
/// <c>/proc/self/fd/N</c>).
/// </summary>
internal sealed class PlaceSteps(LaunchProgramBuilder program)
{
    private const int CurrentDirectory = Paths.CurrentDirectory;
    private const int HowSize = 24;
    private const ulong O_WRONLY = 1;
    private const ulong O_RDWR = 2;
    private const ulong O_NOCTTY = 0x100;
    private const ulong O_CREAT = 0x40;
    private const ulong O_CLOEXEC = 0x80000;
    private const ulong O_PATH = 0x200000;
    private const ulong DirectoryMode = 0x1ED;
    private const ulong FileMode = 0x1A4;
    private const int RegularFile = 0x8000 | 0x180;
    private static readonly ulong O_DIRECTORY = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000u : 0x10000u;

    private const Resolve InRoot = Resolve.InRoot | Resolve.NoMagicLinks;

    private readonly Slot walk = program.NewSlot();
    private readonly Slot step = program.NewSlot();

    /// <summary>The root in which places are found: a descriptor, or the working directory once that is the root itself.</summary>
    public Argument Root { get; set; } = CurrentDirectory;

    /// <summary>Opens a place that is there, to be used as a target or a source.</summary>
    public LaunchProgramBuilder.Step Open(Slot into, string path, bool directory = false) =>
        InsideRoot(path, O_PATH | (directory ? O_DIRECTORY : 0)).Into(into);

    /// <summary>Opens something of which no part may be a link.</summary>
    public LaunchProgramBuilder.Step OpenPlain(Slot into, Argument directory, string name) =>
        Call(directory, name, O_PATH, 0, Resolve.NoSymlinks).Into(into);

    /// <summary>Opens something below a directory of a filesystem that the launch itself has made: in that, and nothing mounted upon it.</summary>
    public LaunchProgramBuilder.Step OpenBelow(Slot into, Argument directory, string path, bool forWriting) =>
        Call(directory, path, forWriting ? O_WRONLY : 0, 0, Resolve.Beneath | Resolve.NoMagicLinks | Resolve.NoCrossing).Into(into);

    /// <summary>Opens a place below a directory that the launch itself has mounted; what is mounted upon it is the place.</summary>
    public LaunchProgramBuilder.Step FindBelow(Slot into, Argument directory, string path) =>
        Call(directory, path, O_PATH, 0, Resolve.Beneath | Resolve.NoMagicLinks).Into(into);

    /// <summary>Opens a device for reading and writing; it does not become the controlling terminal.</summary>
    public LaunchProgramBuilder.Step OpenDevice(Slot into, string path) => InsideRoot(path, O_RDWR | O_NOCTTY).Into(into);

    /// <summary>Opens an entry of a directory in the root, an empty file when there was none. A link is not followed.</summary>
    public void EnsureEntry(Slot into, string directory, string name)
    {
        Open(walk, directory, directory: true);
        program.Call(mknodat, walk, program.Text(name), RegularFile, 0).On(Errno.EEXIST);
        OpenPlain(into, walk, name);
        program.Call(close, walk);
    }

    /// <summary>Opens a place; a missing one is made, a directory or an empty file, with its parents.</summary>
    public void Ensure(Slot into, string path, bool directory)
    {
        var (missing, bare, entry, done) = (new Label(), new Label(), new Label(), new Label());
        Open(into, path, directory).On(Errno.ENOENT, missing);
        program.Jump(done);
        program.Mark(missing);
        var slash = path.LastIndexOf('/');
        var above = slash > 0 ? path[..slash] : "/";
        // Most often the directory above is there, and with it its parents.
        Open(walk, above, directory: true).On(Errno.ENOENT, bare);
        program.Mark(entry);
        MakeEntry(path, path[(slash + 1)..], directory);
        program.Call(close, walk);
        Open(into, path, directory);
        program.Jump(done);
        program.Mark(bare);
        MakeDirectories(above);
        Open(walk, above, directory: true);
        program.Jump(entry);
        program.Mark(done);
    }

    /// <summary>Makes the last part of a path, in the directory that <see cref="walk"/> is.</summary>
    private void MakeEntry(string path, string name, bool directory)
    {
        if (directory)
        {
            program.Call(mkdirat, walk, program.Text(name), DirectoryMode).On(Errno.EEXIST);
            return;
        }
        // A link that leads nowhere is followed, within the root.
        Call(Root, path, O_WRONLY | O_CREAT, FileMode, InRoot).Into(step);
        program.Call(close, step);
    }

    /// <summary>One component after the other, each below the descriptor of the last; those that are there are left as they are.</summary>
    private void MakeDirectories(string path)
    {
        var (here, next) = (walk, step);
        Open(here, "/", directory: true);
        var place = "";
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            // Found from the root each time: a link on the way may be an absolute one.
            place += "/" + name;
            program.Call(mkdirat, here, program.Text(name), DirectoryMode).On(Errno.EEXIST);
            Open(next, place, directory: true);
            program.Call(close, here);
            (here, next) = (next, here);
        }
        program.Call(close, here);
    }

    private LaunchProgramBuilder.Step InsideRoot(string path, ulong flags) => Call(Root, path, flags, 0, InRoot);

    private LaunchProgramBuilder.Step Call(Argument directory, string path, ulong flags, ulong mode, Resolve resolve) =>
        program.Call(openat2, directory, program.Text(path), program.Words(flags | O_CLOEXEC, mode, (ulong)resolve), HowSize);
}
