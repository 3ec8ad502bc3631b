namespace Tare.EndToEnd.Harness.Networks;

/// <summary>
/// The host of the engine under test, for what is seen from its network: published ports, its own addresses. A daemon of our own has
/// the network that the tests have; a reference engine's is entered by TARE_TEST_HOST_COMMAND.
/// </summary>
internal static class EngineHost
{
    private static readonly string[] Enter =
        Setup.IsReference ? (Environment.GetEnvironmentVariable("TARE_TEST_HOST_COMMAND") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries) : [];

    public static Task<Result> RunAsync(params string[] command)
    {
        string[] whole = [.. Enter, .. command];
        return Running.RunAsync(whole[0], whole[1..]);
    }

    public static async Task<string> OkAsync(params string[] command) => (await RunAsync(command)).Ok().Text;

    /// <summary>A command that runs until it is disposed of or its standard input ends.</summary>
    public static Running Start(params string[] command)
    {
        // Whatever enters the host need not pass on that its child is to be killed; the end of a pipe gets through.
        string[] whole = [.. Enter, "sh", "-c", "\"$@\" </dev/null & read end; kill $!; wait $!", "sh", .. command];
        return Running.Start(whole[0], whole[1..]);
    }

    /// <summary>Asks for a page by HTTP; returns what came, or null when nobody answered within 3 s.</summary>
    public static async Task<string?> PageAsync(string address, string path = "")
    {
        Result result = await RunAsync("curl", "-s", "-S", "-g", "--max-time", "3", $"http://{address}/{path}");
        // Refused, no route, timed out, closed without a word: nobody is there.
        Assert.True(result.Code is 0 or 7 or 28 or 52 or 56, result.ToString());
        return result.Code == 0 ? NetworkCases.WithoutMapping(result.Text) : null;
    }
}
