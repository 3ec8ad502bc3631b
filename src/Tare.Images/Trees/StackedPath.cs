using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Images.Trees;

/// <summary>A path of stacked layers, found as a process finds it whose root they are: links are followed, and never lead out.</summary>
internal sealed class StackedPath
{
    /// <summary>As the kernel's limit (path_resolution(7)).</summary>
    private const int MaxLinks = 40;

    private readonly LayerStack _stack;
    private readonly List<(StackedDirectory Parent, TreeEntry Entry)> _way;

    private StackedPath(LayerStack stack, List<(StackedDirectory Parent, TreeEntry Entry)> way)
    {
        _stack = stack;
        _way = way;
    }

    /// <summary>Finds a path.</summary>
    /// <param name="stack">The layers, which stay open while the result is used.</param>
    /// <param name="path">The path from the root.</param>
    /// <returns><see langword="null"/> when there is nothing of the name.</returns>
    internal static StackedPath? Find(LayerStack stack, string path)
    {
        var way = new List<(StackedDirectory Parent, TreeEntry Entry)>();
        try
        {
            if (Walk(stack, Encoding.UTF8.GetBytes(path), way)) return new StackedPath(stack, way);
            Close(way);
            return null;
        }
        catch
        {
            Close(way);
            throw;
        }
    }

    /// <summary>Copies the directory that was found, its own attributes too. Ends the use of this object.</summary>
    /// <exception cref="TareException">InvalidArgument: it is no directory.</exception>
    internal bool CopyTo(Fd target, CancellationToken cancellationToken)
    {
        try
        {
            if (_way.Count == 0)
            {
                Copy(_stack.Root(), _stack.Roots[0], default, target, cancellationToken);
                return true;
            }
            var (parent, entry) = _way[^1];
            if (!entry.IsDirectory) throw TareException.Invalid($"source /{Encoding.UTF8.GetString(parent.Join(entry.Name))} is not directory");
            if (parent.DirectoryOf(entry) is not { } directory) return false;
            Copy(parent.Child(entry), directory, entry.Name, target, cancellationToken);
            return true;
        }
        finally
        {
            Close(_way);
        }
    }

    private static void Copy(StackedDirectory source, Fd directory, ReadOnlySpan<byte> name, Fd target, CancellationToken cancellationToken)
    {
        if (NodeAttributes.Read(directory, name, out var status) is not 0 and var error) throw TreeFailure.Of(source.Path, error);
        TreeCopier.CopyDirectory(source, (status, NodeXattrs.All(directory, name)), target, cancellationToken);
    }

    private static bool Walk(LayerStack stack, byte[] path, List<(StackedDirectory Parent, TreeEntry Entry)> way)
    {
        var links = 0;
        var rest = new Stack<byte[]>();
        Push(rest, path);
        while (rest.TryPop(out var name))
        {
            if (name.AsSpan().SequenceEqual("."u8)) continue;
            if (name.AsSpan().SequenceEqual(".."u8))
            {
                if (way.Count == 0) continue;
                way[^1].Parent.Dispose();
                way.RemoveAt(way.Count - 1);
                continue;
            }

            if (way.Count > 0 && !way[^1].Entry.IsDirectory) return false;
            var parent = way.Count == 0 ? stack.Root() : way[^1].Parent.Child(way[^1].Entry);
            if (parent.Find(name) is not { } entry)
            {
                parent.Dispose();
                return false;
            }

            if (entry.Status.Type != FileSystem.TypeSymbolicLink)
            {
                way.Add((parent, entry));
                continue;
            }

            var target = parent.DirectoryOf(entry) is { } directory ? BytePaths.TryReadLink(directory, name, out _) : null;
            parent.Dispose();
            if (target is null || ++links > MaxLinks) return false;
            if (target is [(byte)'/', ..])
            {
                Close(way);
                way.Clear();
            }

            Push(rest, target);
        }

        return true;
    }

    private static void Push(Stack<byte[]> rest, byte[] path)
    {
        var end = path.Length;
        while (end > 0)
        {
            var slash = path.AsSpan(0, end).LastIndexOf((byte)'/');
            if (end - slash > 1) rest.Push(path[(slash + 1)..end]);
            end = slash < 0 ? 0 : slash;
        }
    }

    private static void Close(List<(StackedDirectory Parent, TreeEntry Entry)> way)
    {
        foreach (var (parent, _) in way) parent.Dispose();
    }
}
