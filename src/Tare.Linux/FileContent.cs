using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>The content of files that are not streams of .NET: pwrite(2), ftruncate(2), fsync(2), syncfs(2).</summary>
public static partial class FileContent
{
    /// <summary>Writes everything at a position; 0 or the error number.</summary>
    public static unsafe int WriteAt(Fd file, ReadOnlySpan<byte> bytes, long position)
    {
        fixed (byte* p = bytes)
        {
            for (nint done = 0; done < bytes.Length;)
            {
                var count = pwrite(file.Number, p + done, (nuint)(bytes.Length - done), position + done);
                if (count >= 0)
                {
                    done += count;
                    continue;
                }

                var error = Marshal.GetLastPInvokeError();
                if (error != Errno.EINTR) return error;
            }
        }

        return 0;
    }

    /// <summary>Reads a whole file of the host; null when it cannot be opened.</summary>
    /// <exception cref="LinuxException">Reading fails.</exception>
    public static byte[]? TryRead(string path)
    {
        using var file = Paths.TryOpen(Paths.CurrentDirectory, path, OpenFlags.ReadOnly, Resolve.None, out _);
        return file is null ? null : ReadToEnd(file, int.MaxValue);
    }

    /// <summary>Reads a whole text file of the host, UTF-8; null when it cannot be opened.</summary>
    public static string? TryReadText(string path) => TryRead(path) is { } bytes ? System.Text.Encoding.UTF8.GetString(bytes) : null;

    /// <summary>Reads from the position of a file to its end.</summary>
    /// <exception cref="LinuxException">Reading fails; <see cref="Errno.EFBIG"/>: there are more bytes than <paramref name="limit"/>.</exception>
    public static byte[] ReadToEnd(Fd file, int limit)
    {
        var buffer = new byte[4096];
        var length = 0;
        while (true)
        {
            var count = Descriptors.Read(file, buffer.AsSpan(length));
            if (count == 0) return length == buffer.Length ? buffer : buffer[..length];
            length += count;
            if (length > limit) throw new LinuxException($"read {file}", Errno.EFBIG);
            if (length == buffer.Length) Array.Resize(ref buffer, length * 2);
        }
    }

    /// <summary>Makes a file so long; what is new are zeros that take no room. 0 or the error number.</summary>
    public static int SetLength(Fd file, long length) => Retry(() => ftruncate(file.Number, length));

    /// <summary>Waits until a file, or a directory's entries, are on the disk; 0 or the error number.</summary>
    public static int Sync(Fd file) => Retry(() => fsync(file.Number));

    /// <summary>Waits until the whole filesystem of a file is on the disk; 0 or the error number.</summary>
    public static int SyncFileSystem(Fd file) => Retry(() => syncfs(file.Number));

    private static int Retry(Func<int> call)
    {
        while (true)
        {
            if (call() >= 0) return 0;
            var error = Marshal.GetLastPInvokeError();
            if (error != Errno.EINTR) return error;
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint pwrite(int file, byte* bytes, nuint count, long position);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ftruncate(int file, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int syncfs(int file);
}
