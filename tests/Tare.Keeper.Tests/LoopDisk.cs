using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Tare.Keeper.Tests;

/// <summary>A small ext4 filesystem on a loop device, which can be made to stand still.</summary>
internal sealed class LoopDisk : IDisposable
{
    private const uint FIFREEZE = 0xC0045877, FITHAW = 0xC0045878;
    private readonly Microsoft.Win32.SafeHandles.SafeFileHandle root;
    private bool frozen;

    private LoopDisk(string path)
    {
        Path = path;
        root = new Microsoft.Win32.SafeHandles.SafeFileHandle(open(path, 0x10000 | 0x80000), ownsHandle: true);
    }

    public string Path { get; }

    public static LoopDisk Create(string directory)
    {
        var image = directory + "/disk.img";
        var path = Directory.CreateDirectory(directory + "/disk").FullName;
        using (var file = File.OpenHandle(image, FileMode.CreateNew, FileAccess.Write)) RandomAccess.SetLength(file, 16 << 20);
        Run("mkfs.ext4", "-q", "-F", "-m", "0", image);
        Run("mount", "-o", "loop", image, path);
        return new LoopDisk(path);
    }

    public void Freeze()
    {
        Control(FIFREEZE);
        frozen = true;
    }

    public void Thaw()
    {
        Control(FITHAW);
        frozen = false;
    }

    public void Sync() => Run("sync", "-f", Path);

    /// <summary>Thaws it, or what hangs on it would hang for ever, and takes it away; the loop device goes with the last who uses it.</summary>
    public void Dispose()
    {
        if (frozen) Thaw();
        root.Dispose();
        Run("umount", "-l", Path); // whoever looks around in the temporary folder must not make it busy
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }

    private void Control(uint request) => Assert.True(ioctl(root.DangerousGetHandle().ToInt32(), request, 0) == 0, string.Create(CultureInfo.InvariantCulture, $"error {Marshal.GetLastPInvokeError()}"));

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ioctl(int fd, nuint request, nint argument);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
