using System.Text;
using Tare.Linux;

namespace Tare.Engine.Launch;

/// <summary>
/// The lowest layer of every container: the places of what each container has mounted, and the file by which programs know that they are
/// in a container. What an image has itself lies above. With one for all, no launch makes these places anew, which through an overlay
/// costs up to a quarter of a millisecond each, and none of them is a change of the container's.
/// </summary>
internal static class BaseLayer
{
    /// <summary>rwxr-xr-x, as Docker gives all of them.</summary>
    private const int Mode = 0x1ED;

    private static readonly string[] Directories = ["dev", "dev/pts", "dev/shm", "etc", "proc", "sys"];

    /// <summary>
    /// <c>.dockerenv</c> is what Testcontainers, is-docker and systemd-detect-virt look for. What is in <c>dev</c> no container sees; an
    /// export has it, as Docker's has.
    /// </summary>
    private static readonly string[] Files = [".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/resolv.conf"];

    /// <summary>Makes what is missing of it.</summary>
    /// <exception cref="Errors.TareException">The disk is full, or the data root cannot be written.</exception>
    public static void Make(string path)
    {
        Directory.CreateDirectory(path);
        using var root = Paths.Open(path, Paths.Directory);
        Check(NodeAttributes.SetMode(root, Mode), path);
        foreach (var name in Directories)
        {
            if (FileSystem.MakeDirectory(root, Encoding.ASCII.GetBytes(name), Mode) is not Errno.EEXIST and var error) Check(error, Path.Combine(path, name));
            // The umask of the process may have taken bits away.
            Check(NodeAttributes.SetMode(root, Encoding.ASCII.GetBytes(name), Mode), Path.Combine(path, name));
        }
        foreach (var name in Files)
        {
            using var file = Paths.Open(Path.Combine(path, name), OpenFlags.Create | OpenFlags.WriteOnly | Paths.NoFollow, Mode);
            Check(NodeAttributes.SetMode(file, Mode), Path.Combine(path, name));
        }
        if (FileSystem.MakeSymbolicLink("/proc/mounts"u8, root, "etc/mtab"u8) is not Errno.EEXIST and var failed) Check(failed, Path.Combine(path, "etc/mtab"));
    }

    private static void Check(int error, string path)
    {
        if (error != 0) throw new LinuxException($"make \"{path}\"", error);
    }
}
