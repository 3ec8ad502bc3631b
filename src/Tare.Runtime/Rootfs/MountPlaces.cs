using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Rootfs;

/// <summary>
/// Looks at the places of mounts in a root filesystem before anything is mounted. Nothing but its own filesystem may lie at
/// <c>/proc</c>, and next to nothing in it: kernel parameters are set and paths are hidden there, and on another tree, which an
/// image's link or a volume has put there, that would come to nothing.
/// </summary>
public static class MountPlaces
{
    private const string Proc = "/proc";
    private const int MaximumLinks = 40;
    private const uint PermissionMask = 0xFFF;

    // What lxcfs and others put in the place of files that tell of the host; the OCI runtimes agree on this list.
    private static readonly HashSet<string> Replaceable =
    [
        "/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime", "/proc/loadavg",
        "/proc/slabinfo", "/proc/net/dev", "/proc/sys/kernel/ns_last_pid", "/proc/sys/crypto/fips_enabled",
    ];

    /// <summary>The mounts, with clean places; a tmpfs that says no mode has that of the directory it covers.</summary>
    /// <param name="root">The root: nothing is mounted in it yet.</param>
    /// <param name="mounts">In the order in which they are made.</param>
    /// <exception cref="TareException">A place is in /proc.</exception>
    public static IReadOnlyList<MountSpec> Settle(Fd root, IReadOnlyList<MountSpec> mounts)
    {
        var settled = new List<MountSpec>(mounts.Count);
        foreach (var wanted in mounts)
        {
            var mount = wanted with { Destination = Path.GetFullPath(wanted.Destination) };
            var place = Resolve(root, mount.Destination, out var covered);
            using (covered)
            {
                Check(mount, place);
                if (mount.Type == "tmpfs" && covered is not null && !(mount.Options ?? []).Any(option => option.StartsWith("mode=", StringComparison.Ordinal))
                    && IsInRoot(mount.Destination, settled) && FileStatuses.Of(covered) is { IsDirectory: true } status)
                    mount = mount with { Options = [.. mount.Options ?? [], "mode=" + Convert.ToString(status.Mode & PermissionMask, 8)] };
            }
            settled.Add(mount);
        }
        return settled;
    }

    private static void Check(MountSpec mount, string place)
    {
        if (mount.Type is "proc" or "sysfs")
        {
            if (place != mount.Destination) throw TareException.Invalid($"filesystem \"{mount.Type}\" must be mounted on ordinary directory: {mount.Destination} of the image is a link to {place}");
        }
        else if (place == Proc)
        {
            if (!IsProcFilesystem(mount)) throw Unsafe(mount, place, "not of type proc");
        }
        else if (place.StartsWith(Proc + "/", StringComparison.Ordinal) && !Replaceable.Contains(place))
        {
            throw Unsafe(mount, place, "inside /proc");
        }
    }

    private static bool IsProcFilesystem(MountSpec mount)
    {
        if (mount.Type != "bind") return false;
        using var source = Paths.TryOpen(Paths.CurrentDirectory, mount.Source ?? "", OpenFlags.Path, Linux.Resolve.None, out _);
        return source is not null && FileSystemTypes.IsProc(source);
    }

    private static TareException Unsafe(MountSpec mount, string place, string why) => TareException.Invalid(
        $"error mounting \"{mount.Source}\" to rootfs at \"{mount.Destination}\": check proc-safety of {mount.Destination} mount: \"{place}\" cannot be mounted because it is {why}");

    /// <summary>
    /// Where a clean path leads in the root, its links followed, those too that lead to what is not there yet; what is missing stays as it
    /// is written.
    /// </summary>
    private static string Resolve(Fd root, string path, out Fd? there)
    {
        there = Paths.TryOpen(root.Number, path, OpenFlags.Path, Linux.Resolve.InRoot | Linux.Resolve.NoSymlinks, out var error);
        if (there is not null || error != Errno.ELOOP) return path;
        var place = "";
        var rest = new Stack<string>(Parts(path).Reverse());
        for (var links = 0; rest.TryPop(out var name);)
        {
            if (name == "..")
            {
                place = place.Length == 0 ? "" : place[..place.LastIndexOf('/')];
                continue;
            }
            using var entry = Paths.TryOpen(root.Number, $"{place}/{name}", OpenFlags.Path | Paths.NoFollow, Linux.Resolve.InRoot | Linux.Resolve.NoSymlinks, out _);
            if (entry is null || Paths.ReadLink(entry) is not { Length: > 0 } target)
            {
                place = $"{place}/{name}";
                continue;
            }
            if (++links > MaximumLinks) throw TareException.Invalid($"the place {path} of a mount leads through more than {MaximumLinks} links of the image");
            if (target[0] == '/') place = "";
            foreach (var part in Parts(target).Reverse()) rest.Push(part);
        }
        if (place.Length == 0) place = "/";
        there = Paths.TryOpen(root.Number, place, OpenFlags.Path, Linux.Resolve.InRoot | Linux.Resolve.NoSymlinks, out _);
        return place;
    }

    private static IEnumerable<string> Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".");

    private static bool IsInRoot(string path, List<MountSpec> before) =>
        !before.Exists(mount => path.StartsWith(mount.Destination.TrimEnd('/') + "/", StringComparison.Ordinal));
}
