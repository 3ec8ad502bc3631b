using System.Text;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Rootfs;

/// <summary>
/// Makes what the links of an image lead to, where that is missing and something is to be mounted or entered there:
/// <c>/etc/resolv.conf -> ../run/systemd/resolve/stub-resolv.conf</c> is such a link in many root filesystems. The launcher makes all
/// other places that are missing, but it cannot follow a link that leads nowhere.
/// </summary>
public static class RootPlaces
{
    private const int MaximumLinks = 40;
    private const int DirectoryMode = 0x1ED;
    private const int FileMode = 0x1A4;

    /// <summary>Looks at the places of a container's mounts and at its working directory. What cannot be made is left to the launch, which says why.</summary>
    /// <param name="root">The root, detached: nothing is mounted in it yet.</param>
    /// <param name="spec">What will be.</param>
    public static void Ensure(Fd root, Spec spec)
    {
        var mounts = spec.Mounts ?? [];
        foreach (var mount in mounts)
        {
            if (IsInRoot(mount.Destination, mounts)) Ensure(root, mount.Destination, directory: mount.Type != "bind" || Directory.Exists(mount.Source));
        }
        if (spec.Process?.Cwd is { } cwd && IsInRoot(cwd, mounts)) Ensure(root, cwd, directory: true);
    }

    /// <summary>Makes one place, when a link on the way to it leads nowhere.</summary>
    internal static void Ensure(Fd root, string path, bool directory)
    {
        using (var there = Paths.TryOpen(root.Number, path, OpenFlags.Path, Linux.Resolve.InRoot | Linux.Resolve.NoMagicLinks, out var error))
        {
            if (there is not null || error != Errno.ENOENT) return;
        }
        var done = new List<string>();
        var rest = new Stack<string>(Parts(path).Reverse());
        for (var links = 0; rest.TryPop(out var name);)
        {
            if (name == "..")
            {
                if (done.Count > 0) done.RemoveAt(done.Count - 1);
                continue;
            }
            using var parent = Open(root, done, Paths.Directory);
            if (parent is null) return;
            using var entry = Paths.TryOpen(parent.Number, name, OpenFlags.Path | Paths.NoFollow, Linux.Resolve.Beneath | Linux.Resolve.NoMagicLinks, out var error);
            if (entry is null)
            {
                // Plain names that are missing are the launcher's to make; only behind a link it does not find them.
                if (error != Errno.ENOENT || links == 0) return;
                if (rest.Count == 0 && !directory) MakeFile(parent, name);
                else if (FileSystem.MakeDirectory(parent, Encoding.UTF8.GetBytes(name), DirectoryMode) is not (0 or Errno.EEXIST)) return;
            }
            else if (Paths.ReadLink(entry) is { Length: > 0 } target)
            {
                if (++links > MaximumLinks) return;
                if (target[0] == '/') done.Clear();
                foreach (var part in Parts(target).Reverse()) rest.Push(part);
                continue;
            }
            done.Add(name);
        }
    }

    /// <summary>Whether nothing else is mounted between the root and a place.</summary>
    private static bool IsInRoot(string path, IReadOnlyList<MountSpec> mounts) =>
        !mounts.Any(mount => path.Length > mount.Destination.Length && path.StartsWith(mount.Destination.TrimEnd('/') + "/", StringComparison.Ordinal));

    private static IEnumerable<string> Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".");

    private static Fd? Open(Fd root, List<string> parts, OpenFlags flags) =>
        Paths.TryOpen(root.Number, parts.Count == 0 ? "." : string.Join('/', parts), OpenFlags.Path | flags, Linux.Resolve.Beneath | Linux.Resolve.NoSymlinks, out _);

    private static void MakeFile(Fd parent, string name)
    {
        using var made = Paths.TryOpen(parent.Number, name, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive, Linux.Resolve.Beneath | Linux.Resolve.NoSymlinks, out _, FileMode);
    }
}
