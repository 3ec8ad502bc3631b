using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Runtime.Cgroups;

/// <summary>
/// Reading and writing the files of a control group. A value is written by one write(2), as the kernel expects it. The first open of
/// a file in a new group costs the kernel some 10 µs, so that none is opened without need.
/// </summary>
internal static class ControlFiles
{
    private const int StackLength = 256;
    private const int UsualLength = 4096;

    public static Fd? TryOpen(string directory, string file, OpenFlags flags, out int error) =>
        Paths.TryOpen(Paths.CurrentDirectory, string.Concat(directory, "/", file), flags, Resolve.None, out error);

    /// <summary>Writes a value; 0 or the error number.</summary>
    public static int TryWrite(string directory, string file, string value)
    {
        using var handle = TryOpen(directory, file, OpenFlags.WriteOnly, out var error);
        return handle is null ? error : TryWrite(handle, value);
    }

    /// <summary>Writes a value to an open file; 0 or the error number.</summary>
    public static int TryWrite(Fd handle, string value)
    {
        var length = Encoding.UTF8.GetMaxByteCount(value.Length);
        Span<byte> buffer = length <= StackLength ? stackalloc byte[StackLength] : new byte[length];
        _ = Descriptors.TryWrite(handle, buffer[..Encoding.UTF8.GetBytes(value, buffer)], out var error);
        return error;
    }

    /// <summary>Writes a value.</summary>
    /// <exception cref="TareException">The kernel refuses it, or has no such file.</exception>
    public static void Write(string directory, string file, string value)
    {
        var error = TryWrite(directory, file, value);
        if (error != 0) throw Refused(directory, file, value, error);
    }

    /// <summary>The error for a value that the kernel did not take.</summary>
    public static TareException Refused(string directory, string file, string value, int error) => new(
        error switch
        {
            Errno.EINVAL or Errno.ERANGE or Errno.ENODEV => ErrorKind.InvalidArgument,
            Errno.ENOENT => ErrorKind.NotImplemented,
            _ => ErrorKind.Internal,
        },
        $"cannot set {file} to {value} in {directory}: {Errno.Describe(error)}",
        new LinuxException($"write {directory}/{file}", error));

    /// <summary>The content of a file; null and the error number when it cannot be had.</summary>
    public static byte[]? TryRead(string directory, string file, out int error)
    {
        using var handle = TryOpen(directory, file, OpenFlags.ReadOnly, out error);
        return handle is null ? null : TryRead(handle, out error);
    }

    /// <summary>What is left to read of an open file; null and the error number when it cannot be had.</summary>
    public static byte[]? TryRead(Fd handle, out int error)
    {
        var buffer = new byte[UsualLength];
        var length = 0;
        while (true)
        {
            var count = Descriptors.TryRead(handle, buffer.AsSpan(length), out error);
            if (count < 0) return null;
            if (count == 0) return buffer[..length];
            length += count;
            if (length == buffer.Length) Array.Resize(ref buffer, 2 * length);
        }
    }

    /// <summary>The content of a short file without the blanks around it; null when it cannot be had.</summary>
    public static string? TryReadText(string directory, string file, out int error)
    {
        using var handle = TryOpen(directory, file, OpenFlags.ReadOnly, out error);
        return handle is null ? null : TryReadText(handle, out error);
    }

    /// <summary>What is left to read of a short open file, without the blanks around it; null when it cannot be had.</summary>
    public static string? TryReadText(Fd handle, out int error)
    {
        Span<byte> buffer = stackalloc byte[UsualLength];
        var count = Descriptors.TryRead(handle, buffer, out error);
        return count < 0 ? null : Encoding.UTF8.GetString(ControlText.Trim(buffer[..count]));
    }

    /// <summary>The number in a file, where <c>max</c> is the greatest one; null when it cannot be had.</summary>
    public static ulong? TryReadNumber(string directory, string file, out int error)
    {
        using var handle = TryOpen(directory, file, OpenFlags.ReadOnly, out error);
        if (handle is null) return null;
        Span<byte> buffer = stackalloc byte[64];
        var count = Descriptors.TryRead(handle, buffer, out error);
        return count < 0 ? null : ControlText.Number(ControlText.Trim(buffer[..count]));
    }
}
