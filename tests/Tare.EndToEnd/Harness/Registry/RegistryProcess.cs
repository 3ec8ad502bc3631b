using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Tare.EndToEnd.Harness.Registry;

/// <summary>`tare registry serve` of the published binary, on a free port and a folder of its own, which goes with it.</summary>
internal sealed partial class RegistryProcess : IAsyncDisposable
{
    private readonly string[] options;
    private readonly IsolatedHost? within;
    private Process? process;
    private int generation;

    private RegistryProcess(string folder, string[] options, IsolatedHost? within)
    {
        Folder = folder;
        Host = (within is null ? "127.0.0.1" : IsolatedHost.Address) + ":0";
        this.options = options;
        this.within = within;
    }

    public string Folder { get; }

    public string Root => Path.Combine(Folder, "root");

    /// <summary>host:port.</summary>
    public string Host { get; private set; }

    public string Scheme { get; private set; } = "http";

    public string Url => $"{Scheme}://{Host}";

    public int Pid => process!.Id;

    public string Log => File.ReadAllText(LogFile);

    public string AccessLog => File.ReadAllText(Path.Combine(Folder, $"access-{generation}.log"));

    private string LogFile => Path.Combine(Folder, $"server-{generation}.log");

    /// <summary>Starts a server and waits until it listens.</summary>
    /// <param name="prepare">Makes files in the folder and returns further options.</param>
    /// <param name="within">Where it runs; on this machine as it is when not given.</param>
    public static async Task<RegistryProcess> StartAsync(Func<string, IEnumerable<string>>? prepare = null, IsolatedHost? within = null)
    {
        Assert.True(File.Exists(Setup.Tare), $"{Setup.Tare} is missing: run `make build`");
        string folder = Directory.CreateTempSubdirectory("tare-e2e-registry-").FullName;
        RegistryProcess server = new(folder, prepare?.Invoke(folder).ToArray() ?? [], within);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts it again on its folder, at the port that it had.</summary>
    public async Task StartAgainAsync()
    {
        generation++;
        ProcessStartInfo info = new(
            "/bin/sh",
            [
                "-c", "out=$1; shift; exec \"$@\" >\"$out\" 2>\"$0\" </dev/null", LogFile, Path.Combine(Folder, $"access-{generation}.log"), .. within?.Enter ?? [],
                Setup.Tare, "registry", "serve", "--root", Root, "--listen", Host, .. options,
            ])
        {
            WorkingDirectory = "/",
        };
        process = Process.Start(info)!;
        Match match = Match.Empty;
        await Eventually.TrueAsync(
            () => File.Exists(LogFile) && (match = Listening().Match(Log)).Success,
            () => $"the registry does not listen:\n{Log}",
            stop: () => process.HasExited);
        Scheme = match.Groups["scheme"].Value;
        Host = match.Groups["host"].Value;
    }

    public Task<Result> Curl(params string[] arguments) => Running.RunAsync("curl", ["-sS", "--max-time", "60", .. arguments]);

    /// <summary>The status that a path answers with.</summary>
    public async Task<int> StatusAsync(string path, params string[] arguments) =>
        int.Parse((await Curl(["-k", "-o", "/dev/null", "-w", "%{http_code}", .. arguments, Url + path])).Ok().Text);

    public Task<Result> Tare(params string[] arguments) => Running.RunAsync(Setup.Tare, ["registry", .. arguments]);

    public void Kill()
    {
        process!.Kill();
        process.WaitForExit();
    }

    public void Signal(int signal) => Processes.Signal(Pid, signal);

    /// <summary>Stops it as an operator would, and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        if (!process!.HasExited) Signal(Processes.SIGTERM);
        using CancellationTokenSource limit = new(Eventually.Limit);
        await process.WaitForExitAsync(limit.Token);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!process!.HasExited) Assert.Equal(0, await StopAsync());
            foreach (int number in Enumerable.Range(1, generation))
                Assert.DoesNotContain("nhandled exception", File.ReadAllText(Path.Combine(Folder, $"server-{number}.log")), StringComparison.Ordinal);
        }
        finally
        {
            if (!process!.HasExited) process.Kill();
            process.Dispose();
            Directory.Delete(Folder, recursive: true);
        }
    }

    [GeneratedRegex(@"serves .* at (?<scheme>https?)://(?<host>[^ ,""]+)")]
    private static partial Regex Listening();
}
