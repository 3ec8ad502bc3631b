using System.Diagnostics;
using System.Globalization;

namespace Tare.EndToEnd.Harness.Registries;

/// <summary>What a daemon has: the names of its images, the files of its store, open files of the data root, threads that work for long.</summary>
/// <param name="Images">Ids and names.</param>
/// <param name="Files">All names below <c>content</c> and <c>layers</c>.</param>
/// <param name="OpenFiles">What the daemon has open of the data root.</param>
/// <param name="LongThreads">How many.</param>
/// <param name="Bytes">What <c>system df</c> says.</param>
/// <param name="Complaints">Files without a row, rows without their files, and how far <c>system df</c> is from du(1).</param>
internal sealed record StoreState(string Images, string Files, string OpenFiles, int LongThreads, long Bytes, string Complaints)
{
    /// <summary>The part that outlives a daemon.</summary>
    public StoreState Durable() => this with { OpenFiles = "", LongThreads = 0 };

    /// <summary>Looks at a daemon at rest, which has nothing that it does not know of.</summary>
    public static async Task<StoreState> AtRestAsync(Daemon daemon, EngineApi api)
    {
        // Files of what was removed before go in the background.
        Stopwatch watch = Stopwatch.StartNew();
        StoreState state = await OfAsync(daemon, api);
        while (state.Complaints.Length > 0 && watch.Elapsed < Eventually.Limit)
        {
            await Task.Delay(20);
            state = await OfAsync(daemon, api);
        }
        Assert.True(state.Complaints.Length == 0, state.Complaints);
        return state;
    }

    /// <summary>Looks at a daemon, and holds its rows against its files and <c>system df</c> against du(1).</summary>
    public static async Task<StoreState> OfAsync(Daemon daemon, EngineApi api)
    {
        long layers = (long)(await api.GetAsync("system/df"))["LayersSize"]!;
        Result account = await Running.RunAsync(Setup.Python, [Path.Combine(AppContext.BaseDirectory, "clients", "account.py"), daemon.DataRoot]);
        string accounts = account.Code == 0 ? account.Text : account.Err;
        long used = await DiskUsageAsync(daemon);
        if (used != layers)
            accounts += $"\nsystem df says {layers}, du says {used}";
        IEnumerable<string> images = ((System.Text.Json.Nodes.JsonArray)await api.GetAsync("images/json?all=1"))
            .Select(image => $"{(string)image!["Id"]!} {image["RepoTags"]?.ToJsonString()} {image["RepoDigests"]?.ToJsonString()}").Order(StringComparer.Ordinal);
        return new StoreState(string.Join('\n', images), string.Join('\n', FilesOf(daemon)), string.Join('\n', OpenFilesOf(daemon)), LongThreadsOf(daemon), layers, accounts);
    }

    private static async Task<long> DiskUsageAsync(Daemon daemon)
    {
        Result du = await Running.RunAsync("du", ["-scB1", "content", "layers"], folder: daemon.DataRoot);
        // Something was removed while it looked: that is no rest.
        return du.Code != 0 ? -1 : long.Parse(du.Lines[^1].Split('\t')[0], CultureInfo.InvariantCulture);
    }

    private static IEnumerable<string> FilesOf(Daemon daemon) => new[] { "content", "layers" }
        .SelectMany(folder => Directory.EnumerateFileSystemEntries(
            Path.Combine(daemon.DataRoot, folder), "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
        .Order(StringComparer.Ordinal);

    private static IEnumerable<string> OpenFilesOf(Daemon daemon) => Directory.EnumerateFiles($"/proc/{daemon.Pid}/fd")
        .Select(fd => new FileInfo(fd).LinkTarget ?? "")
        .Where(target => target.StartsWith(daemon.DataRoot, StringComparison.Ordinal) && !target.Contains("/tare.db", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);

    /// <summary>Threads that were started for one long task: the runtime names them so, and the kernel keeps fifteen letters of it.</summary>
    private static int LongThreadsOf(Daemon daemon) => Directory.EnumerateDirectories($"/proc/{daemon.Pid}/task").Count(task =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).StartsWith(".NET Long Runn", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // It has just ended.
        }
    });
}
