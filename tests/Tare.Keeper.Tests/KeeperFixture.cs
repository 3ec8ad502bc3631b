using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Tare.Linux;

namespace Tare.Keeper.Tests;

/// <summary>A keeper process of its own in a folder of its own, and a client.</summary>
internal sealed class KeeperFixture : IAsyncDisposable
{
    private readonly ConcurrentDictionary<ProcessKey, TaskCompletionSource<ProcessExit>> exits = new();
    private Task pump = Task.CompletedTask;

    private KeeperFixture(string root) => Root = root;

    public string Root { get; }

    public string ExecRoot => Root + "/run";

    public KeeperClient Client { get; private set; } = null!;

    public Poller Poller { get; } = new();

    public ConcurrentQueue<string> Notices { get; } = [];

    /// <summary>How often an exit was told.</summary>
    public ConcurrentDictionary<ProcessKey, int> Told { get; } = new();

    public static async Task<KeeperFixture> StartAsync()
    {
        var fixture = new KeeperFixture(Directory.CreateTempSubdirectory("tare-keeper-").FullName);
        await fixture.ConnectAsync();
        return fixture;
    }

    public async Task ConnectAsync()
    {
        Client = await KeeperClient.ConnectAsync(ClientOptions(), CancellationToken.None);
        pump = PumpAsync(Client);
    }

    public KeeperClientOptions ClientOptions() => ClientOptions(ExecRoot, Notices.Enqueue);

    public static KeeperClientOptions ClientOptions(string execRoot, Action<string>? notice) => new()
    {
        ExecRoot = execRoot,
        Executable = Environment.ProcessPath!,
        RoleArguments = ["exec", Path.Combine(AppContext.BaseDirectory, "Tare.Keeper.Host.dll"), "keeper"],
        Notice = notice,
    };

    public LogOptions Log(string id, long max = LogOptions.DefaultMaxBytes, long segment = LogOptions.DefaultSegmentBytes) =>
        new() { Directory = $"{Root}/{id}", MaxBytes = max, SegmentBytes = segment };

    public async Task<LaunchedProcess> LaunchAsync(string id, Fd program, OutputTarget output = OutputTarget.Log, bool terminal = false, bool stdin = false, LogOptions? log = null, long generation = 1)
    {
        using (program)
        {
            return await Client.LaunchAsync(
                new LaunchRequest
                {
                    Key = new ProcessKey(id, generation),
                    Container = id,
                    Program = program,
                    Output = output,
                    Terminal = terminal,
                    OpenStdin = stdin,
                    Log = output == OutputTarget.Log ? log ?? Log(id) : null,
                },
                CancellationToken.None);
        }
    }

    public Task<ProcessExit> ExitAsync(string id, long generation = 1) =>
        Source(new ProcessKey(id, generation)).Task.WaitAsync(TimeSpan.FromSeconds(60));

    public Task AcknowledgeAsync(string id, long generation = 1) => Client.AcknowledgeAsync(new ProcessKey(id, generation), CancellationToken.None);

    /// <summary>All the bytes of one stream of a finished log.</summary>
    public async Task<string> ReadLogAsync(string id, int stream = 1)
    {
        await using var reader = await LogReader.OpenAsync(new LogReadOptions { Directory = $"{Root}/{id}" }, CancellationToken.None);
        var text = new StringBuilder();
        while (await reader.ReadChunkAsync(CancellationToken.None) is { } chunk)
        {
            if (chunk.Stream == stream) text.Append(Encoding.UTF8.GetString(chunk.Data.Span));
        }
        return text.ToString();
    }

    public LogReadOptions Follow(string id, long generation = 1) => new()
    {
        Directory = $"{Root}/{id}",
        Source = new LogSource(Client, Poller, new ProcessKey(id, generation)),
        Follow = true,
        From = LogPosition.ProcessStart,
    };

    /// <summary>What the keeper has open, but for the runtime's own libraries, which it loads when it first needs them, and segments, which change.</summary>
    public static string[] OpenFiles(int pid) =>
        [.. Directory.GetFileSystemEntries($"/proc/{pid}/fd").Select(path => new FileInfo(path).LinkTarget ?? "").Where(target => target.Length > 0 && Path.GetExtension(target) is not (".dll" or ".log")).Select(target => target.Split('[')[0]).Order()];

    public static string[] Children(int pid) =>
        File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/task/{pid}/children")).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    public static void Kill(int pid)
    {
        using var process = PidFds.Open(pid);
        PidFds.SendSignal(process, 9);
    }

    public string KeeperLog() => File.Exists(ExecRoot + "/keeper.log") ? File.ReadAllText(ExecRoot + "/keeper.log") : "";

    /// <summary>Ends every process and the keeper, and shows what it said when something went wrong.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in await Client.ListAsync(CancellationToken.None))
        {
            using (process)
            {
                if (process.PidFd is not null) PidFds.SendSignal(process.PidFd, 9);
                if (process.Exit is null) await ExitAsync(process.Key.Id, process.Key.Generation);
                await Client.AcknowledgeAsync(process.Key, CancellationToken.None);
            }
        }
        using var keeper = PidFds.TryOpen(Client.KeeperPid, out _);
        await Client.DisposeAsync();
        if (keeper is not null) await Poller.WaitReadableAsync(keeper, new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token);
        await pump;
        Poller.Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(ExecRoot));
        Directory.Delete(Root, recursive: true);
    }

    private TaskCompletionSource<ProcessExit> Source(ProcessKey key) =>
        exits.GetOrAdd(key, _ => new TaskCompletionSource<ProcessExit>(TaskCreationOptions.RunContinuationsAsynchronously));

    private async Task PumpAsync(KeeperClient client)
    {
        await foreach (var exit in client.Exits.ReadAllAsync())
        {
            Told.AddOrUpdate(exit.Key, 1, (_, count) => count + 1);
            Source(exit.Key).TrySetResult(exit);
        }
    }
}
