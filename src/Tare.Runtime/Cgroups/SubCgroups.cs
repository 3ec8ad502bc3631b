using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Runtime.Cgroups;

/// <summary>Groups below a container's, which an exec is to join (<c>exec --cgroup</c>): one path for all, or paths by controller (v1).</summary>
public sealed class SubCgroups
{
    private readonly Dictionary<string, string> paths;

    private SubCgroups(Dictionary<string, string> paths) => this.paths = paths;

    /// <summary>The path for all hierarchies; null when there are paths by controller.</summary>
    internal string? ForAll => paths.GetValueOrDefault("");

    /// <summary>Reads arguments of the form <c>PATH</c> (one alone) or <c>CONTROLLER[,CONTROLLER]:PATH</c>; null when there are none.</summary>
    /// <exception cref="TareException">An argument has another form, or a controller comes twice.</exception>
    public static SubCgroups? Parse(IReadOnlyList<string> arguments)
    {
        if (arguments.Count == 0) return null;
        var paths = new Dictionary<string, string>();
        foreach (var argument in arguments)
        {
            var colon = argument.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
            {
                if (arguments.Count > 1) throw TareException.Invalid($"invalid --cgroup argument: {argument} lacks the controller that it is for; write CONTROLLER:{argument}");
                paths[""] = argument;
                continue;
            }
            foreach (var controller in argument[..colon].Split(','))
            {
                if (controller.Length == 0) throw TareException.Invalid($"invalid --cgroup argument: {argument} has an empty name of a controller");
                if (!paths.TryAdd(controller, argument[(colon + 1)..]))
                    throw TareException.Invalid($"invalid --cgroup argument: the controller {controller} has more than one path; give it once");
            }
        }
        return new SubCgroups(paths);
    }

    /// <summary>The path for a hierarchy; null for the container's own group.</summary>
    internal string? For(IReadOnlyList<string> controllers)
    {
        if (ForAll is { } all) return all;
        foreach (var controller in controllers)
        {
            if (paths.TryGetValue(controller, out var path)) return path;
        }
        return null;
    }

    /// <summary>Looks whether all controllers are known.</summary>
    /// <exception cref="TareException">One is not.</exception>
    internal void Check(Func<string, bool> isKnown)
    {
        foreach (var controller in paths.Keys)
        {
            if (controller.Length > 0 && !isKnown(controller))
                throw TareException.Invalid($"unknown controller {controller} in an argument of --cgroup: the container has no control group of it");
        }
    }

    /// <summary>Opens a path below a group by descriptor: neither <c>..</c> nor links lead out of it.</summary>
    /// <param name="group">The container's directory.</param>
    /// <param name="path">The path below it; a slash before it is no matter.</param>
    /// <param name="file">The file in the group; null for the group itself.</param>
    /// <exception cref="TareException">The path leads out, or there is nothing.</exception>
    internal static Fd Open(string group, string path, string? file)
    {
        var inner = path.Trim('/');
        if (inner.Length == 0) inner = ".";
        using var root = Paths.Open(group, OpenFlags.Path | Paths.Directory);
        var opened = BytePaths.TryResolve(
            root,
            Encoding.UTF8.GetBytes(file is null ? inner : string.Concat(inner, "/", file)),
            file is null ? OpenFlags.Path | Paths.Directory : OpenFlags.WriteOnly,
            Resolve.Beneath | Resolve.NoSymlinks | Resolve.NoMagicLinks,
            out var error);
        if (opened is not null) return opened;
        throw error == Errno.EXDEV
            ? TareException.Invalid($"bad sub cgroup path: {path} leads out of the container's control group {group}")
            : TareException.NotFound($"error adding pid of the new process to cgroups: {group}/{inner}: {Errno.Describe(error)}");
    }
}
