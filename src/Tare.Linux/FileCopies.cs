using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>
/// Copies the content of files within the kernel: shared where the filesystem can (FICLONE, ioctl_ficlone(2)), else by
/// copy_file_range(2), else through a buffer. Holes stay holes. For one thread: what has failed once is not tried again.
/// </summary>
public sealed partial class FileCopies
{
    private const nuint FICLONE = 0x40049409;
    private const int SEEK_DATA = 3;
    private const int SEEK_HOLE = 4;
    private const int BlockLength = 512;
    private const int BufferLength = 256 * 1024;

    private bool _shares = true;
    private bool _ranges = true;
    private byte[]? _buffer;

    /// <summary>Copies everything to an empty file; 0 or the error number. What is cut off meanwhile ends in a hole.</summary>
    /// <param name="from">Open for reading.</param>
    /// <param name="to">Open for writing.</param>
    /// <param name="status">What <paramref name="from"/> is.</param>
    public unsafe int Copy(Fd from, Fd to, in NodeStatus status)
    {
        if (status.Size == 0) return 0;
        if (_shares)
        {
            if (ioctl(to.Number, FICLONE, from.Number) == 0) return 0;
            var error = Marshal.GetLastPInvokeError();
            if (error is Errno.ENOSPC or Errno.EDQUOT or Errno.EIO) return error;
            _shares = false;
        }

        if (status.Blocks * BlockLength >= status.Size) return CopyRange(from, to, 0, status.Size);
        for (long position = 0; position < status.Size;)
        {
            var data = lseek(from.Number, position, SEEK_DATA);
            if (data < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                if (error == Errno.ENXIO) break;
                // A filesystem that knows no holes.
                return error == Errno.EINVAL ? CopyRange(from, to, 0, status.Size) : error;
            }

            var hole = lseek(from.Number, data, SEEK_HOLE);
            if (hole < 0) hole = status.Size;
            if (CopyRange(from, to, data, Math.Min(hole, status.Size) - data) is not 0 and var failed) return failed;
            position = hole;
        }

        return FileContent.SetLength(to, status.Size);
    }

    private unsafe int CopyRange(Fd from, Fd to, long position, long length)
    {
        while (length > 0)
        {
            if (!_ranges) return CopyBytes(from, to, position, length);
            var (source, target) = (position, position);
            var count = copy_file_range(from.Number, &source, to.Number, &target, (nuint)length, 0);
            if (count > 0)
            {
                position += count;
                length -= count;
                continue;
            }

            if (count == 0) return 0;
            var error = Marshal.GetLastPInvokeError();
            if (error == Errno.EINTR) continue;
            if (error is Errno.ENOSPC or Errno.EDQUOT or Errno.EIO) return error;
            _ranges = false;
        }

        return 0;
    }

    private int CopyBytes(Fd from, Fd to, long position, long length)
    {
        var buffer = _buffer ??= GC.AllocateUninitializedArray<byte>(BufferLength);
        while (length > 0)
        {
            var count = RegularFiles.ReadAt(from, buffer.AsSpan(0, (int)Math.Min(length, BufferLength)), position);
            if (count == 0) return 0;
            if (FileContent.WriteAt(to, buffer.AsSpan(0, count), position) is not 0 and var error) return error;
            position += count;
            length -= count;
        }

        return 0;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int file, nuint request, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(int file, long offset, int whence);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint copy_file_range(int source, long* sourcePosition, int target, long* targetPosition, nuint length, uint flags);
}
