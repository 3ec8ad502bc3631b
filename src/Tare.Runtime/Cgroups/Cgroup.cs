using System.Globalization;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups;

/// <summary>The control groups of one container: one directory on v2, one a hierarchy on v1.</summary>
public abstract class Cgroup
{
    private const int GroupMode = 0x1ED;

    private protected Cgroup(string path) => Path = path;

    /// <summary>The path below each hierarchy's root, such as <c>/tare/ID</c>.</summary>
    public string Path { get; }

    /// <summary>Makes the directories and sets the limits. What was made is removed again when a limit is refused.</summary>
    /// <exception cref="TareException">The kernel refuses a limit, or lacks its controller.</exception>
    public static Cgroup Create(CgroupLayout layout, string path, LinuxResources resources)
    {
        Cgroup cgroup = layout.IsUnified ? new CgroupV2(layout, path) : new CgroupV1(layout, path);
        cgroup.Make();
        try
        {
            cgroup.Apply(resources);
            return cgroup;
        }
        catch
        {
            cgroup.TryRemove();
            throw;
        }
    }

    /// <summary>The groups that an earlier daemon made; null when they are gone.</summary>
    public static Cgroup? Open(CgroupLayout layout, string path)
    {
        Cgroup cgroup = layout.IsUnified ? new CgroupV2(layout, path) : new CgroupV1(layout, path);
        return cgroup.Directories.Any(Directory.Exists) ? cgroup : null;
    }

    /// <summary>The directories, one a hierarchy.</summary>
    public abstract IReadOnlyList<string> Directories { get; }

    /// <summary>Descriptors for a launch to be born in the groups: v1, files to write <c>0</c> to.</summary>
    public abstract IReadOnlyList<Fd> OpenForJoining();

    /// <summary>v2: the directory, for CLONE_INTO_CGROUP; v1: null.</summary>
    public abstract Fd? OpenDirectory();

    /// <summary>Sets limits; on a running container too.</summary>
    public abstract void Apply(LinuxResources resources);

    /// <summary>Asks for all processes to be frozen or thawed.</summary>
    public abstract void SetFrozen(bool frozen);

    /// <summary>Whether all processes are frozen.</summary>
    public abstract bool IsFrozen { get; }

    /// <summary>Sends SIGKILL to every process.</summary>
    public abstract void KillAll();

    /// <summary>How often the OOM killer struck in here.</summary>
    public abstract long OomKills { get; }

    /// <summary>All processes, as this pid namespace numbers them; also those in groups that the container has made in its own.</summary>
    public IReadOnlyList<int> Processes() => ProcessesBelow(ProcessDirectory);

    /// <summary>Removes the directories, and those that the container has made in them; false while processes are still leaving.</summary>
    public bool TryRemove()
    {
        var all = true;
        foreach (var directory in Directories) all &= TryRemove(directory);
        return all;
    }

    /// <summary>Makes the directories, and the parents that are missing. On failure, what was made is removed again.</summary>
    private protected abstract void Make();

    private protected abstract string ProcessDirectory { get; }

    /// <summary>The processes in a group and in all groups below it.</summary>
    private protected static IReadOnlyList<int> ProcessesBelow(string directory)
    {
        var found = new List<int>();
        foreach (var group in (IEnumerable<string>)[directory, .. GroupsBelow(directory)])
        {
            try
            {
                found.AddRange(File.ReadLines(group + "/cgroup.procs").Select(line => int.Parse(line, CultureInfo.InvariantCulture)));
            }
            catch (IOException)
            {
                // The group is gone, and its processes with it.
                continue;
            }
        }
        return found;
    }

    /// <summary>All groups below one, parents before their children. The container makes and removes them as it likes meanwhile.</summary>
    private protected static IReadOnlyList<string> GroupsBelow(string directory)
    {
        var found = new List<string>(ChildrenOf(directory));
        for (var next = 0; next < found.Count; next++) found.AddRange(ChildrenOf(found[next]));
        return found;
    }

    /// <summary>Makes a directory of control groups.</summary>
    /// <returns>Whether it is new.</returns>
    private protected static bool MakeGroup(string directory) => FileSystem.MakeDirectory(directory, GroupMode) switch
    {
        0 => true,
        Errno.EEXIST when Directory.Exists(directory) => false,
        Errno.EEXIST => throw TareException.Invalid($"cannot make the control group {directory}: a control file has that name"),
        var error => throw new LinuxException($"make the control group {directory}", error),
    };

    /// <summary>Writes a value to a control file; the error names the limit and its value.</summary>
    private protected static void Write(string directory, string file, string value)
    {
        try
        {
            using var handle = Paths.Open(System.IO.Path.Combine(directory, file), OpenFlags.WriteOnly);
            Descriptors.WriteAll(handle, System.Text.Encoding.UTF8.GetBytes(value));
        }
        catch (LinuxException e)
        {
            throw new TareException(
                e.Error is Errno.EINVAL or Errno.ERANGE or Errno.ENODEV ? ErrorKind.InvalidArgument : ErrorKind.Internal,
                $"cannot set {file} to {value} in {directory}: {Errno.Describe(e.Error)}",
                e);
        }
    }

    private static IEnumerable<string> ChildrenOf(string directory)
    {
        try
        {
            return Directory.GetDirectories(directory);
        }
        catch (IOException)
        {
            // Removed meanwhile.
            return [];
        }
    }

    /// <summary>Most containers have made no groups: one call is enough for them.</summary>
    private static bool TryRemove(string directory)
    {
        var error = FileSystem.RemoveDirectory(directory);
        if (error is Errno.EBUSY or Errno.ENOTEMPTY)
        {
            foreach (var group in GroupsBelow(directory).Reverse()) _ = FileSystem.RemoveDirectory(group);
            error = FileSystem.RemoveDirectory(directory);
        }
        return error is 0 or Errno.ENOENT;
    }

    private protected static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private protected static string Text(ulong value) => value.ToString(CultureInfo.InvariantCulture);
}
