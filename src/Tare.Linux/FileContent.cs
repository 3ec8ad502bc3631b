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
