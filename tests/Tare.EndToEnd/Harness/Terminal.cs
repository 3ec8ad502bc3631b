using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Tare.EndToEnd.Harness;

/// <summary>
/// A command on a pseudo-terminal of its own, which is its controlling terminal (setsid --ctty of util-linux). The tests are the
/// person before it: they type, resize and read the screen.
/// </summary>
internal sealed class Terminal : IDisposable
{
    private readonly SafeFileHandle master;
    private readonly FileStream stream;
    private readonly Running running;
    private readonly StringBuilder screen = new();
    private readonly Task pump;

    private Terminal(SafeFileHandle master, Running running)
    {
        this.master = master;
        this.running = running;
        stream = new FileStream(master, FileAccess.ReadWrite, bufferSize: 0);
        pump = Task.Run(Pump);
    }

    public string Screen
    {
        get
        {
            lock (screen)
                return screen.ToString();
        }
    }

    public int Pid => running.Pid;

    public static Terminal Start(string file, IEnumerable<string> arguments, ushort rows, ushort columns, IReadOnlyDictionary<string, string>? environment = null)
    {
        int descriptor = Native.posix_openpt(Native.O_RDWR | Native.O_NOCTTY | Native.O_CLOEXEC);
        Assert.True(descriptor >= 0, "posix_openpt failed");
        SafeFileHandle master = new(descriptor, ownsHandle: true);
        byte[] name = new byte[128];
        Assert.Equal(0, Native.grantpt(descriptor));
        Assert.Equal(0, Native.unlockpt(descriptor));
        Assert.Equal(0, Native.ptsname_r(descriptor, name, name.Length));
        string slave = Encoding.ASCII.GetString(name, 0, Array.IndexOf(name, (byte)0));
        SetSize(descriptor, rows, columns);
        string[] shell = ["-c", "tty=$1; shift; exec setsid --ctty --wait \"$@\" <\"$tty\" >\"$tty\" 2>\"$tty\"", "sh", slave, file];
        return new Terminal(master, Running.Start("/bin/sh", shell.Concat(arguments), environment));
    }

    public void Type(string text) => stream.Write(Encoding.UTF8.GetBytes(text));

    public void Resize(ushort rows, ushort columns) => SetSize((int)master.DangerousGetHandle(), rows, columns);

    public Task SeeAsync(string text) => SeeAsync(screen => screen.Contains(text, StringComparison.Ordinal), $"'{text}'");

    public Task SeeAsync(Func<string, bool> condition, string what) =>
        Eventually.TrueAsync(() => condition(Screen), () => $"the screen never showed {what}; it shows:\n{Screen}\n--- stderr\n{running.Err}", stop: () => pump.IsCompleted);

    /// <summary>Waits for the command's end; the screen then shows everything.</summary>
    public async Task<int> EndAsync()
    {
        Result result = await running.EndAsync();
        await pump.WaitAsync(Running.Limit);
        return result.Code;
    }

    public void Dispose()
    {
        running.Dispose();
        stream.Dispose();
        master.Dispose();
    }

    private static void SetSize(int descriptor, ushort rows, ushort columns)
    {
        ushort[] size = [rows, columns, 0, 0];
        Assert.Equal(0, Native.ioctl(descriptor, Native.TIOCSWINSZ, size));
    }

    private void Pump()
    {
        byte[] buffer = new byte[65536];
        Decoder decoder = Encoding.UTF8.GetDecoder();
        char[] text = new char[65536];
        while (true)
        {
            int count;
            try
            {
                count = stream.Read(buffer);
            }
            catch (IOException)
            {
                return; // EIO: every process has closed its end.
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            if (count == 0)
                return;
            int characters = decoder.GetChars(buffer, 0, count, text, 0);
            lock (screen)
                screen.Append(text, 0, characters);
        }
    }

    private static class Native
    {
        public const int O_RDWR = 2;
        public const int O_NOCTTY = 0x100;
        public const int O_CLOEXEC = 0x80000;
        public const nuint TIOCSWINSZ = 0x5414;

        [DllImport("libc", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int posix_openpt(int flags);

        [DllImport("libc", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int grantpt(int descriptor);

        [DllImport("libc", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int unlockpt(int descriptor);

        [DllImport("libc", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int ptsname_r(int descriptor, byte[] buffer, nint length);

        [DllImport("libc", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int ioctl(int descriptor, nuint request, ushort[] size);
    }
}
