using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Sandbox;

/// <summary>
/// Whether the filesystem of a data root can carry the overlays of containers, tried by making one as a launch does
/// (Documentation/filesystems/overlayfs, "Upper and Lower"): an overlay cannot, network filesystems cannot, some old ones cannot.
/// </summary>
public static class OverlaySupport
{
    private const int Mode = 0x1C0;
    private const string Folder = "overlay-check";

    /// <summary>Why not; <see langword="null"/> when it can. Nothing of the trial is left, nor shows in a table of mounts.</summary>
    /// <param name="dataRoot">The data root, an absolute path.</param>
    /// <exception cref="TareException">Nothing can be written there at all.</exception>
    public static string? Refusal(string dataRoot)
    {
        using var root = Paths.Open(dataRoot, Paths.Directory);
        var name = Encoding.ASCII.GetBytes(Folder);
        // A crash may have left it.
        DirectoryTree.Remove(root, name);
        Check(FileSystem.MakeDirectory(root, name, Mode), dataRoot);
        try
        {
            using var place = BytePaths.TryOpenDirectory(root, name, out var error);
            Check(error, dataRoot);
            return Try(place!, Path.Combine(dataRoot, Folder));
        }
        finally
        {
            DirectoryTree.Remove(root, name);
        }
    }

    private static string? Try(Fd place, string path)
    {
        foreach (var name in (string[])["lower", "lower/opaque", "lower/opaque/below", "lower/gone", "lower/removed", "upper", "upper/opaque", "work"])
            Check(FileSystem.MakeDirectory(place, Encoding.ASCII.GetBytes(name), Mode), path);
        using var upper = BytePaths.TryOpenDirectory(place, "upper"u8, out var error);
        Check(error, path);
        if (FileSystem.MakeNode(upper!, "gone"u8, FileSystem.TypeCharacterDevice, 0, 0) is not 0 and var whiteout)
            return $"it takes no whiteouts (make a 0/0 device: {Errno.Describe(whiteout)})";
        using var opaque = BytePaths.TryOpenDirectory(upper!, "opaque"u8, out error);
        Check(error, path);
        if (ExtendedAttributes.Set(opaque!, default, "trusted.overlay.opaque"u8, "y"u8) is not 0 and var attribute)
            return $"it takes no trusted attributes ({Errno.Describe(attribute)})";
        using var listing = BytePaths.TryOpenDirectory(upper!, "."u8, out error);
        Check(error, path);
        if (!DirectoryTree.List(listing!).Any(entry => entry.IsDirectory)) return "it does not tell the types of files (d_type)";
        try
        {
            using var mount = RootMount.Create(new RootFilesystem
            {
                Layers = [Path.Combine(path, "lower")],
                Upper = Path.Combine(path, "upper"),
                Work = Path.Combine(path, "work"),
                // Nobody waits for the disk because of what is thrown away.
                Volatile = true,
            });
            return Use(mount);
        }
        catch (LinuxException e)
        {
            return e.Message;
        }
    }

    private static string? Use(Fd mount)
    {
        if (FileSystem.MakeDirectory(mount, "new"u8, Mode) is not 0 and var made) return $"an overlay over it takes no writes ({Errno.Describe(made)})";
        // Makes a whiteout, as containers do.
        if (FileSystem.RemoveDirectory(mount, "removed"u8) is not 0 and var removed) return $"an overlay over it takes no removals ({Errno.Describe(removed)})";
        foreach (var name in (string[])["gone", "removed", "opaque/below"])
        {
            if (NodeAttributes.Read(mount, Encoding.ASCII.GetBytes(name), out _) != Errno.ENOENT) return "an overlay over it shows what is hidden";
        }

        return NodeAttributes.Read(mount, "opaque"u8, out _) == 0 ? null : "an overlay over it does not show its files";
    }

    private static void Check(int error, string path)
    {
        if (error != 0) throw new LinuxException($"write to the data root at \"{path}\"", error);
    }
}
