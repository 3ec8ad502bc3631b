namespace Tare.EndToEnd.Harness.Oci;

/// <summary>What runtimes leave behind: state, mounts, control groups, processes. All of it is known by the fixture's own names.</summary>
internal static class OciLeaks
{
    public static List<string> Of(OciFixture oci) => Of(oci.Root, oci.Folder, oci.CgroupParent);

    /// <summary>The same of a runtime that was driven by an engine.</summary>
    /// <param name="state">The runtime's <c>--root</c>.</param>
    /// <param name="folder">What the mounts of all containers have in their paths.</param>
    /// <param name="cgroupParent">The path of the control group above all.</param>
    public static List<string> Of(string state, string folder, string cgroupParent)
    {
        List<string> left = [];
        if (Directory.Exists(state))
            left.AddRange(Directory.EnumerateFileSystemEntries(state).Select(path => "state " + path));
        left.AddRange(Mounts("/proc/self/mountinfo", folder).Select(line => "mount " + line));
        foreach (string root in CgroupRoots())
        {
            string parent = root + cgroupParent;
            if (Directory.Exists(parent))
                left.AddRange(Directory.EnumerateDirectories(parent).Select(path => "cgroup " + path));
        }
        left.AddRange(Processes.All().Where(process => Mounts($"/proc/{process.Pid}/mountinfo", folder).Any()).Select(process => $"process {process.Pid} {string.Join(' ', process.Arguments)}"));
        return left;
    }

    /// <summary>Where the hierarchies of control groups are mounted.</summary>
    public static IReadOnlyList<string> CgroupRoots() =>
        File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(" - cgroup", StringComparison.Ordinal)).Select(line => line.Split(' ')[4]).Distinct().ToList();

    /// <summary>Removes a group and those below it. One that is in use stays: somebody is to see it.</summary>
    public static void RemoveEmpty(string path)
    {
        if (!Directory.Exists(path))
            return;
        foreach (string below in Directory.EnumerateDirectories(path))
            RemoveEmpty(below);
        try
        {
            Directory.Delete(path);
        }
        catch (IOException)
        {
            // In use, as said above.
        }
    }

    private static IEnumerable<string> Mounts(string table, string folder)
    {
        try
        {
            return File.ReadAllLines(table).Where(line => line.Contains(folder, StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return []; // It has ended meanwhile.
        }
    }
}
