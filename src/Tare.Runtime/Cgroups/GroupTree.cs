using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Runtime.Cgroups;

/// <summary>A directory of control groups and those below it, which the container makes and removes as it likes meanwhile.</summary>
internal static class GroupTree
{
    /// <summary>The permissions of a group's directory.</summary>
    internal const int GroupMode = 0x1ED;

    /// <summary>Milliseconds that one look for ended processes takes at most.</summary>
    private const int LookAgain = 50;

    /// <summary>Makes a directory of control groups.</summary>
    /// <returns>0 when it is new, <see cref="Errno.EEXIST"/> when it is an old one, or another error number.</returns>
    /// <exception cref="TareException">A control file has the name.</exception>
    public static int TryMake(string directory)
    {
        var error = FileSystem.MakeDirectory(directory, GroupMode);
        if (error == Errno.EEXIST && FileFacts.KindOf(directory) != FileKind.Directory)
            throw TareException.Invalid($"cannot make the control group {directory}: a control file has that name");
        return error;
    }

    /// <summary>The error of a directory that cannot be made.</summary>
    public static LinuxException CannotMake(string directory, int error) => new($"make the control group {directory}", error);

    /// <summary>All groups below one, parents before their children.</summary>
    public static List<string> Below(string directory)
    {
        var found = new List<string>();
        AddChildren(found, directory);
        for (var next = 0; next < found.Count; next++) AddChildren(found, found[next]);
        return found;
    }

    /// <summary>The processes in a group and in all groups below it, as this pid namespace numbers them.</summary>
    public static List<int> Processes(string directory)
    {
        var found = new List<int>();
        AddProcesses(found, directory);
        foreach (var group in Below(directory)) AddProcesses(found, group);
        return found;
    }

    /// <summary>The processes in a group alone.</summary>
    public static List<int> OwnProcesses(string directory)
    {
        var found = new List<int>();
        AddProcesses(found, directory);
        return found;
    }

    /// <summary>
    /// Signals every process in some directories. All hierarchies are looked at: a privileged container can move its processes about
    /// in each of them.
    /// </summary>
    public static void Signal(Cgroup cgroup, IReadOnlyList<string> directories, int signal)
    {
        var wasFrozen = cgroup.IsFrozen;
        var canFreeze = cgroup.CanFreeze;
        if (canFreeze && !wasFrozen) cgroup.SetFrozen(true);
        var signalled = new HashSet<int>();
        foreach (var directory in directories)
        {
            foreach (var pid in Processes(directory))
            {
                if (!signalled.Add(pid)) continue;
                using var process = PidFds.TryOpen(pid, out var error);
                if (process is not null) PidFds.SendSignal(process, signal);
                else if (error != Errno.ESRCH) throw new LinuxException($"open process {pid}", error);
            }
        }

        // A frozen process does not die on v1; another signal waits until whoever froze the container thaws it.
        if (canFreeze && (!wasFrozen || signal == 9)) cgroup.SetFrozen(false);
    }

    /// <summary>Waits for a moment: until some processes have ended, for only then their groups can be removed.</summary>
    public static void WaitForEnd(IReadOnlyList<int> pids)
    {
        if (pids.Count == 0)
        {
            // Those that are about to go are no longer listed, and the kernel tells nobody when they have gone.
            Thread.Sleep(1);
            return;
        }
        var end = Environment.TickCount64 + LookAgain;
        foreach (var pid in pids)
        {
            using var process = PidFds.TryOpen(pid, out _);
            if (process is not null && !Polling.WaitReadable(process, (int)Math.Max(0, end - Environment.TickCount64))) return;
        }
    }

    /// <summary>Removes a group and those below it; false while one is still in use. Most containers have made no groups: one call is enough for them.</summary>
    public static bool TryRemove(string directory)
    {
        var error = FileSystem.RemoveDirectory(directory);
        if (error is Errno.EBUSY or Errno.ENOTEMPTY)
        {
            var below = Below(directory);
            for (var i = below.Count - 1; i >= 0; i--) _ = FileSystem.RemoveDirectory(below[i]);
            if (below.Count > 0) error = FileSystem.RemoveDirectory(directory);
        }

        // A hierarchy that may only be read says so even of what is not there.
        return error is 0 or Errno.ENOENT || (error == Errno.EROFS && FileFacts.KindOf(directory) == FileKind.Missing);
    }

    private static void AddProcesses(List<int> found, string group)
    {
        // A group that is gone has no processes; one of threads (v2) names those in another file.
        var text = ControlFiles.TryRead(group, "cgroup.procs", out var error);
        if (text is null && error == Errno.EOPNOTSUPP) text = ControlFiles.TryRead(group, "cgroup.threads", out _);
        ReadOnlySpan<byte> rest = text;
        while (ControlText.NextLine(ref rest, out var line)) found.Add((int)ControlText.Number(line));
    }

    private static void AddChildren(List<string> found, string directory)
    {
        using var open = Paths.TryOpen(Paths.CurrentDirectory, directory, OpenFlags.ReadOnly | Paths.Directory, Resolve.None, out _);
        if (open is not null) AddChildren(found, directory, open);
    }

    /// <summary>The groups in an open one. systemd, or the container, may have removed it meanwhile: then there are none.</summary>
    internal static void AddChildren(List<string> found, string directory, Fd open)
    {
        try
        {
            foreach (var entry in DirectoryTree.List(open))
            {
                if (entry.IsDirectory) found.Add(string.Concat(directory, "/", Encoding.UTF8.GetString(entry.Name)));
            }
        }
        catch (LinuxException e) when (e.Error == Errno.ENOENT)
        {
            return;
        }
    }
}
