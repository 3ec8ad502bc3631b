using System.Runtime.InteropServices;
using System.Text;

namespace Tare.EndToEnd.Harness;

/// <summary>The process table, as /proc shows it.</summary>
internal static class Processes
{
    public const int SIGKILL = 9;
    public const int SIGTERM = 15;

    public static IReadOnlyList<Info> All()
    {
        List<Info> found = [];
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out int pid))
                continue;
            try
            {
                string stat = File.ReadAllText($"{folder}/stat");
                string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                string[] arguments = Encoding.UTF8.GetString(File.ReadAllBytes($"{folder}/cmdline")).Split('\0', StringSplitOptions.RemoveEmptyEntries);
                found.Add(new Info(pid, int.Parse(fields[1]), fields[0][0], arguments));
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
            catch (UnauthorizedAccessException)
            {
                // As above: the kernel answers ESRCH or EACCES for a process on its way out.
            }
        }
        return found;
    }

    public static void Signal(int pid, int signal) => _ = kill(pid, signal);

    public static bool Exists(int pid) => Directory.Exists($"/proc/{pid}");

    public static int DescriptorCount(int pid) => Directory.GetFileSystemEntries($"/proc/{pid}/fd").Length;

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);

    /// <param name="State">The letter of proc(5): R, S, D, Z …</param>
    internal sealed record Info(int Pid, int Parent, char State, string[] Arguments);
}
