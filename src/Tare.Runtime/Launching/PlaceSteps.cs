using System.Runtime.InteropServices;
using Tare.Linux;
using static Tare.Linux.SyscallNumbers;

namespace Tare.Runtime.Launching;

/// <summary>
/// The steps that find places in a container's root, or make them. A place is opened and then used by its descriptor; no link of an
/// image's leads through the magic links of <c>/proc</c> (<c>/proc/N/root</c>, <c>/proc/self/fd/N</c>), which would leave the root.
/// </summary>
internal sealed class PlaceSteps(LaunchProgramBuilder program)
{
    private const int CurrentDirectory = Paths.CurrentDirectory;
    private const int HowSize = 24;
    private const ulong O_WRONLY = 1;
    private const ulong O_CREAT = 0x40;
    private const ulong O_CLOEXEC = 0x80000;
    private const ulong O_PATH = 0x200000;
    private const ulong DirectoryMode = 0x1ED;
    private static readonly ulong O_DIRECTORY = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000u : 0x10000u;

    private readonly Slot walk = program.NewSlot();
    private readonly Slot step = program.NewSlot();

    /// <summary>Opens a place that is there, to be used as a target or a source.</summary>
    public LaunchProgramBuilder.Step Open(Slot into, string path, bool directory = false) =>
        OpenAt(CurrentDirectory, path, O_PATH | (directory ? O_DIRECTORY : 0)).Into(into);

    /// <summary>Opens something directly in a directory that is the engine's own, where nothing is a link.</summary>
    public LaunchProgramBuilder.Step OpenPlain(Slot into, Argument directory, string name) =>
        Call(directory, name, O_PATH, 0, Resolve.NoSymlinks).Into(into);

    /// <summary>Opens a file for writing.</summary>
    public LaunchProgramBuilder.Step OpenForWriting(Slot into, string path) => OpenAt(CurrentDirectory, path, O_WRONLY).Into(into);

    /// <summary>Opens a place; a missing one is made, a directory or an empty file, with its parents.</summary>
    public void Ensure(Slot into, string path, bool directory)
    {
        var (missing, done) = (new Label(), new Label());
        Open(into, path, directory).On(Errno.ENOENT, missing);
        program.Jump(done);
        program.Mark(missing);
        if (directory) MakeDirectories(path);
        else MakeFile(path);
        Open(into, path, directory);
        program.Mark(done);
    }

    private void MakeFile(string path)
    {
        if (path.LastIndexOf('/') is > 0 and var slash) MakeDirectories(path[..slash]);
        Call(CurrentDirectory, path, O_WRONLY | O_CREAT, DirectoryMode, Resolve.NoMagicLinks).Into(walk);
        program.Call(close, walk);
    }

    /// <summary>One component after the other, each below the descriptor of the last; those that are there are left as they are.</summary>
    private void MakeDirectories(string path)
    {
        var (here, next) = (walk, step);
        Open(here, "/", directory: true);
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            program.Call(mkdirat, here, program.Text(name), DirectoryMode).On(Errno.EEXIST);
            OpenAt(here, name, O_PATH | O_DIRECTORY).Into(next);
            program.Call(close, here);
            (here, next) = (next, here);
        }
        program.Call(close, here);
    }

    private LaunchProgramBuilder.Step OpenAt(Argument directory, string path, ulong flags) => Call(directory, path, flags, 0, Resolve.NoMagicLinks);

    private LaunchProgramBuilder.Step Call(Argument directory, string path, ulong flags, ulong mode, Resolve resolve) =>
        program.Call(openat2, directory, program.Text(path), program.Words(flags | O_CLOEXEC, mode, (ulong)resolve), HowSize);
}
