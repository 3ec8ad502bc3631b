using Microsoft.Win32.SafeHandles;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci;

namespace Tare.Registry.Blobs;

/// <summary>
/// The files of blobs. Thread-safe; who adds or removes one holds its lock.
/// <code>
/// blobs/&lt;algorithm&gt;/&lt;first two digits&gt;/&lt;digits&gt;
/// </code>
/// </summary>
internal sealed class BlobFiles
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int LockCount = 64;

    private readonly string root;
    private readonly SemaphoreSlim[] locks = [.. Enumerable.Range(0, LockCount).Select(_ => new SemaphoreSlim(1))];

    internal BlobFiles(string root)
    {
        this.root = Path.Combine(root, "blobs");
        Directory.CreateDirectory(this.root, Private);
    }

    /// <summary>Opens a blob for reading; null when there is none.</summary>
    internal SafeFileHandle? Open(Digest digest)
    {
        try
        {
            // Sending by the socket takes files that were opened like this alone.
            return File.OpenHandle(PathOf(digest), options: FileOptions.Asynchronous);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Takes the lock of a blob: nobody adds or removes it meanwhile.</summary>
    internal async ValueTask<Held> LockAsync(Digest digest, CancellationToken cancellationToken)
    {
        var one = locks[Convert.ToInt32(digest.Hex[..2], 16) % LockCount];
        await one.WaitAsync(cancellationToken);
        return new Held(one);
    }

    /// <summary>Gives a file that is on the disk its name, in place of one that may be there.</summary>
    /// <exception cref="TareException">It cannot be renamed.</exception>
    internal void Commit(string draft, Digest digest)
    {
        var path = PathOf(digest);
        var folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder, Private);
            Sync(Path.GetDirectoryName(folder)!);
            Sync(root);
        }

        File.Move(draft, path, overwrite: true);
        Sync(folder);
    }

    /// <summary>Removes a blob, if it is there. Who is reading it goes on.</summary>
    internal void Remove(Digest digest)
    {
        try
        {
            File.Delete(PathOf(digest));
        }
        catch (DirectoryNotFoundException)
        {
            // Then it is not there either.
        }
    }

    /// <summary>All files that are there: the digest, or none for what is no blob, and the path.</summary>
    internal IEnumerable<(Digest Digest, string Path)> List()
    {
        foreach (var algorithm in Directory.EnumerateDirectories(root))
        {
            foreach (var folder in Directory.EnumerateDirectories(algorithm))
            {
                foreach (var file in Directory.EnumerateFiles(folder))
                {
                    yield return (Digest.TryParse($"{Path.GetFileName(algorithm)}:{Path.GetFileName(file)}", out var digest) ? digest : default, file);
                }
            }
        }
    }

    private string PathOf(Digest digest) => Path.Combine(root, digest.Algorithm, digest.Hex[..2], digest.Hex);

    private static void Sync(string folder)
    {
        using var directory = Paths.Open(folder, Paths.Directory);
        if (FileContent.Sync(directory) is not 0 and var error) throw new LinuxException($"sync \"{folder}\"", error);
    }

    /// <summary>A lock that is given back when this goes.</summary>
    internal readonly struct Held(SemaphoreSlim one) : IDisposable
    {
        public void Dispose() => one.Release();
    }
}
