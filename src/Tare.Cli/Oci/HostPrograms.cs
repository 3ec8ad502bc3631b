using Tare.Linux;

namespace Tare.Cli.Oci;

/// <summary>Programs of the host.</summary>
internal static class HostPrograms
{
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
        foreach (var directory in (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            var request = new SpawnRequest { Path = $"{directory}/{name}", Arguments = [name, .. arguments], Environment = environment };
            if (ProcessSpawn.TryStart(request, descriptors, out var failure) is > 0 and var pid) return pid;
            if (failure != Errno.ENOENT) error = failure;
        }
        return -1;
    }
}
