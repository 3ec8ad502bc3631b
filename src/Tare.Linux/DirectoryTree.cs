using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Tare.Linux;

/// <summary>An entry of a directory.</summary>
/// <param name="Name">Its bytes.</param>
/// <param name="IsDirectory">Whether it is a directory; a filesystem that does not tell counts as no.</param>
public readonly record struct DirectoryEntry(byte[] Name, bool IsDirectory);

/// <summary>Gets an entry of a directory; its name is there until it returns.</summary>
/// <param name="name">Its bytes.</param>
/// <param name="isDirectory">Whether it is a directory; a filesystem that does not tell counts as no.</param>
public delegate void DirectoryVisitor(ReadOnlySpan<byte> name, bool isDirectory);

/// <summary>Whole directories: getdents64(2), and the removal of trees.</summary>
public static partial class DirectoryTree
{
    /// <summary>How deep a removal goes with one descriptor for each level; what is deeper is first moved up.</summary>
    private const int MaxDepth = 64;

    private const int BufferLength = 32 * 1024;
    private const byte DT_DIR = 4;

    /// <summary>The entries of a directory, without <c>.</c> and <c>..</c>, in the kernel's order.</summary>
    /// <param name="directory">Open for reading, at its start.</param>
    /// <exception cref="LinuxException">It cannot be read.</exception>
    public static IReadOnlyList<DirectoryEntry> List(Fd directory)
    {
        var entries = new List<DirectoryEntry>();
        Visit(directory, (name, isDirectory) => entries.Add(new DirectoryEntry(name.ToArray(), isDirectory)));
        return entries;
    }

    /// <summary>The same one by one: a directory may be larger than memory.</summary>
    /// <param name="directory">Open for reading, at its start.</param>
    /// <param name="visit">Gets each entry.</param>
    /// <exception cref="LinuxException">It cannot be read.</exception>
    public static unsafe void Visit(Fd directory, DirectoryVisitor visit)
    {
        var buffer = new byte[BufferLength];
        fixed (byte* start = buffer)
        {
            while (true)
            {
                var count = getdents64(directory.Number, start, BufferLength);
                if (count == 0) return;
                if (count < 0) throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"list the directory {directory}");
                for (var p = start; p < start + count; p += *(ushort*)(p + 16))
                {
                    var name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(p + 19);
                    if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8)) visit(name, p[18] == DT_DIR);
                }
            }
        }
    }

    /// <summary>
    /// Removes a name and, if it is a directory, all below it. No link is followed, and no depth is too deep. What is not there
    /// is no error.
    /// </summary>
    /// <exception cref="LinuxException">Something cannot be removed, such as a mount point.</exception>
    public static void Remove(Fd directory, ReadOnlySpan<byte> name)
    {
        var moved = 0;
        RemoveEntry(directory, name.ToArray(), directory, 0, isDirectory: true, ref moved);
        // Each round removes the tops of what was too deep and may move deeper parts up again.
        for (var done = 0; done < moved; done++) RemoveEntry(directory, MovedName(name, done), directory, 0, isDirectory: true, ref moved, name.ToArray());
    }

    private static void RemoveEntry(Fd directory, byte[] name, Fd top, int depth, bool isDirectory, ref int moved, byte[]? topName = null)
    {
        var error = isDirectory ? FileSystem.RemoveDirectory(directory, name) : FileSystem.Remove(directory, name);
        if (error is Errno.ENOTDIR) error = FileSystem.Remove(directory, name);
        if (error is 0 or Errno.ENOENT) return;
        if (error is not (Errno.ENOTEMPTY or Errno.EISDIR or Errno.EEXIST)) throw Failure(name, error);
        if (depth == MaxDepth)
        {
            error = FileSystem.Rename(directory, name, top, MovedName(topName ?? name, moved), replace: false);
            if (error != 0) throw Failure(name, error);
            moved++;
            return;
        }

        using (var inner = BytePaths.TryOpenDirectory(directory, name, out error) ?? throw Failure(name, error))
        {
            foreach (var entry in List(inner))
                RemoveEntry(inner, entry.Name, top, depth + 1, entry.IsDirectory, ref moved, topName ?? name);
        }

        error = FileSystem.RemoveDirectory(directory, name);
        if (error is not (0 or Errno.ENOENT)) throw Failure(name, error);
    }

    private static byte[] MovedName(ReadOnlySpan<byte> name, int index) =>
        [.. name, .. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $".deep.{index}"))];

    private static LinuxException Failure(byte[] name, int error) => new($"remove \"{Encoding.UTF8.GetString(name)}\"", error);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint getdents64(int directory, byte* buffer, nuint length);
}
