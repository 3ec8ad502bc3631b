using System.Diagnostics;

namespace Tare.EndToEnd.Harness;

/// <summary>
/// A Tare daemon of the tests' own: the published binary with its own data root, exec root, socket and temporary folder, all below
/// one folder. <see cref="StopAsync"/> ends it in an orderly way and then looks for what is left.
/// </summary>
internal sealed class Daemon : IAsyncDisposable
{
    private readonly LeakCheck before;
    private readonly IsolatedHost? within;
    private Process? process;
    private int generation;

    private string[] options;

    private Daemon(string folder, string dataRoot, string[] options, IsolatedHost? within)
    {
        this.options = options;
        this.within = within;
        Folder = folder;
        DataRoot = dataRoot;
        ExecRoot = Path.Combine(folder, "run");
        Socket = Path.Combine(folder, "tare.sock");
        before = LeakCheck.Now();
    }

    public string Folder { get; }

    public string DataRoot { get; }

    public string ExecRoot { get; }

    public string Socket { get; }

    public string Host => "unix://" + Socket;

    public int Pid => process!.Id;

    /// <summary>Starts a daemon and waits until it answers.</summary>
    /// <param name="dataRoot">Where it keeps its data; a folder of its own when not given.</param>
    /// <param name="options">Further options of the daemon.</param>
    /// <param name="within">Where it runs; on this machine as it is when not given.</param>
    public static async Task<Daemon> StartAsync(string? dataRoot = null, string[]? options = null, IsolatedHost? within = null)
    {
        Assert.True(File.Exists(Setup.Tare), $"{Setup.Tare} is missing: run `make build`");
        string folder = Path.Combine(Path.GetTempPath(), "tare-e2e-" + Path.GetRandomFileName());
        Directory.CreateDirectory(Path.Combine(folder, "tmp"));
        Daemon daemon = new(folder, dataRoot ?? Path.Combine(folder, "data"), options ?? [], within);
        await daemon.StartAgainAsync();
        return daemon;
    }

    /// <summary>Starts the daemon again on the same folders.</summary>
    /// <param name="changed">Other options than before.</param>
    public async Task StartAgainAsync(string[]? changed = null)
    {
        options = changed ?? options;
        ProcessStartInfo info = new(
            "/bin/sh",
            [
                "-c", "exec \"$@\" >\"$0\" 2>&1 </dev/null", LogFile(++generation), .. within?.Enter ?? [],
                Setup.Tare, "daemon", "-H", Host, "--data-root", DataRoot, "--exec-root", ExecRoot, "--pidfile", Path.Combine(Folder, "tare.pid"), .. options,
            ])
        {
            WorkingDirectory = "/",
        };
        info.Environment["TMPDIR"] = Path.Combine(Folder, "tmp");
        process = Process.Start(info)!;
        using EngineApi api = new(Socket);
        Stopwatch watch = Stopwatch.StartNew();
        while (!await api.AnswersAsync())
        {
            Assert.False(process.HasExited, $"the daemon ended with {(process.HasExited ? process.ExitCode : 0)} at its start:\n{Log}");
            Assert.True(watch.Elapsed < Eventually.Limit, $"the daemon does not answer:\n{Log}");
            await Task.Delay(10);
        }
    }

    public string Log => File.Exists(LogFile(generation)) ? File.ReadAllText(LogFile(generation)) : "";

    /// <summary>The pid of the keeper of this daemon: the one process that was started with its exec root as `tare keeper`.</summary>
    public int KeeperPid => Processes.All().Single(p => p.Arguments.Contains("keeper") && p.Arguments.Any(a => a.Contains(ExecRoot, StringComparison.Ordinal)) && p.State != 'Z').Pid;

    public void KillDaemon()
    {
        process!.Kill();
        process.WaitForExit();
    }

    /// <summary>Stops the daemon alone; its containers go on.</summary>
    public async Task StopDaemonAsync()
    {
        Processes.Signal(process!.Id, Processes.SIGTERM);
        await process.WaitForExitAsync();
    }

    /// <summary>Stops daemon and keeper as an operator would, and returns what is left behind, one line each.</summary>
    public async Task<IReadOnlyList<string>> StopAsync()
    {
        List<string> left = [];
        if (process is { HasExited: false })
        {
            if (within is null)
                left.AddRange(await NetworkLeakCheck.CompareAsync(Socket, [.. Mine().Select(info => info.Pid)]));
            Processes.Signal(process.Id, Processes.SIGTERM);
            if (!process.WaitForExit(TimeSpan.FromSeconds(20)))
            {
                left.Add("the daemon does not stop on SIGTERM");
                process.Kill();
            }
        }
        // The keeper goes by itself when it keeps nothing and its daemon has gone.
        if (!await GoneAsync(TimeSpan.FromSeconds(10)))
        {
            foreach (Processes.Info info in Mine())
            {
                left.Add($"process {info.Pid}: {string.Join(' ', info.Arguments)}");
                Processes.Signal(info.Pid, Processes.SIGKILL);
            }
        }
        left.AddRange(before.Compare(Folder, ExecRoot));
        left.AddRange(Enumerable.Range(1, generation).SelectMany(number => File.ReadLines(LogFile(number))).Where(line => line.Contains("nhandled exception", StringComparison.Ordinal)));
        return left;
    }

    public async ValueTask DisposeAsync()
    {
        IReadOnlyList<string> left = await StopAsync();
        process?.Dispose();
        // The runner keeps the message of a failed clean-up to itself.
        foreach (string line in left) Note.Write("left behind: " + line);
        if (left.Count > 0 && Setup.Keep)
        {
            Assert.Fail($"left behind (kept: {Folder}):\n{string.Join('\n', left)}");
            return;
        }
        string log = Log;
        Directory.Delete(Folder, recursive: true);
        Assert.True(left.Count == 0, $"left behind:\n{string.Join('\n', left)}\n--- the daemon's log\n{log}");
    }

    private string LogFile(int number) => Path.Combine(Folder, $"daemon-{number}.log");

    private IEnumerable<Processes.Info> Mine() => Processes.All().Where(p => p.Arguments.Any(a => a.Contains(Folder, StringComparison.Ordinal)));

    private async Task<bool> GoneAsync(TimeSpan limit)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (Mine().Any())
        {
            if (watch.Elapsed > limit)
                return false;
            await Task.Delay(20);
        }
        return true;
    }
}
