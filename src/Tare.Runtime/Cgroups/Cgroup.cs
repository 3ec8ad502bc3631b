using System.Globalization;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups;

/// <summary>The control groups of one container: one directory on v2, one a hierarchy on v1.</summary>
public abstract class Cgroup
{
    private protected Cgroup(string path) => Path = path;

    /// <summary>The path below each hierarchy's root, such as <c>/tare/ID</c>.</summary>
    public string Path { get; }

    /// <summary>Makes the directories and sets the limits. What was made is removed again when a limit is refused.</summary>
    /// <exception cref="TareException">The kernel refuses a limit, or lacks its controller.</exception>
    public static Cgroup Create(CgroupLayout layout, string path, LinuxResources resources)
    {
        Cgroup cgroup = layout.IsUnified ? CgroupV2.Make(layout, path) : CgroupV1.Make(layout, path);
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

    /// <summary>All processes, as this pid namespace numbers them.</summary>
    public IReadOnlyList<int> Processes()
    {
        try
        {
            return [.. File.ReadLines(System.IO.Path.Combine(ProcessDirectory, "cgroup.procs")).Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
        }
        catch (IOException)
        {
            // The group is gone, and its processes with it.
            return [];
        }
    }

    /// <summary>Removes the directories; false while processes are still leaving.</summary>
    public bool TryRemove()
    {
        var all = true;
        foreach (var directory in Directories)
        {
            try
            {
                Directory.Delete(directory);
            }
            catch (DirectoryNotFoundException)
            {
                // Removed before.
            }
            catch (IOException)
            {
                all = false;
            }
        }
        return all;
    }

    private protected abstract string ProcessDirectory { get; }

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

    private protected static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private protected static string Text(ulong value) => value.ToString(CultureInfo.InvariantCulture);
}
