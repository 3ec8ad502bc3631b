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

    /// <summary>Keeps a document. It survives a power cut once this has returned. A damaged one in its place is replaced.</summary>
    /// <returns>Whether it is new.</returns>
    /// <exception cref="TareException">The disk is full.</exception>
    internal bool Write(Digest digest, ReadOnlySpan<byte> content)
    {
        var name = Name(digest);
        if (TryRead(digest, out _) is not null) return false;
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
    /// <exception cref="TareException">It is missing or damaged, or cannot be read.</exception>
    internal byte[] Read(Digest digest) => TryRead(digest, out var damage) ?? throw TareException.Internal(damage!);

    /// <summary>Reads a document and verifies it.</summary>
    /// <param name="digest">Which.</param>
    /// <param name="damage">What is wrong when the result is <see langword="null"/>: it is missing, or is not what it was.</param>
    /// <exception cref="TareException">It cannot be read now, for a reason that says nothing of it, such as too many open files.</exception>
    internal byte[]? TryRead(Digest digest, out string? damage)
    {
        using var file = BytePaths.TryOpen(_blobs, Name(digest), Paths.NoFollow, 0, out var error);
        if (file is null)
        {
            damage = $"the content {digest} is missing";
            return error == Errno.ENOENT ? null : throw Failure(digest, error);
        }

        Check(NodeAttributes.Read(file, default, out var status), digest);
        var content = new byte[status.Size];
        for (var length = 0; length < content.Length;)
        {
            var count = Descriptors.Read(file, content.AsSpan(length));
            if (count == 0) break;
            length += count;
        }

        var actual = Digest.Of(content);
        damage = actual == digest ? null : $"the stored content {digest} is damaged: it has the digest {actual}";
        return actual == digest ? content : null;
    }

    /// <summary>Removes a document, if it is there.</summary>
    internal void Remove(Digest digest)
    {
        var error = FileSystem.Remove(_blobs, Name(digest));
        if (error is not (0 or Errno.ENOENT)) throw Failure(digest, error);
    }

    /// <summary>The digests of all documents.</summary>
    internal IReadOnlySet<Digest> List()
    {
        var found = new HashSet<Digest>();
        using var listing = OpenListing();
        foreach (var entry in DirectoryTree.List(listing))
        {
            if (TryParse(entry.Name, out var digest)) found.Add(digest);
        }

        return found;
    }

    /// <summary>Removes all that is not in a set.</summary>
    internal void Sweep(IReadOnlySet<Digest> wanted)
    {
        using var listing = OpenListing();
        foreach (var entry in DirectoryTree.List(listing))
        {
            if (!TryParse(entry.Name, out var digest) || !wanted.Contains(digest)) DirectoryTree.Remove(_blobs, entry.Name);
        }
    }

    public void Dispose()
    {
        _blobs.Dispose();
        _ingest.Dispose();
    }

    private Fd OpenListing() => BytePaths.TryOpenDirectory(_blobs, "."u8, out var error) ?? throw new LinuxException("list the content store", error);

    private static bool TryParse(byte[] name, out Digest digest) => Digest.TryParse("sha256:" + Encoding.ASCII.GetString(name), out digest);

    private static byte[] Name(Digest digest) => Encoding.ASCII.GetBytes(digest.Hex);

    private static void Check(int error, Digest digest)
    {
        if (error != 0) throw Failure(digest, error);
    }

    private static TareException Failure(Digest digest, int error) => error is Errno.ENOSPC or Errno.EDQUOT
        ? TareException.Internal($"there is no room for the content {digest}: no space left on device; free some space in the data root and try again")
        : new LinuxException($"access the content {digest}", error);
}
