using System.Diagnostics;

namespace Tare.Cli.Tests.SideBySide;

/// <summary>Runs lines of shell in which <c>docker</c> is one of the two programs.</summary>
internal static class Shell
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>The stock docker CLI; empty when there is none.</summary>
    public static string Stock { get; } = FindStock();

    /// <summary>tare, under the name docker, so that messages are the same.</summary>
    public static string Tare { get; } = LinkTare();

    public static (int Code, string Out, string Error) Run(string program, string line)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", "docker() { \"$CLI\" \"$@\"; }\n" + line]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["CLI"] = program;
        start.Environment["DOCKER_HOST"] = Environment.GetEnvironmentVariable("TARE_TEST_HOST");
        start.Environment["DOCKER_CONFIG"] = "/nonexistent";
        start.Environment["TZ"] = "UTC";
        start.Environment.Remove("TARE_HOST");
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (process.WaitForExit(Limit)) return (process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
        process.Kill(entireProcessTree: true);
        return (-1, output.GetAwaiter().GetResult(), $"{line}: not finished after {Limit}");
    }

    private static string FindStock()
    {
        var cache = Path.Combine(Environment.GetEnvironmentVariable("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? "/root", ".cache"), "tare-test", "bin");
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append(cache))
        {
            var path = Path.Combine(folder, "docker");
            if (folder.Length > 0 && File.Exists(path) && File.ResolveLinkTarget(path, returnFinalTarget: true)?.Name != "tare") return path;
        }

        return "";
    }

    private static string LinkTare()
    {
        var program = Environment.GetEnvironmentVariable("TARE_TEST_BINARY") is { Length: > 0 } given ? given : Path.Combine(AppContext.BaseDirectory, "tare");
        var link = Path.Combine(Directory.CreateTempSubdirectory("tare-cli-").FullName, "docker");
        File.CreateSymbolicLink(link, program);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Path.GetDirectoryName(link)!, recursive: true);
        return link;
    }
}
