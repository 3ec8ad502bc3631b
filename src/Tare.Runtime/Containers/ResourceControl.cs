using System.Text;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Launching;

namespace Tare.Runtime.Containers;

/// <summary>
/// The class of service of a container, and the group in which it is counted: directories of the resctrl filesystem (config-linux.md,
/// "IntelRdt"; the kernel's Documentation/filesystems/resctrl.rst). The launcher writes itself into their <c>tasks</c>, before the container's
/// process is born, as it does with control groups.
/// </summary>
internal sealed class ResourceControl
{
    private const string UsualRoot = "/sys/fs/resctrl";
    private const int GroupMode = 0x1ED; // 0755
    private const int LongestFile = 1 << 20;

    private readonly string root;
    private readonly LinuxIntelRdt wanted;
    private readonly bool isShared;
    private readonly bool wasThere;

    /// <param name="root">Where resctrl is mounted.</param>
    /// <param name="wanted">What the configuration says.</param>
    /// <param name="id">The container.</param>
    public ResourceControl(string root, LinuxIntelRdt wanted, string id)
    {
        (this.root, this.wanted) = (root, wanted);
        isShared = !string.IsNullOrEmpty(wanted.ClosId);
        Group = wanted.ClosId == "/" ? root : $"{root}/{(isShared ? wanted.ClosId : id)}";
        Monitoring = wanted.EnableMonitoring ? $"{Group}/mon_groups/{id}" : null;
        wasThere = FileFacts.KindOf(Group) == FileKind.Directory;
    }

    /// <summary>Where resctrl is mounted: at its usual place, or somewhere else in this mount namespace; null: nowhere.</summary>
    public static string? FindRoot()
    {
        if (FileStatuses.OfPath(UsualRoot + "/schemata") is not null) return UsualRoot;
        foreach (var line in (FileContent.TryReadText("/proc/self/mountinfo") ?? "").Split('\n'))
        {
            // A place with a blank in it, which the table shows in another way, is nobody's for this.
            if (line.Contains(" - resctrl ", StringComparison.Ordinal)) return line.Split(' ')[4];
        }
        return null;
    }

    /// <summary>The directory of the class.</summary>
    public string Group { get; }

    /// <summary>The directory of the group that is counted; null: none is wanted.</summary>
    public string? Monitoring { get; }

    /// <summary>
    /// What <see cref="Make"/> makes and the end of the container takes away: the class when it is the container's alone, with all in it, else
    /// the group that is counted. Null: nothing.
    /// </summary>
    public string? Made => isShared || wasThere ? Monitoring : Group;

    /// <summary>Makes the directories that are missing, and sets the limits.</summary>
    /// <exception cref="TareException">A class is named that is not there or has other limits, or the kernel refuses.</exception>
    public void Make()
    {
        if (isShared && !wasThere && Lines().Count == 0)
            throw TareException.Invalid($"linux.intelRdt.closID is \"{wanted.ClosId}\", but resctrl has no such class ({Group}): make it, or set linux.intelRdt.schemata");
        if (isShared && wasThere) Compare();
        MakeDirectory(Group);
        if (Monitoring is not null) MakeDirectory(Monitoring);
        Write(Lines());
    }

    /// <summary>Opens the files to which the launcher writes that it wants to be in there.</summary>
    /// <param name="descriptors">Gets the descriptors.</param>
    /// <param name="optional">Whether groups that are gone are done without.</param>
    /// <exception cref="TareException">They cannot be opened.</exception>
    public List<int> OpenTasks(DescriptorList descriptors, bool optional)
    {
        var numbers = new List<int>(2);
        foreach (var group in (string?[])[Group, Monitoring])
        {
            if (group is null) continue;
            var tasks = Paths.TryOpen(Paths.CurrentDirectory, group + "/tasks", OpenFlags.WriteOnly, Resolve.None, out var error);
            if (tasks is not null) numbers.Add(descriptors.Add(tasks));
            else if (!optional || error != Errno.ENOENT) throw new LinuxException($"open {group}/tasks", error);
        }
        return numbers;
    }

    /// <summary>Writes lines to the schemata of the class.</summary>
    /// <exception cref="TareException">The kernel refuses one.</exception>
    public void Write(IReadOnlyList<string> lines)
    {
        if (lines.Count == 0) return;
        using var file = Paths.TryOpen(Paths.CurrentDirectory, Group + "/schemata", OpenFlags.WriteOnly, Resolve.None, out var error) ?? throw Refused($"open {Group}/schemata", error);
        if (Descriptors.TryWrite(file, Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"), out error) < 0) throw Refused($"write {string.Join(' ', lines)} to {Group}/schemata", error);
    }

    /// <summary>Takes away what was made for a container. Tasks that are in there go to the group above.</summary>
    /// <param name="made">See <see cref="Made"/>.</param>
    /// <param name="warn">Hears that it cannot be.</param>
    public static void Remove(string? made, Action<string> warn)
    {
        if (made is not null && FileSystem.RemoveDirectory(made) is var error and not (0 or Errno.ENOENT)) warn($"cannot remove {made} of resctrl: {Errno.Describe(error)}");
    }

    /// <summary>
    /// Whether the schemata of a class say what a line says: it may say less, and otherwise: <c>L3:1=0F</c> is said by <c>L3:0=ff;1=f</c>.
    /// </summary>
    internal static bool Says(string schemata, string line)
    {
        var wanted = Parse(line);
        foreach (var own in schemata.Split('\n'))
        {
            var said = Parse(own);
            if (said.Resource != wanted.Resource) continue;
            foreach (var (domain, value) in wanted.Values)
            {
                if (!said.Values.TryGetValue(domain, out var other) || !other.Equals(value, StringComparison.OrdinalIgnoreCase)) return false;
            }
            return true;
        }
        return false;
    }

    private static (string Resource, Dictionary<string, string> Values) Parse(string line)
    {
        var values = new Dictionary<string, string>();
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        foreach (var part in line[(colon + 1)..].Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0) values[Number(part[..equals])] = Number(part[(equals + 1)..]);
        }
        return (colon < 0 ? "" : line[..colon].Trim(), values);

        static string Number(string text) => text.Trim() is var trimmed && trimmed.TrimStart('0') is { Length: > 0 } digits ? digits : "0";
    }

    /// <summary>The lines for the schemata, in the order that the specification demands.</summary>
    private List<string> Lines()
    {
        var lines = new List<string>();
        foreach (var line in (string?[])[wanted.L3CacheSchema, wanted.MemBwSchema, .. wanted.Schemata ?? []])
        {
            if (!string.IsNullOrEmpty(line)) lines.Add(line);
        }
        return lines;
    }

    private void Compare()
    {
        foreach (var (member, line) in ((string, string?)[])[("l3CacheSchema", wanted.L3CacheSchema), ("memBwSchema", wanted.MemBwSchema)])
        {
            if (string.IsNullOrEmpty(line)) continue;
            using var file = Paths.Open(Group + "/schemata", OpenFlags.ReadOnly);
            if (!Says(Encoding.UTF8.GetString(FileContent.ReadToEnd(file, LongestFile)), line))
                throw TareException.Invalid($"linux.intelRdt.{member} is \"{line}\", but the class \"{wanted.ClosId}\" is there already and has other limits ({Group}/schemata): leave it out, or name another class");
        }
    }

    private void MakeDirectory(string path)
    {
        if (FileSystem.MakeDirectory(path, GroupMode) is var error and not (0 or Errno.EEXIST)) throw Refused($"make {path}", error);
    }

    /// <summary>What the kernel says of the last failure is more than its error number.</summary>
    private TareException Refused(string operation, int error)
    {
        var said = FileContent.TryReadText(root + "/info/last_cmd_status")?.Trim();
        return TareException.Invalid($"linux.intelRdt: cannot {operation}: {Errno.Describe(error)}{(string.IsNullOrEmpty(said) || said == "ok" ? "" : ": " + said)}");
    }
}
