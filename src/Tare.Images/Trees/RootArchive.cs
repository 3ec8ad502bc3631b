namespace Tare.Images.Trees;

/// <summary>Writes a root filesystem, as processes see it, to a tar: what <c>docker export</c> gives.</summary>
/// <remarks>
/// The layers are read where they lie. A second overlay mount over an upper directory that is in use would show stale files, and the
/// mount of a running container shows what else is mounted in it; reading needs neither, and disturbs no start and no stop.
/// </remarks>
internal static class RootArchive
{
    /// <summary>Writes all files of the layers, and the end marker.</summary>
    /// <param name="stack">The layers.</param>
    /// <param name="target">Gets pieces of any length.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="Errors.TareException">A directory cannot be read, or a path is too long.</exception>
    internal static void Write(LayerStack stack, Stream target, CancellationToken cancellationToken)
    {
        var archiver = new NodeArchiver(target);
        TreeWalk.Run(
            stack.Root(),
            static directory => directory.List(),
            (directory, in entry) =>
            {
                if (directory.DirectoryOf(entry) is not { } place) return false;
                archiver.Write(place, entry, directory.Join(entry.Name));
                return entry.IsDirectory;
            },
            cancellationToken);
        archiver.Finish();
    }
}
