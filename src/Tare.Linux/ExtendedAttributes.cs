using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Tare.Linux;

/// <summary>
/// Extended attributes, xattr(7). A name in a directory is reached through the directory's descriptor in /proc, for the calls
/// that take a directory are of kernel 6.13; a symbolic link is not followed. An empty name means the descriptor itself.
/// </summary>
public static partial class ExtendedAttributes
{
    /// <summary>Sets an attribute; 0 or the error number.</summary>
    public static unsafe int Set(Fd directory, ReadOnlySpan<byte> name, ReadOnlySpan<byte> attribute, ReadOnlySpan<byte> value)
    {
        fixed (byte* a = CName.Of(attribute, stackalloc byte[CName.StackLength]))
        fixed (byte* v = value)
        {
            if (name.IsEmpty) return Result(fsetxattr(directory.Number, a, v, (nuint)value.Length, 0));
            fixed (byte* p = CName.Of(ProcName(directory, name), stackalloc byte[CName.StackLength]))
                return Result(lsetxattr(p, a, v, (nuint)value.Length, 0));
        }
    }

    /// <summary>The value of an attribute; <see langword="null"/> when there is none or its filesystem knows no such attributes.</summary>
    /// <exception cref="LinuxException">It cannot be read.</exception>
    public static unsafe byte[]? Get(Fd directory, ReadOnlySpan<byte> name, ReadOnlySpan<byte> attribute)
    {
        fixed (byte* a = CName.Of(attribute, stackalloc byte[CName.StackLength]))
        fixed (byte* p = CName.Of(name.IsEmpty ? default : ProcName(directory, name), stackalloc byte[CName.StackLength]))
        {
            while (true)
            {
                var length = name.IsEmpty ? fgetxattr(directory.Number, a, null, 0) : lgetxattr(p, a, null, 0);
                var value = new byte[length > 0 ? length : 0];
                if (length > 0)
                {
                    fixed (byte* v = value)
                        length = name.IsEmpty ? fgetxattr(directory.Number, a, v, (nuint)length) : lgetxattr(p, a, v, (nuint)length);
                }

                if (length >= 0) return length == value.Length ? value : value[..(int)length];
                var error = Marshal.GetLastPInvokeError();
                if (error is Errno.ENODATA or Errno.EOPNOTSUPP) return null;
                if (error != Errno.ERANGE) throw new LinuxException($"read the attribute \"{Encoding.UTF8.GetString(attribute)}\"", error);
            }
        }
    }

    /// <summary>The names of all attributes, sorted by their bytes.</summary>
    /// <exception cref="LinuxException">They cannot be read.</exception>
    public static unsafe IReadOnlyList<byte[]> List(Fd directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* p = CName.Of(name.IsEmpty ? default : ProcName(directory, name), stackalloc byte[CName.StackLength]))
        {
            while (true)
            {
                var length = name.IsEmpty ? flistxattr(directory.Number, null, 0) : llistxattr(p, null, 0);
                var list = new byte[length > 0 ? length : 0];
                if (length > 0)
                {
                    fixed (byte* v = list)
                        length = name.IsEmpty ? flistxattr(directory.Number, v, (nuint)length) : llistxattr(p, v, (nuint)length);
                }

                if (length >= 0) return Split(list.AsSpan(0, (int)length));
                var error = Marshal.GetLastPInvokeError();
                if (error == Errno.EOPNOTSUPP) return [];
                if (error != Errno.ERANGE) throw new LinuxException("list extended attributes", error);
            }
        }
    }

    private static List<byte[]> Split(ReadOnlySpan<byte> list)
    {
        var names = new List<byte[]>();
        while (!list.IsEmpty)
        {
            var end = list.IndexOf((byte)0);
            names.Add(list[..end].ToArray());
            list = list[(end + 1)..];
        }

        names.Sort((a, b) => a.AsSpan().SequenceCompareTo(b));
        return names;
    }

    private static byte[] ProcName(Fd directory, ReadOnlySpan<byte> name)
    {
        var prefix = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{directory.Number}/"));
        var path = new byte[prefix.Length + name.Length];
        prefix.CopyTo(path, 0);
        name.CopyTo(path.AsSpan(prefix.Length));
        return path;
    }

    private static int Result(int result) => result < 0 ? Marshal.GetLastPInvokeError() : 0;

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int lsetxattr(byte* path, byte* attribute, byte* value, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int fsetxattr(int file, byte* attribute, byte* value, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint lgetxattr(byte* path, byte* attribute, byte* value, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint fgetxattr(int file, byte* attribute, byte* value, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint llistxattr(byte* path, byte* list, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint flistxattr(int file, byte* list, nuint length);
}
