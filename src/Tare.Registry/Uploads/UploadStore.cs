using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Tare.Oci;
using Tare.Registry.Blobs;
using Tare.Registry.Http;
using Tare.Registry.Metadata;
using Tare.Registry.Metrics;
using Tare.Registry.Quotas;
using Tare.Store;

namespace Tare.Registry.Uploads;

/// <summary>
/// Blobs that are being received, a file in <c>uploads/</c> and a row each. They outlive the server: then their length is that of the
/// file, and the hash is computed anew. Thread-safe.
/// </summary>
internal sealed class UploadStore(string root, Database database, BlobFiles blobs, QuotaCheck quotas, RegistryMetrics metrics, TimeProvider time)
{
    private const int PieceLength = 128 * 1024;
    private const int IdLength = 16;

    private readonly string folder = MakeFolder(root);
    private readonly ConcurrentDictionary<string, UploadSession> sessions = new(StringComparer.Ordinal);

    /// <summary>Begins an upload.</summary>
    internal UploadSession Begin(string repository)
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdLength));
        var session = new UploadSession(id, repository, Path.Combine(folder, id), 0);
        // The file is the upload; it is there before its row.
        Create(session.Path);
        database.Write(write => write.Execute("INSERT INTO registry_upload (id, repository, updated) VALUES (?, ?, ?)", id, repository, time.Milliseconds()));
        sessions[id] = session;
        return session;
    }

    /// <summary>Finds an upload and holds it: nobody else receives into it until <see cref="Release"/>.</summary>
    /// <exception cref="RefusalException">There is none of that id, or another request is at it.</exception>
    internal async ValueTask<UploadSession> HoldAsync(string id, string repository)
    {
        var session = Find(id, repository) ?? throw RefusalException.BlobUploadUnknown(id);
        if (!await session.Gate.WaitAsync(TimeSpan.Zero))
            throw new RefusalException(Microsoft.AspNetCore.Http.StatusCodes.Status409Conflict, "BLOB_UPLOAD_INVALID", "another request is at this upload", id);
        if (!session.Ended) return session;
        session.Gate.Release();
        throw RefusalException.BlobUploadUnknown(id);
    }

    internal static void Release(UploadSession session) => session.Gate.Release();

    /// <summary>How much of an upload is there.</summary>
    internal long LengthOf(string id, string repository) => Find(id, repository)?.Length ?? throw RefusalException.BlobUploadUnknown(id);

    /// <summary>Receives what a stream brings, behind what is there. What had arrived when the stream breaks stays, and can be gone on from.</summary>
    internal async Task<long> ReceiveAsync(UploadSession session, Stream source, CancellationToken cancellationToken)
    {
        var allowance = quotas.AllowanceOf(session.Repository);
        var start = session.Length;
        var buffer = ArrayPool<byte>.Shared.Rent(PieceLength);
        var writing = false;
        try
        {
            using var file = File.OpenHandle(session.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            EnsureHash(session, file);
            while (true)
            {
                var count = await source.ReadAsync(buffer.AsMemory(), cancellationToken);
                if (count == 0) break;
                if (session.Length + count > allowance) throw QuotaCheck.Exceeded(session.Repository);
                writing = true;
                RandomAccess.Write(file, buffer.AsSpan(0, count), session.Length);
                writing = false;
                session.Hash!.Append(buffer.AsSpan(0, count));
                session.Length += count;
            }
        }
        catch (IOException) when (writing)
        {
            // A write that failed half-way: the file says what is there, and the hash is behind.
            session.Hash?.Dispose();
            session.Hash = null;
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return session.Length - start;
    }

    /// <summary>Makes a blob of what was received, and gives it to the repository.</summary>
    /// <exception cref="RefusalException">It is not what it is said to be; then it is thrown away.</exception>
    internal async Task CompleteAsync(UploadSession session, Digest expected, CancellationToken cancellationToken)
    {
        using (var file = File.OpenHandle(session.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            if (RandomAccess.GetLength(file) != session.Length) RandomAccess.SetLength(file, session.Length);
            var actual = Finish(session, file, expected);
            if (actual != expected)
            {
                End(session);
                throw RefusalException.DigestInvalid($"provided digest did not match uploaded content: that has the digest {actual}", expected.ToString());
            }

            RandomAccess.FlushToDisk(file);
        }

        var size = session.Length;
        // From here on it is carried through, whether the client waits for it or not.
        using (await blobs.LockAsync(expected, cancellationToken))
        {
            blobs.Commit(session.Path, expected);
            database.Write(write =>
            {
                var repository = Repositories.Require(write, session.Repository);
                BlobCatalog.Add(write, expected, size);
                BlobCatalog.Attach(write, repository, expected, time.Milliseconds());
                write.Execute("DELETE FROM registry_upload WHERE id = ?", session.Id);
            });
        }

        session.Ended = true;
        sessions.TryRemove(session.Id, out _);
        metrics.BlobPushed(size);
    }

    /// <summary>Notes that something has arrived: it does not expire yet.</summary>
    internal void Touch(UploadSession session) =>
        database.Write(write => write.Execute("UPDATE registry_upload SET updated = ? WHERE id = ?", time.Milliseconds(), session.Id));

    /// <summary>Throws an upload away. It is held.</summary>
    internal void End(UploadSession session)
    {
        session.Ended = true;
        sessions.TryRemove(session.Id, out _);
        database.Write(write => write.Execute("DELETE FROM registry_upload WHERE id = ?", session.Id));
        File.Delete(session.Path);
        session.Hash?.Dispose();
        session.Hash = null;
    }

    /// <summary>Throws uploads away that have rested since <paramref name="before"/>.</summary>
    /// <returns>How many.</returns>
    internal async Task<int> ExpireAsync(long before)
    {
        var old = database.Read(read => read.Query("SELECT id, repository FROM registry_upload WHERE updated < ?", row => (row.GetString(0), row.GetString(1)), before));
        var count = 0;
        foreach (var (id, repository) in old)
        {
            if (Find(id, repository) is not { } session || !await session.Gate.WaitAsync(TimeSpan.Zero)) continue;
            try
            {
                if (session.Ended) continue;
                End(session);
                count++;
            }
            finally
            {
                session.Gate.Release();
            }
        }

        return count;
    }

    /// <summary>At the start: rows without a file go, and files without a row.</summary>
    internal void Sweep()
    {
        var known = database.Read(read => read.Query("SELECT id FROM registry_upload", row => row.GetString(0))).ToHashSet(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            if (!known.Remove(Path.GetFileName(file))) File.Delete(file);
        }

        database.Write(write =>
        {
            foreach (var id in known) write.Execute("DELETE FROM registry_upload WHERE id = ?", id);
        });
    }

    private UploadSession? Find(string id, string repository)
    {
        if (sessions.TryGetValue(id, out var known)) return known.Repository == repository ? known : null;
        // An id is a file's name only after it was found in the table.
        var row = database.Read(read => read.QueryFirst("SELECT id FROM registry_upload WHERE id = ? AND repository = ?", row => row.GetString(0), id, repository));
        if (row is null) return null;
        var path = Path.Combine(folder, row);
        if (new FileInfo(path) is not { Exists: true } file) return null;
        return sessions.GetOrAdd(row, _ => new UploadSession(row, repository, path, file.Length));
    }

    /// <summary>After a restart, or a write that failed, the hash is that of the file.</summary>
    private static void EnsureHash(UploadSession session, SafeFileHandle file)
    {
        if (session.Hash is not null) return;
        session.Length = RandomAccess.GetLength(file);
        session.Hash = HashOf(file, default, session.Length);
    }

    private static Digest Finish(UploadSession session, SafeFileHandle file, Digest expected)
    {
        if (expected.Algorithm == "sha256" && session.Hash is { } running)
        {
            session.Hash = null;
            using (running) return running.Finish();
        }

        using var whole = HashOf(file, expected, session.Length);
        return whole.Finish();
    }

    private static DigestBuilder HashOf(SafeFileHandle file, Digest algorithm, long length)
    {
        var hash = new DigestBuilder(algorithm);
        var buffer = ArrayPool<byte>.Shared.Rent(PieceLength);
        try
        {
            for (long position = 0; position < length;)
            {
                var count = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - position)), position);
                if (count == 0) break;
                hash.Append(buffer.AsSpan(0, count));
                position += count;
            }

            return hash;
        }
        catch
        {
            hash.Dispose();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Create(string path)
    {
        using var stream = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
    }

    private static string MakeFolder(string root)
    {
        var path = Path.Combine(root, "uploads");
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
