namespace Tare.Images.Trees;

/// <summary>What a container has changed of its image: what <c>docker diff</c> tells, with an upper directory of overlayfs.</summary>
/// <remarks>
/// As with Docker a file counts as modified when its type, permissions, owner, size or time differ, a directory also when anything in
/// it does; of what is deleted only the uppermost directory is told.
/// </remarks>
internal static class RootChanges
{
    /// <summary>The changes, directories before what is in them.</summary>
    /// <param name="layers">The overlay directories, the container's own first and the image's below it; absolute paths.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static IReadOnlyList<TreeChange> Of(IReadOnlyList<string> layers, CancellationToken cancellationToken)
    {
        using var stack = LayerStack.Open(layers);
        var walk = new Comparison(stack, cancellationToken);
        return walk.Run();
    }

    private sealed class Comparison(LayerStack stack, CancellationToken cancellation)
    {
        private readonly List<(byte[] Path, TreeChangeKind Kind)> _changes = [];
        private readonly HashSet<byte[]> _touched = new(ByteNames.Instance);

        // What the image has in place of the directories of the container's own; of these one at a time has descriptors.
        private readonly Dictionary<byte[], StackedDirectory> _below = new(ByteNames.Instance);
        private StackedDirectory? _open;

        internal IReadOnlyList<TreeChange> Run()
        {
            _below[[]] = stack.Root(from: 1);
            try
            {
                TreeWalk.Run(stack.Root(), static directory => directory.ListUppermost(), Compare, cancellation);
            }
            finally
            {
                _open?.Dispose();
            }

            return [.. _changes
                .Where(change => change.Kind != TreeChangeKind.Modified || _touched.Contains(change.Path))
                .Select(change => new TreeChange(change.Kind, "/" + System.Text.Encoding.UTF8.GetString(change.Path)))];
        }

        private bool Compare(StackedDirectory directory, in TreeEntry entry)
        {
            var path = directory.Join(entry.Name);
            var parent = Below(directory.Path);
            var old = parent?.Find(entry.Name);
            if (entry.IsWhiteout)
            {
                if (old is not null) Note(path, TreeChangeKind.Deleted);
                return false;
            }

            if (old is not { } before) Note(path, TreeChangeKind.Added);
            else if (NodeComparison.Differs(before.Status, entry.Status)) Note(path, TreeChangeKind.Modified);
            else if (entry.IsDirectory) _changes.Add((path, TreeChangeKind.Modified));
            if (!entry.IsDirectory) return false;

            using var child = directory.Child(entry);
            if (old is not { IsDirectory: true } was) return true;
            _below[path] = parent!.Child(was);
            if (child.IsOpaque) NoteHidden(child, Below(path)!);
            return true;
        }

        private StackedDirectory? Below(byte[] path)
        {
            var directory = _below.GetValueOrDefault(path);
            if (directory == _open) return directory;
            _open?.Release();
            return _open = directory;
        }

        /// <summary>What an opaque directory does not show any more.</summary>
        private void NoteHidden(StackedDirectory child, StackedDirectory below)
        {
            var kept = child.ListUppermost().Where(entry => !entry.IsWhiteout).Select(entry => entry.Name).ToHashSet(ByteNames.Instance);
            foreach (var gone in below.List())
            {
                if (!kept.Contains(gone.Name)) Note(below.Join(gone.Name), TreeChangeKind.Deleted);
            }
        }

        /// <summary>A change also changes the directories that it is in.</summary>
        private void Note(byte[] path, TreeChangeKind kind)
        {
            _changes.Add((path, kind));
            if (kind == TreeChangeKind.Modified) _touched.Add(path);
            for (var slash = path.AsSpan().LastIndexOf((byte)'/'); slash > 0; slash = path.AsSpan(0, slash).LastIndexOf((byte)'/'))
            {
                if (!_touched.Add(path[..slash])) break;
            }
        }
    }
}
