namespace Tare.EndToEnd.Harness;

/// <summary>
/// What an engine may leave behind, compared between two moments: mounts, cgroups, files in the temporary folder that it was given
/// and below the exec root. Processes are the daemon's business.
/// </summary>
internal sealed class LeakCheck
{
    private readonly HashSet<string> cgroups;

    private LeakCheck(HashSet<string> cgroups) => this.cgroups = cgroups;

    public static LeakCheck Now() => new(Cgroups());

    public IReadOnlyList<string> Compare(string folder, string execRoot)
    {
        List<string> left = [];
        left.AddRange(File.ReadAllLines("/proc/self/mountinfo").Where(line => line.Contains(folder, StringComparison.Ordinal)).Select(line => "mount " + line));
        left.AddRange(Cgroups().Except(cgroups).Order().Select(path => "cgroup " + path));
        if (Directory.Exists(execRoot))
            left.AddRange(Directory.EnumerateFileSystemEntries(execRoot, "*", SearchOption.AllDirectories).Select(path => "in the exec root " + path));
        string own = Path.Combine(folder, "tmp");
        if (Directory.Exists(own))
            left.AddRange(Directory.EnumerateFileSystemEntries(own).Select(path => "temporary " + path));
        return left;
    }

    /// <summary>Cgroups of Tare in every hierarchy; the root group of all containers may stay, as an engine's own does.</summary>
    private static HashSet<string> Cgroups()
    {
        HashSet<string> found = [];
        IEnumerable<string> roots = File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(" - cgroup", StringComparison.Ordinal)).Select(line => line.Split(' ')[4]);
        foreach (string root in roots.Distinct())
        {
            foreach (string tare in Directory.EnumerateDirectories(root, "tare*"))
                found.UnionWith(Directory.EnumerateDirectories(tare, "*", SearchOption.AllDirectories));
        }
        return found;
    }
}
