namespace Tare.Images.Trees;

/// <summary>
/// Walks directories depth first, each before what is in it, without recursion: trees that containers make may be as deep as a
/// path is long. Only the directories near the root keep their descriptors while what is below them is walked.
/// </summary>
internal static class TreeWalk
{
    /// <summary>How many directories on the way from the root keep their descriptors.</summary>
    private const int MaxOpen = 32;

    /// <summary>Takes an entry; returns whether a directory is entered.</summary>
    internal delegate bool Visit(StackedDirectory directory, in TreeEntry entry);

    /// <summary>Visits everything below a directory.</summary>
    /// <param name="root">The directory; it is disposed.</param>
    /// <param name="list">Tells what is in a directory.</param>
    /// <param name="visit">Takes each entry.</param>
    /// <param name="cancellationToken">Ends the walk.</param>
    internal static void Run(StackedDirectory root, Func<StackedDirectory, IReadOnlyList<TreeEntry>> list, Visit visit, CancellationToken cancellationToken)
    {
        var frames = new Stack<Frame>();
        frames.Push(new Frame(root, list(root)));
        try
        {
            while (frames.TryPeek(out var frame))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (frame.Next == frame.Entries.Count)
                {
                    frames.Pop().Directory.Dispose();
                    continue;
                }

                var entry = frame.Entries[frame.Next++];
                if (!visit(frame.Directory, entry)) continue;
                var child = frame.Directory.Child(entry);
                if (frames.Count >= MaxOpen) frame.Directory.Release();
                frames.Push(new Frame(child, []));
                frames.Peek().Entries = list(child);
            }
        }
        finally
        {
            foreach (var frame in frames) frame.Directory.Dispose();
        }
    }

    private sealed class Frame(StackedDirectory directory, IReadOnlyList<TreeEntry> entries)
    {
        internal StackedDirectory Directory => directory;

        internal IReadOnlyList<TreeEntry> Entries { get; set; } = entries;

        internal int Next { get; set; }
    }
}
