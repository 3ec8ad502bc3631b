using Tare.Linux;

namespace Tare.Cli.Commands;

/// <summary>Programs of the host.</summary>
internal static class HostPrograms
{
    private static string[] Directories => (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin").Split(':', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Whether there is a program of a name on the caller's PATH.</summary>
    public static bool Exists(string name)
    {
        const UnixFileMode executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        foreach (var directory in Directories)
        {
            var path = $"{directory}/{name}";
            if (File.Exists(path) && (File.GetUnixFileMode(path) & executable) != 0) return true;
        }
        return false;
    }

    /// <summary>Starts the first program of a name on the caller's PATH, with the caller's environment.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="arguments">What follows the name.</param>
    /// <param name="descriptors">Its standard input, output and error.</param>
    /// <param name="error">The error number of a failure.</param>
    /// <returns>Its pid, or -1.</returns>
    public static int TryStart(string name, IReadOnlyList<string> arguments, ReadOnlySpan<Fd> descriptors, out int error)
    {
        error = Errno.ENOENT;
        var environment = new List<string>();
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables()) environment.Add($"{entry.Key}={entry.Value}");
        foreach (var directory in Directories)
        {
            var request = new SpawnRequest { Path = $"{directory}/{name}", Arguments = [name, .. arguments], Environment = environment };
            if (ProcessSpawn.TryStart(request, descriptors, out var failure) is > 0 and var pid) return pid;
            if (failure != Errno.ENOENT) error = failure;
        }
        return -1;
    }
}
