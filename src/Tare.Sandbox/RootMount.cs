using Tare.Errors;
using Tare.Linux;

namespace Tare.Sandbox;

/// <summary>Mounts a container's root, detached: nothing of it shows in the host's table of mounts.</summary>
internal static class RootMount
{
    /// <summary>The longest string that fsconfig(2) takes, without its end.</summary>
    private const int LongestParameter = 255;

    /// <summary>
    /// What this kernel does by default and only a mount can read again: directories that were renamed leave a note of their old name, and
    /// files whose attributes changed have no content (Documentation/filesystems/overlayfs, "Renaming directories", "Metadata only copy
    /// up"). A commit reads the upper directory itself. Distributions leave both off.
    /// </summary>
    private static readonly string[] SwitchedOff = [.. new[] { "redirect_dir", "metacopy" }.Where(IsDefault)];

    /// <summary>A detached mount of an overlay, or of a directory.</summary>
    /// <exception cref="TareException">A directory is missing, or the kernel refuses.</exception>
    public static Fd Create(RootFilesystem root)
    {
        if (root.Directory is { } directory) return Mounts.CloneTree(directory, recursive: true);
        if (root.Layers.Count == 0 && root.Upper is { } only) return CloneAlone(only);
        var parameters = new List<(string, string?)> { ("source", "overlay") };
        if (Mounts.OverlayTakesLayersOneByOne)
        {
            foreach (var layer in root.Layers)
            {
                if (layer.Length > LongestParameter) throw TooLong(layer);
                parameters.Add(("lowerdir+", layer));
            }
        }
        else
        {
            var layers = string.Join(':', root.Layers);
            if (layers.Length > LongestParameter)
                throw TareException.NotImplemented($"an image of {root.Layers.Count} layers under this data root needs kernel 6.8 or a shorter --data-root: the names of its layers are {layers.Length} bytes long, and this kernel takes {LongestParameter}");
            parameters.Add(("lowerdir", layers));
        }
        if (root.Upper is { } upper)
        {
            parameters.Add(("upperdir", upper));
            var work = root.Work ?? throw new ArgumentException("an overlay with an upper directory needs a work directory", nameof(root));
            parameters.Add(("workdir", work));
            foreach (var option in SwitchedOff) parameters.Add((option, "off"));
            if (root.Volatile)
            {
                parameters.Add(("volatile", null));
                ForgetVolatile(work);
            }
        }
        return Mounts.Create("overlay", parameters, MountAttributes.None);
    }

    /// <summary>
    /// A mount of a directory of the data root that is as an overlay's would be: what is mounted in it is not seen by the host, and how the
    /// data root's own filesystem is mounted says nothing of the container's.
    /// </summary>
    private static Fd CloneAlone(string directory)
    {
        const MountAttributes ofDataRoot = MountAttributes.NoSuid | MountAttributes.NoDev | MountAttributes.NoExec | MountAttributes.NoSymlinkFollow;
        var mount = Mounts.CloneTree(directory, recursive: false);
        try
        {
            try
            {
                Mounts.SetAttributes(mount, MountAttributes.None, ofDataRoot, Propagation.Private, recursive: false);
            }
            catch (LinuxException e) when (e.Error == Errno.EPERM)
            {
                // In a user namespace the attributes of what was mounted outside are locked.
                Mounts.SetAttributes(mount, MountAttributes.None, MountAttributes.None, Propagation.Private, recursive: false);
            }
            return mount;
        }
        catch
        {
            mount.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Takes away the mark of an earlier volatile mount. The kernel leaves it so that what a crash has damaged is not used again
    /// (Documentation/filesystems/overlayfs, "Volatile mount"); what is thrown away with its container has no such reader.
    /// </summary>
    private static void ForgetVolatile(string work)
    {
        var mark = Path.Combine(work, "work", "incompat", "volatile");
        if (Directory.Exists(mark)) Directory.Delete(mark, recursive: true);
    }

    private static bool IsDefault(string option) => FileContent.TryReadText($"/sys/module/overlay/parameters/{option}")?.StartsWith('Y') == true;

    private static TareException TooLong(string path) =>
        TareException.Invalid($"the layer's path {path} is longer than the {LongestParameter} bytes that overlay takes: use a shorter --data-root");
}
