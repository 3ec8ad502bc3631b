using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Runtime.Cgroups;

/// <summary>Where <c>linux.cgroupsPath</c> leads (config-linux.md, "Cgroups Path"): an absolute path below the top of each hierarchy, another below the runtime's own groups.</summary>
internal static class CgroupPaths
{
    /// <summary>Resolves <c>.</c> and <c>..</c> by the text alone. <c>..</c> ends at the top, of a relative path too: nothing leads out.</summary>
    /// <returns>The names with a slash before each; empty for the top itself.</returns>
    /// <exception cref="TareException">The path has a zero byte.</exception>
    public static string Clean(string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal)) throw TareException.Invalid("linux.cgroupsPath contains a zero byte");
        var names = new List<string>();
        foreach (var name in path.Split('/'))
        {
            if (name is "" or ".") continue;
            if (name != "..") names.Add(name);
            else if (names.Count > 0) names.RemoveAt(names.Count - 1);
        }
        return names.Count == 0 ? "" : "/" + string.Join('/', names);
    }

    /// <summary>The directory of this process in each hierarchy of v1, at the place where it is mounted.</summary>
    public static string[] OwnV1(ref CgroupLayout layout)
    {
        if (TryOwn(layout) is { } quick) return quick;

        // Seen from inside a container the mounts show another top than the paths begin at.
        layout = CgroupLayout.FromMounts();
        var text = ReadOwn();
        var directories = new string[layout.Hierarchies.Count];
        for (var i = 0; i < directories.Length; i++)
        {
            var hierarchy = layout.Hierarchies[i];
            directories[i] = hierarchy.Path + Relative(hierarchy.Root, PathIn(text, hierarchy.Controllers[0]) ?? "/");
        }
        return directories;
    }

    /// <summary>
    /// The directory above this process's group on v2: the group itself has processes, and so cannot pass controllers on to groups
    /// below it.
    /// </summary>
    public static string AboveOwnV2(CgroupLayout layout)
    {
        var own = PathIn(ReadOwn(), "") ?? throw TareException.Internal("/proc/self/cgroup has no line of cgroup v2");
        own = Clean(own);
        return layout.Hierarchies[0].Path + own[..Math.Max(0, own.LastIndexOf('/'))];
    }

    /// <summary>A group's path as seen from a group above it that is mounted as the top; the top, when it is not below that.</summary>
    public static string Relative(string root, string path)
    {
        path = Clean(path);
        if (root == "/") return path;
        return path.Length > root.Length && path.StartsWith(root, StringComparison.Ordinal) && path[root.Length] == '/' ? path[root.Length..] : "";
    }

    /// <summary>The path of a controller's group in a text of the form of /proc/self/cgroup (cgroups(7)); the empty name is v2.</summary>
    public static string? PathIn(ReadOnlySpan<byte> text, string controller)
    {
        while (ControlText.NextLine(ref text, out var line))
        {
            var list = line[(line.IndexOf((byte)':') + 1)..];
            var end = list.IndexOf((byte)':');
            if (end < 0) continue;
            var path = list[(end + 1)..];
            list = list[..end];
            if (controller.Length == 0 ? list.IsEmpty : HasName(list, controller)) return Encoding.UTF8.GetString(path);
        }
        return null;
    }

    private static bool HasName(ReadOnlySpan<byte> list, string name)
    {
        while (true)
        {
            var end = list.IndexOf((byte)',');
            if (Ascii.Equals(end < 0 ? list : list[..end], name)) return true;
            if (end < 0) return false;
            list = list[(end + 1)..];
        }
    }

    /// <summary>Where the layout knows the paths, and they lead to groups from where the hierarchies are mounted.</summary>
    private static string[]? TryOwn(CgroupLayout layout)
    {
        var directories = new string[layout.Hierarchies.Count];
        for (var i = 0; i < directories.Length; i++)
        {
            var hierarchy = layout.Hierarchies[i];
            if (hierarchy.Own is not { } own) return null;
            directories[i] = hierarchy.Path + Clean(own);
            if (own != "/" && CgroupFileSystems.VersionAt(directories[i]) != 1) return null;
        }
        return directories;
    }

    private static byte[] ReadOwn() => ControlFiles.TryRead("/proc/self", "cgroup", out var error) ?? throw new LinuxException("read /proc/self/cgroup", error);
}
