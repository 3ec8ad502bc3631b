namespace Tare.Images.Trees;

/// <summary>
/// Compares a directory tree with the layers that it was copied from. A directory counts as modified also when anything in it has
/// changed; of what is gone only the uppermost is told. Directories come before what is in them.
/// </summary>
/// <remarks>Without recursion, for trees that containers make may be as deep as a path is long.</remarks>
internal sealed class TreeComparison
{
    /// <summary>How many directories on the way from the root keep their descriptors.</summary>
    private const int MaxOpen = 16;

    private readonly Stack<Frame> _frames = new();
    private readonly Visit _visit;

    private TreeComparison(Visit visit) => _visit = visit;

    /// <summary>Takes a change.</summary>
    /// <param name="kind">What has become of the name.</param>
    /// <param name="directory">Where it is; when it is gone, where it was.</param>
    /// <param name="entry">What it is now; when it is gone, what it was.</param>
    internal delegate void Visit(TreeChangeKind kind, StackedDirectory directory, in TreeEntry entry);

    /// <summary>Visits all changes.</summary>
    /// <param name="layers">What the tree was copied from.</param>
    /// <param name="tree">The tree.</param>
    /// <param name="visit">Takes each change.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static void Run(LayerStack layers, LayerStack tree, Visit visit, CancellationToken cancellationToken) => new TreeComparison(visit).Run(layers, tree, cancellationToken);

    private void Run(LayerStack layers, LayerStack tree, CancellationToken cancellationToken)
    {
        try
        {
            _frames.Push(new Frame(tree.Root(), layers.Root()) { IsTold = true });
            while (_frames.TryPeek(out var frame))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!frame.Next(out var now, out var before)) _frames.Pop().Dispose();
                else if (now is { } entry) Compare(frame, entry, before);
                else Tell(frame, TreeChangeKind.Deleted, before!.Value);
            }
        }
        finally
        {
            foreach (var frame in _frames) frame.Dispose();
        }
    }

    private void Compare(Frame frame, TreeEntry entry, TreeEntry? before)
    {
        var changed = true;
        if (before is not { } was) Tell(frame, TreeChangeKind.Added, entry);
        else if (frame.Differs(entry, was)) Tell(frame, TreeChangeKind.Modified, entry);
        else changed = false;
        if (!entry.IsDirectory) return;
        var child = new Frame(frame.Now.Child(entry), before is { IsDirectory: true } old ? frame.Before!.Child(old) : null) { Entry = entry, IsTold = changed };
        if (_frames.Count >= MaxOpen) frame.Release();
        _frames.Push(child);
    }

    /// <summary>A change also changes the directories that it is in.</summary>
    private void Tell(Frame frame, TreeChangeKind kind, in TreeEntry entry)
    {
        if (!frame.IsTold)
        {
            var way = _frames.TakeWhile(above => !above.IsTold).Reverse().ToList();
            foreach (var directory in way)
            {
                directory.IsTold = true;
                _visit(TreeChangeKind.Modified, ParentOf(directory).Now, directory.Entry);
            }
        }

        _visit(kind, kind == TreeChangeKind.Deleted ? frame.Before! : frame.Now, entry);
    }

    private Frame ParentOf(Frame frame) => _frames.SkipWhile(other => other != frame).ElementAt(1);

    private sealed class Frame(StackedDirectory now, StackedDirectory? before) : IDisposable
    {
        private IReadOnlyList<TreeEntry>? _now;
        private IReadOnlyList<TreeEntry>? _before;
        private int _nextNow;
        private int _nextBefore;

        internal StackedDirectory Now => now;

        internal StackedDirectory? Before => before;

        /// <summary>What the directory is in the one above it.</summary>
        internal TreeEntry Entry { get; init; }

        /// <summary>Whether the directory has been told as changed itself.</summary>
        internal bool IsTold { get; set; }

        /// <summary>The next name of both lists, which are sorted.</summary>
        internal bool Next(out TreeEntry? entry, out TreeEntry? old)
        {
            (entry, old) = (null, null);
            _now ??= now.List();
            _before ??= before?.List() ?? [];
            var (more, moreOld) = (_nextNow < _now.Count, _nextBefore < _before.Count);
            if (!more && !moreOld) return false;
            var order = !more ? 1 : !moreOld ? -1 : _now[_nextNow].Name.AsSpan().SequenceCompareTo(_before[_nextBefore].Name);
            if (order <= 0) entry = _now[_nextNow++];
            if (order >= 0) old = _before[_nextBefore++];
            return true;
        }

        /// <summary>Whether a name is another than it was; what has gone meanwhile is not.</summary>
        internal bool Differs(in TreeEntry entry, in TreeEntry old) =>
            now.DirectoryOf(entry) is { } here && before!.DirectoryOf(old) is { } there && NodeComparison.Differs(here, entry, there, old);

        internal void Release()
        {
            now.Release();
            before?.Release();
        }

        public void Dispose() => Release();
    }
}
