using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Sandbox;

/// <summary>Gives the sources of binds to the user of a container: podman's option <c>U</c>.</summary>
internal static class SourceOwners
{
    private const string Top = "/";

    /// <summary>Changes the owners of all that a bind with <see cref="MountOptions.ChangeOwner"/> shows, as far as they are not the user and his group already.</summary>
    /// <remarks>
    /// What is walked is a copy of the source's mount, which nobody else sees: what is mounted below the source is not in it, nothing that
    /// is mounted or unmounted meanwhile gets into it, and it has no way up. A start that is cut off is made good by the next one.
    /// </remarks>
    /// <exception cref="TareException">A source is a directory of the system's, or the kernel refuses.</exception>
    public static void Change(IReadOnlyList<MountOptions> mounts, ContainerUser user)
    {
        foreach (var mount in mounts)
        {
            if (mount is { ChangeOwner: true, Type: "bind" }) Change(mount, user);
        }
    }

    private static void Change(MountOptions mount, ContainerUser user)
    {
        using var source = Paths.TryOpen(Paths.CurrentDirectory, mount.Source, OpenFlags.Path, Linux.Resolve.None, out var error)
            ?? throw TareException.Invalid($"invalid mount config for type \"bind\": cannot open the source {mount.Source}: {Errno.Describe(error)}");
        if (BytePaths.TryRealPath(source) is { } path && IsOfTheSystem(Encoding.UTF8.GetString(path)))
        {
            throw TareException.Invalid(
                $"the option U of the mount at {mount.Target} would take {mount.Source} away from the system: bind what lies below it, or run `chown -R {user.Uid}:{user.Gid} {mount.Source}` yourself");
        }
        try
        {
            using var tree = Mounts.CloneTree(source, recursive: false);
            OwnerTree.Change(tree, user.Uid, user.Gid);
        }
        catch (LinuxException e)
        {
            throw TareException.Invalid(
                $"the option U of the mount at {mount.Target} cannot give {mount.Source} to {user.Uid}:{user.Gid}: {e.Message}; leave the option out, or change the owner yourself",
                e);
        }
    }

    /// <summary>Whether a clean path is one whose files belong to the system, or to many: to change their owner breaks the machine.</summary>
    internal static bool IsOfTheSystem(string path)
    {
        if (path == Top) return true;
        var parts = path[1..].Split('/');
        return parts[0] switch
        {
            "bin" or "boot" or "dev" or "etc" or "home" or "lib" or "lib32" or "lib64" or "libx32" or "media" or "mnt" or "opt" or "root" or "run" or "sbin" or "srv" or "tmp" => parts.Length == 1,
            "usr" or "var" => parts.Length <= 2,
            "proc" or "sys" => true,
            _ => false,
        };
    }
}
