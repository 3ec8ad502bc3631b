using Tare.Images.Layers;

namespace Tare.Images.Trees;

/// <summary>
/// Writes a container's upper directory to a tar as a layer of an image: with the marks of OCI's image-spec (layer.md, "Whiteouts")
/// for what overlayfs has as devices and attributes.
/// </summary>
internal static class UpperArchive
{
    /// <summary>Writes the directory's files and the end marker.</summary>
    /// <param name="upper">The directory, an absolute path.</param>
    /// <param name="target">Gets pieces of any length.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static void Write(string upper, Stream target, CancellationToken cancellationToken)
    {
        using var stack = LayerStack.Open([upper]);
        var archiver = new NodeArchiver(target);
        TreeWalk.Run(
            stack.Root(),
            static directory => directory.ListUppermost(),
            (directory, in entry) => Write(archiver, directory, entry),
            cancellationToken);
        archiver.Finish();
    }

    private static bool Write(NodeArchiver archiver, StackedDirectory directory, in TreeEntry entry)
    {
        if (entry.IsWhiteout)
        {
            archiver.WriteWhiteout(entry, directory.Join([.. Whiteouts.Prefix, .. entry.Name]));
            return false;
        }

        if (directory.DirectoryOf(entry) is not { } place) return false;
        archiver.Write(place, entry, directory.Join(entry.Name));
        if (!entry.IsDirectory) return false;
        using var child = directory.Child(entry);
        if (child.IsOpaque) archiver.WriteOpaque(entry, child.Join(Whiteouts.Opaque));
        return true;
    }
}
