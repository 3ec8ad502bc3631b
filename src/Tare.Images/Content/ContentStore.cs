using System.Globalization;
using System.Text;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci;

namespace Tare.Images.Content;

/// <summary>
/// Small documents by their digest: <c>content/&lt;algorithm&gt;/&lt;hex&gt;</c>. A document is written to <c>content/ingest</c>,
/// verified, synced and renamed, so that a name never stands for anything but its content. Thread-safe.
/// </summary>
internal sealed class ContentStore : IDisposable
{
    private const int FileMode = 0x180;

    private readonly Fd _blobs;
    private readonly Fd _ingest;
    private long _next;

    /// <summary>Opens the store and removes what never got its name.</summary>
    internal ContentStore(string dataRoot)
    {
        var root = Path.Combine(dataRoot, "content");
        var blobs = Path.Combine(root, "sha256");
        var ingest = Path.Combine(root, "ingest");
        if (Directory.Exists(ingest)) Directory.Delete(ingest, recursive: true);
        _blobs = PrivateDirectory.Open(blobs);
        _ingest = PrivateDirectory.Open(ingest);
    }

    /// <summary>Keeps a document. It survives a power cut once this has returned.</summary>
    /// <returns>Whether it is new.</returns>
    /// <exception cref="TareException">The disk is full.</exception>
    internal bool Write(Digest digest, ReadOnlySpan<byte> content)
    {
        var name = Name(digest);
        if (NodeAttributes.Read(_blobs, name, out _) == 0) return false;
        var draft = Encoding.ASCII.GetBytes(Interlocked.Increment(ref _next).ToString(CultureInfo.InvariantCulture));
        var flags = OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive | Paths.NoFollow;
        using (var file = BytePaths.TryOpen(_ingest, draft, flags, FileMode, out var error) ?? throw Failure(digest, error))
        {
            error = FileContent.WriteAt(file, content, 0);
            if (error == 0) error = FileContent.Sync(file);
            if (error == 0) error = FileSystem.Rename(_ingest, draft, _blobs, name);
            if (error == 0) error = FileContent.Sync(_blobs);
            if (error == 0) return true;
            _ = FileSystem.Remove(_ingest, draft);
            throw Failure(digest, error);
        }
    }

    /// <summary>Reads a document and verifies it.</summary>
    /// <exception cref="TareException">It is missing or damaged.</exception>
    internal byte[] Read(Digest digest)
    {
        using var file = BytePaths.TryOpen(_blobs, Name(digest), Paths.NoFollow, 0, out var error) ?? throw Failure(digest, error);
        Check(NodeAttributes.Read(file, default, out var status), digest);
        var content = new byte[status.Size];
        for (var length = 0; length < content.Length;)
        {
            var count = Descriptors.Read(file, content.AsSpan(length));
            if (count == 0) break;
            length += count;
        }

        var actual = Digest.Of(content);
        return actual == digest
            ? content
            : throw TareException.Internal($"the stored content {digest} is damaged: it has the digest {actual}; remove the image and load it again");
    }

    /// <summary>Removes a document, if it is there.</summary>
    internal void Remove(Digest digest)
    {
        var error = FileSystem.Remove(_blobs, Name(digest));
        if (error is not (0 or Errno.ENOENT)) throw Failure(digest, error);
    }

    /// <summary>Removes all that is not in a set.</summary>
    internal void Sweep(IReadOnlySet<Digest> wanted)
    {
        using var listing = BytePaths.TryOpenDirectory(_blobs, "."u8, out var error) ?? throw new LinuxException("list the content store", error);
        foreach (var entry in DirectoryTree.List(listing))
        {
            if (!Digest.TryParse("sha256:" + Encoding.ASCII.GetString(entry.Name), out var digest) || !wanted.Contains(digest)) DirectoryTree.Remove(_blobs, entry.Name);
        }
    }

    public void Dispose()
    {
        _blobs.Dispose();
        _ingest.Dispose();
    }

    private static byte[] Name(Digest digest) => Encoding.ASCII.GetBytes(digest.Hex);

    private static void Check(int error, Digest digest)
    {
        if (error != 0) throw Failure(digest, error);
    }

    private static TareException Failure(Digest digest, int error) => error is Errno.ENOSPC or Errno.EDQUOT
        ? TareException.Internal($"there is no room for the content {digest}: no space left on device; free some space in the data root and try again")
        : new LinuxException($"access the content {digest}", error);
}
