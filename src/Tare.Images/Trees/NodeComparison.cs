using Tare.Linux;

namespace Tare.Images.Trees;

/// <summary>
/// Whether a name is still what it was, by all that shows without reading contents: a content that has changed and kept its length and
/// its time to the nanosecond is not seen, as with Docker.
/// </summary>
internal static class NodeComparison
{
    internal static bool Differs(in NodeStatus a, in NodeStatus b) =>
        a.Mode != b.Mode || a.Uid != b.Uid || a.Gid != b.Gid || a.DeviceMajor != b.DeviceMajor || a.DeviceMinor != b.DeviceMinor
        || (a.Type != FileSystem.TypeDirectory && (a.Size != b.Size || a.ModifiedSeconds != b.ModifiedSeconds || a.ModifiedNanoseconds != b.ModifiedNanoseconds));

    /// <summary>The same, with the targets of links and extended attributes.</summary>
    /// <param name="directory">Where <paramref name="a"/> is.</param>
    /// <param name="a">A name.</param>
    /// <param name="otherDirectory">Where <paramref name="b"/> is.</param>
    /// <param name="b">The same name elsewhere.</param>
    internal static bool Differs(Fd directory, in TreeEntry a, Fd otherDirectory, in TreeEntry b)
    {
        if (Differs(a.Status, b.Status)) return true;
        if (a.Status.Type == FileSystem.TypeSymbolicLink
            && !BytePaths.TryReadLink(directory, a.Name, out _).AsSpan().SequenceEqual(BytePaths.TryReadLink(otherDirectory, b.Name, out _)))
        {
            return true;
        }

        var (attributes, others) = (NodeXattrs.All(directory, a.Name), NodeXattrs.All(otherDirectory, b.Name));
        if (attributes.Length != others.Length) return true;
        for (var i = 0; i < attributes.Length; i++)
        {
            if (!attributes[i].Name.AsSpan().SequenceEqual(others[i].Name) || !attributes[i].Value.AsSpan().SequenceEqual(others[i].Value)) return true;
        }

        return false;
    }
}
