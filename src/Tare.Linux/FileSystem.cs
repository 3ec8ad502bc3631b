using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>
/// Makes and removes names in a directory that is held by its descriptor: mkdirat(2), symlinkat(2), linkat(2), mknodat(2),
/// unlinkat(2), renameat2(2). Give single names: only then can no link lead away. Each call returns 0 or the error number.
/// </summary>
public static partial class FileSystem
{
    private const int AT_REMOVEDIR = 0x200;
    private const uint RENAME_NOREPLACE = 1;

    public const int TypeMask = 0xF000;
    public const int TypeFifo = 0x1000;
    public const int TypeCharacterDevice = 0x2000;
    public const int TypeDirectory = 0x4000;
    public const int TypeBlockDevice = 0x6000;
    public const int TypeRegular = 0x8000;
    public const int TypeSymbolicLink = 0xA000;
    public const int TypeSocket = 0xC000;

    public static unsafe int MakeDirectory(Fd directory, ReadOnlySpan<byte> name, int mode)
    {
        fixed (byte* p = CName.Of(name, stackalloc byte[CName.StackLength])) return Result(mkdirat(directory.Number, p, (uint)mode));
    }

    /// <summary>Makes a directory at a path of the engine's own.</summary>
    public static unsafe int MakeDirectory(string path, int mode)
    {
        fixed (byte* p = CName.Of(System.Text.Encoding.UTF8.GetBytes(path), stackalloc byte[CName.StackLength])) return Result(mkdirat(Paths.CurrentDirectory, p, (uint)mode));
    }

    /// <summary>Removes an empty directory at a path of the engine's own.</summary>
    public static unsafe int RemoveDirectory(string path)
    {
        fixed (byte* p = CName.Of(System.Text.Encoding.UTF8.GetBytes(path), stackalloc byte[CName.StackLength])) return Result(unlinkat(Paths.CurrentDirectory, p, AT_REMOVEDIR));
    }

    public static unsafe int MakeSymbolicLink(ReadOnlySpan<byte> target, Fd directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* t = CName.Of(target, stackalloc byte[CName.StackLength]))
        fixed (byte* p = CName.Of(name, stackalloc byte[CName.StackLength]))
            return Result(symlinkat(t, directory.Number, p));
    }

    /// <summary>Gives a file another name; a symbolic link is not followed.</summary>
    public static unsafe int MakeHardLink(Fd sourceDirectory, ReadOnlySpan<byte> source, Fd directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* s = CName.Of(source, stackalloc byte[CName.StackLength]))
        fixed (byte* p = CName.Of(name, stackalloc byte[CName.StackLength]))
            return Result(linkat(sourceDirectory.Number, s, directory.Number, p, 0));
    }

    /// <summary>Makes a device, a fifo or a socket.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="name">Its name.</param>
    /// <param name="mode">Type and permissions.</param>
    /// <param name="major">A device's major number.</param>
    /// <param name="minor">A device's minor number.</param>
    public static unsafe int MakeNode(Fd directory, ReadOnlySpan<byte> name, int mode, uint major, uint minor)
    {
        fixed (byte* p = CName.Of(name, stackalloc byte[CName.StackLength]))
            return Result(mknodat(directory.Number, p, (uint)mode, DeviceNumber(major, minor)));
    }

    /// <summary>Removes a name that is no directory.</summary>
    public static unsafe int Remove(Fd directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* p = CName.Of(name, stackalloc byte[CName.StackLength])) return Result(unlinkat(directory.Number, p, 0));
    }

    /// <summary>Removes an empty directory.</summary>
    public static unsafe int RemoveDirectory(Fd directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* p = CName.Of(name, stackalloc byte[CName.StackLength])) return Result(unlinkat(directory.Number, p, AT_REMOVEDIR));
    }

    /// <summary>Renames; an existing target is replaced, or is EEXIST.</summary>
    public static unsafe int Rename(Fd sourceDirectory, ReadOnlySpan<byte> source, Fd directory, ReadOnlySpan<byte> name, bool replace = true)
    {
        fixed (byte* s = CName.Of(source, stackalloc byte[CName.StackLength]))
        fixed (byte* p = CName.Of(name, stackalloc byte[CName.StackLength]))
            return Result(renameat2(sourceDirectory.Number, s, directory.Number, p, replace ? 0 : RENAME_NOREPLACE));
    }

    /// <summary>The kernel's 64-bit form of a device number, as makedev(3) makes it.</summary>
    public static ulong DeviceNumber(uint major, uint minor) =>
        (minor & 0xff) | ((ulong)(major & 0xfff) << 8) | ((ulong)(minor & ~0xffu) << 12) | ((ulong)(major & ~0xfffu) << 32);

    private static int Result(int result) => result < 0 ? Marshal.GetLastPInvokeError() : 0;

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int mkdirat(int directory, byte* name, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int symlinkat(byte* target, int directory, byte* name);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int linkat(int sourceDirectory, byte* source, int directory, byte* name, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int mknodat(int directory, byte* name, uint mode, ulong device);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int unlinkat(int directory, byte* name, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int renameat2(int sourceDirectory, byte* source, int directory, byte* name, uint flags);
}
