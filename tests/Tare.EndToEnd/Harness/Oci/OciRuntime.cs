using System.Text.Json.Nodes;

namespace Tare.EndToEnd.Harness.Oci;

/// <summary>Runtimes that the cases know.</summary>
[Flags]
internal enum OciKinds
{
    None = 0,
    Tare = 1,
    Runc = 2,
    Crun = 4,
}

/// <summary>
/// The OCI runtime under test: the command line of TARE_TEST_RUNTIME, words apart by blanks, or <c>artifacts/tare oci</c>. Which one it
/// is, it says itself.
/// </summary>
internal static class OciRuntime
{
    private static readonly string[] CommandLine =
        Environment.GetEnvironmentVariable("TARE_TEST_RUNTIME") is { Length: > 0 } chosen ? chosen.Split(' ') : [Setup.Tare, "oci"];

    private static readonly Lazy<OciKinds> Known = new(Recognize);

    public static OciKinds Kind => Known.Value;

    public static bool IsTare => Kind == OciKinds.Tare;

    public static string Program => CommandLine[0];

    /// <summary>The words behind the program that make it the runtime.</summary>
    public static IEnumerable<string> Words => CommandLine.Skip(1);

    /// <summary>Runs it to its end. Not for verbs that leave a process with the same standard streams: that would keep the pipes open.</summary>
    public static Task<Result> RunAsync(IEnumerable<string> arguments, byte[]? stdin = null, IReadOnlyDictionary<string, string>? environment = null, string? folder = null) =>
        Running.RunAsync(Program, Words.Concat(arguments), stdin, environment, folder);

    public static Running Start(IEnumerable<string> arguments) => Running.Start(Program, Words.Concat(arguments));

    /// <summary>Runs it with files in place of pipes, for verbs that leave a process behind.</summary>
    public static async Task<Result> RunDetachedAsync(string output, string error, IEnumerable<string> arguments)
    {
        string[] shell = ["-c", "out=$1 err=$2; shift 2; exec \"$@\" </dev/null >>\"$out\" 2>\"$err\"", "sh", output, error, Program, .. Words];
        Result result = await Running.RunAsync("/bin/sh", shell.Concat(arguments));
        return result with { OutBytes = await File.ReadAllBytesAsync(output), Err = await File.ReadAllTextAsync(error) };
    }

    private static OciKinds Recognize()
    {
        Result result = RunAsync(["features"]).GetAwaiter().GetResult();
        JsonObject annotations = (JsonObject?)JsonNode.Parse(result.Ok().Out)!["annotations"] ?? [];
        if (annotations.ContainsKey("tare.version"))
            return OciKinds.Tare;
        return annotations.Any(entry => entry.Key.Contains("crun", StringComparison.Ordinal)) ? OciKinds.Crun : OciKinds.Runc;
    }
}
