using System.Text;

namespace Tare.Linux;

/// <summary>The owners of whole trees, fchownat(2).</summary>
public static class OwnerTree
{
    /// <summary>So many directories are open at a time; those above are opened again when their turn comes.</summary>
    private const int MaximumOpen = 32;

    /// <summary>
    /// Gives a file, or a directory and all below it, to a user and a group. What is his already is not touched. No link is followed: links
    /// are given to him as well. What vanishes meanwhile is passed over, and no depth is too deep.
    /// </summary>
    /// <remarks>
    /// <list type="number">
    /// <item>The entries of a directory are changed as they are read, and the directories among them noted.</item>
    /// <item>The next noted one is opened below its parent, and is walked in the same way.</item>
    /// <item>After the last one the parent goes on. If it had been closed, it is what <c>..</c> leads to, and must be the directory that it was.</item>
    /// </list>
    /// </remarks>
    /// <param name="root">The file or directory. Where other filesystems are mounted below it, they are walked too.</param>
    /// <param name="uid">The user.</param>
    /// <param name="gid">The group.</param>
    /// <exception cref="LinuxException">The kernel refuses: with the path, as seen from the root.</exception>
    public static void Change(Fd root, uint uid, uint gid)
    {
        var levels = new List<Level>();
        try
        {
            Check(ChangeOne(root, default, uid, gid, out var type), levels, default);
            if (type != FileSystem.TypeDirectory) return;
            levels.Add(Enter(BytePaths.TryOpenDirectory(root, "."u8, out var error), [], levels, error, uid, gid) ?? throw new LinuxException("open a directory", error));
            while (levels.Count > 0)
            {
                var level = levels[^1];
                if (level.Below.TryDequeue(out var name))
                {
                    var inner = Enter(BytePaths.TryOpenDirectory(level.Directory!, name, out error), name, levels, error, uid, gid);
                    if (inner is null) continue;
                    levels.Add(inner);
                    if (levels.Count > MaximumOpen) levels[^(MaximumOpen + 1)].Close();
                    continue;
                }
                levels.RemoveAt(levels.Count - 1);
                using var done = level.Directory;
                if (levels.Count > 0) levels[^1].OpenAgain(done!);
            }
        }
        finally
        {
            foreach (var level in levels) level.Close();
        }
    }

    /// <summary>Reads a directory that has just been opened; null when it is none any more.</summary>
    private static Level? Enter(Fd? directory, byte[] name, List<Level> above, int error, uint uid, uint gid)
    {
        if (directory is null)
        {
            if (error is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP) return null;
            throw Failure("open", above, name, error);
        }
        var level = new Level(name, directory);
        try
        {
            DirectoryTree.Visit(directory, (entry, _) =>
            {
                Check(ChangeOne(directory, entry, uid, gid, out var type), above, name, entry);
                if (type == FileSystem.TypeDirectory) level.Below.Enqueue(entry.ToArray());
            });
            return level;
        }
        catch (LinuxException e) when (e.Error == Errno.ENOENT)
        {
            // It was removed after it had been opened.
            level.Close();
            return null;
        }
        catch
        {
            level.Close();
            throw;
        }
    }

    private static int ChangeOne(Fd directory, ReadOnlySpan<byte> name, uint uid, uint gid, out int type)
    {
        var error = NodeAttributes.Read(directory, name, out var status);
        type = status.Type;
        return error != 0 || (status.Uid == uid && status.Gid == gid) ? error : NodeAttributes.SetOwner(directory, name, uid, gid);
    }

    private static void Check(int error, List<Level> above, ReadOnlySpan<byte> name, ReadOnlySpan<byte> entry = default)
    {
        if (error is 0 or Errno.ENOENT) return;
        byte[] last = entry.IsEmpty ? [.. name] : [.. name, (byte)'/', .. entry];
        throw Failure("change the owner of", above, last, error);
    }

    private static LinuxException Failure(string operation, List<Level> above, byte[] name, int error) =>
        new($"{operation} \"{string.Join('/', above.Select(level => Encoding.UTF8.GetString(level.Name)).Append(Encoding.UTF8.GetString(name))).TrimStart('/')}\"", error);

    /// <summary>A directory that is being walked.</summary>
    private sealed class Level(byte[] name, Fd directory)
    {
        private (ulong? Device, ulong Inode) _identity;

        internal byte[] Name => name;

        internal Queue<byte[]> Below { get; } = [];

        /// <summary>Null while it is closed.</summary>
        internal Fd? Directory { get; private set; } = directory;

        internal void Close()
        {
            if (Directory is not { IsClosed: false } open) return;
            _identity = Identify(open);
            open.Dispose();
            Directory = null;
        }

        internal void OpenAgain(Fd inner)
        {
            if (Directory is not null) return;
            var outer = BytePaths.TryOpenDirectory(inner, ".."u8, out var error) ?? throw new LinuxException("go back to a directory", error);
            if (Identify(outer) != _identity)
            {
                outer.Dispose();
                throw new LinuxException($"go back from a directory that was moved meanwhile to \"{Encoding.UTF8.GetString(name)}\"", Errno.ESTALE);
            }
            Directory = outer;
        }

        private static (ulong? Device, ulong Inode) Identify(Fd directory) => (FileStatuses.DeviceOf(directory.ProcPath), FileStatuses.Of(directory)?.Inode ?? 0);
    }
}
