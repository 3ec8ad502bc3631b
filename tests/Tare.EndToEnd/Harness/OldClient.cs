using System.Text.RegularExpressions;

namespace Tare.EndToEnd.Harness;

/// <summary>
/// A distribution's docker client may be years older than the wording that the cases expect (28). What an old one says in its own
/// words is translated here; what the engine says stays.
/// </summary>
internal static partial class OldClient
{
    private static readonly Lazy<bool> Old = new(() =>
        int.TryParse(Running.RunAsync(Setup.Docker, ["--version"]).GetAwaiter().GetResult().Out.Split(' ', '.').ElementAtOrDefault(2), out int major) && major < 28);

    /// <summary>Whether it is one: what only newer clients do cannot be asked of it.</summary>
    public static bool Is(string client) => client == "docker" && Old.Value;

    public static Result Translate(string client, Result result) =>
        Is(client) ? result with { Err = Translate(result.Err) } : result;

    private static string Translate(string error)
    {
        error = NoSuch().Replace(error, "Error response from daemon: No such $1");
        error = Waiting().Replace(error, "");
        error = SeeHelp().Replace(error, "Run '$1' for more information");
        return FullStop().Replace(error, "$1");
    }

    [GeneratedRegex("^Error: No such (container|image)", RegexOptions.Multiline)]
    private static partial Regex NoSuch();

    /// <summary>It waits for the container while it starts it, and says so, now and then, when the start fails.</summary>
    [GeneratedRegex(@"^time=""[^""]*"" level=error msg=""error waiting for container: [^\n]*\n", RegexOptions.Multiline)]
    private static partial Regex Waiting();

    [GeneratedRegex(@"^See '(docker \w+ --help)'\.", RegexOptions.Multiline)]
    private static partial Regex SeeHelp();

    [GeneratedRegex(@"^(docker: Error response from daemon: .*)\.$", RegexOptions.Multiline)]
    private static partial Regex FullStop();
}
