using System.Formats.Tar;
using System.Text;
using Tare.Engine.Containers;
using Tare.Engine.Streams;
using Tare.Keeper;
using Tare.Wire;

namespace Tare.Engine.Tests;

/// <summary>An engine over the real keeper, sandbox, store and kernel, with one image: the distribution's static busybox. Needs root.</summary>
internal sealed class RealEngine : IAsyncDisposable
{
    private static readonly string[] Applets = ["sh", "cat", "echo", "sleep", "true", "false", "id", "tty", "printf", "pwd"];

    private readonly string root = Directory.CreateTempSubdirectory("tare-real-").FullName;
    private readonly string parent = "/tare-test-" + Guid.NewGuid().ToString("N")[..8];
    private KeeperClient? keeper;
    private TareEngine? engine;

    public TareEngine Engine => engine!;

    public ContainerService Containers => Engine.Containers;

    public string DataRoot => Path.Combine(root, "data");

    public static async Task<RealEngine> OpenAsync()
    {
        var real = new RealEngine();
        await real.StartAsync();
        await real.Engine.Images.ImportAsync(
            Rootfs(), "bb", "latest", ["CMD [\"sh\"]", "ENV PATH=/bin"], "", "", _ => ValueTask.CompletedTask, CancellationToken.None);
        return real;
    }

    /// <summary>Ends this engine and its connection to the keeper, and opens another: what a daemon's death and return are.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    public async Task StopAsync()
    {
        if (engine is not null) await engine.DisposeAsync();
        if (keeper is not null) await keeper.DisposeAsync();
        (engine, keeper) = (null, null);
    }

    public async Task StartAsync()
    {
        Directory.CreateDirectory(DataRoot);
        keeper = await KeeperClient.ConnectAsync(
            new KeeperClientOptions
            {
                ExecRoot = Path.Combine(root, "run"),
                Executable = Environment.ProcessPath!,
                RoleArguments = ["exec", Path.Combine(AppContext.BaseDirectory, "Tare.Keeper.Host.dll"), "keeper"],
            },
            CancellationToken.None);
        engine = await TareEngine.OpenAsync(new EngineOptions { DataRoot = DataRoot, ExecRoot = Path.Combine(root, "run"), CgroupParent = parent }, keeper, CancellationToken.None);
    }

    public async Task<string> CreateAsync(string name, string[] command, Action<ContainerCreateRequest>? change = null)
    {
        var request = new ContainerCreateRequest { Image = "bb", Cmd = command, HostConfig = new HostConfig { NetworkMode = "none" } };
        change?.Invoke(request);
        return (await Containers.CreateAsync(name, null, request, CancellationToken.None)).Id;
    }

    public async Task<string> RunAsync(string name, string[] command, Action<ContainerCreateRequest>? change = null)
    {
        var id = await CreateAsync(name, command, change);
        await Containers.StartAsync(id, CancellationToken.None);
        return id;
    }

    /// <summary>What docker run does: attach, wait, start; gives the output by stream and the exit code.</summary>
    public async Task<(string Output, string Error, long Code)> RunAttachedAsync(string[] command, string? input = null, Action<ContainerCreateRequest>? change = null)
    {
        var id = await CreateAsync("run-" + Guid.NewGuid().ToString("N"), command, request =>
        {
            (request.OpenStdin, request.StdinOnce, request.HostConfig!.AutoRemove) = (input is not null, input is not null, true);
            change?.Invoke(request);
        });
        var streams = await Containers.AttachAsync(
            id, new ContainerAttachOptions { Stdin = input is not null, Stdout = true, Stderr = true, Stream = true }, CancellationToken.None);
        await using (streams)
        {
            var exit = Containers.Wait(id, WaitCondition.Removed, CancellationToken.None);
            var reading = ReadAsync(streams);
            await Containers.StartAsync(id, CancellationToken.None);
            if (input is not null)
            {
                await streams.WriteStdinAsync(Encoding.UTF8.GetBytes(input), CancellationToken.None);
                await streams.CloseStdinAsync(CancellationToken.None);
            }
            var (output, error) = await reading.WaitAsync(TimeSpan.FromSeconds(30));
            return (output, error, (await exit.WaitAsync(TimeSpan.FromSeconds(30))).StatusCode);
        }
    }

    /// <summary>Reads to the end.</summary>
    public static async Task<(string Output, string Error)> ReadAsync(IOutputStream stream)
    {
        var texts = new StringBuilder[] { new(), new() };
        while (await stream.ReadAsync(CancellationToken.None) is { } chunk) texts[chunk.Stream - 1].Append(Encoding.UTF8.GetString(chunk.Data.Span));
        return (texts[0].ToString(), texts[1].ToString());
    }

    public async Task<string> LogsAsync(string name, ContainerLogOptions? options = null)
    {
        await using var stream = await Containers.LogsAsync(name, options ?? new ContainerLogOptions { Stdout = true, Stderr = true }, CancellationToken.None);
        var (output, error) = await ReadAsync(stream);
        return output + error;
    }

    public async Task<(string Output, ExecInspectResponse Exec)> ExecAsync(string name, string[] command, Action<ExecCreateRequest>? change = null, string? input = null)
    {
        var request = new ExecCreateRequest { Cmd = command, AttachStdout = true, AttachStderr = true, AttachStdin = input is not null };
        change?.Invoke(request);
        var id = (await Engine.Execs.CreateAsync(name, request, CancellationToken.None)).Id;
        var streams = await Engine.Execs.StartAsync(id, new ExecStartRequest { Tty = request.Tty }, () => Task.CompletedTask, CancellationToken.None);
        await using (streams)
        {
            if (input is not null)
            {
                await streams!.WriteStdinAsync(Encoding.UTF8.GetBytes(input), CancellationToken.None);
                await streams.CloseStdinAsync(CancellationToken.None);
            }
            var (output, error) = await ReadAsync(streams!).WaitAsync(TimeSpan.FromSeconds(30));
            return (output + error, Engine.Execs.Inspect(id));
        }
    }

    /// <summary>Directories of control groups that are left of this engine's containers.</summary>
    public IReadOnlyList<string> Cgroups() =>
    [
        .. (Directory.Exists("/sys/fs/cgroup" + parent) ? ["/sys/fs/cgroup"] : Directory.EnumerateDirectories("/sys/fs/cgroup"))
            .Select(hierarchy => hierarchy + parent)
            .Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories),
    ];

    public async ValueTask DisposeAsync()
    {
        foreach (var container in await Containers.ListAsync(new ContainerListOptions { All = true }, CancellationToken.None))
            await Containers.RemoveAsync(container.Id, new ContainerRemoveOptions { Force = true }, CancellationToken.None);
        // A keeper that has an end to tell would wait for the next daemon, which never comes.
        for (var limit = DateTime.UtcNow.AddSeconds(10); await AnyKeptAsync(); await Task.Delay(10))
            Assert.True(DateTime.UtcNow < limit, "processes of removed containers are still kept");
        await StopAsync();
        foreach (var hierarchy in Directory.EnumerateDirectories("/sys/fs/cgroup").Append("/sys/fs/cgroup").Where(hierarchy => Directory.Exists(hierarchy + parent)))
        {
            // Named controllers are links to one hierarchy, so the directory may be gone by its other name.
            if (Directory.Exists(hierarchy + parent)) Directory.Delete(hierarchy + parent);
        }
        Directory.Delete(root, recursive: true);
    }

    private async Task<bool> AnyKeptAsync()
    {
        var kept = await keeper!.ListAsync(CancellationToken.None);
        foreach (var process in kept) process.Dispose();
        return kept.Count > 0;
    }

    private static MemoryStream Rootfs()
    {
        var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var directory in (string[])["bin", "etc", "tmp", "root"]) writer.WriteEntry(new UstarTarEntry(TarEntryType.Directory, directory) { Mode = (UnixFileMode)0b111_101_101 });
            using var busybox = File.OpenRead("/bin/busybox");
            writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "bin/busybox") { Mode = (UnixFileMode)0b111_101_101, DataStream = busybox });
            foreach (var applet in Applets) writer.WriteEntry(new UstarTarEntry(TarEntryType.SymbolicLink, "bin/" + applet) { LinkName = "busybox" });
            using var passwd = new MemoryStream("root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/tmp:/bin/sh\n"u8.ToArray());
            writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "etc/passwd") { DataStream = passwd });
        }
        archive.Position = 0;
        return archive;
    }
}
