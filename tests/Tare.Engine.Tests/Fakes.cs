using Tare.Runtime.Launching;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Tare.Engine.Containers;
using Tare.Engine.Ports;
using Tare.Errors;
using Tare.Images.Roots;
using Tare.Keeper;
using Tare.Linux;
using Tare.Oci.Images;
using Tare.Sandbox;
using Tare.Wire;

namespace Tare.Engine.Tests;

/// <summary>A database in memory that can be made to fail, and that outlives the engine over it.</summary>
internal sealed class FakeTable : IContainerTable
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, StoredContainer> rows = [];

    /// <summary>Throws on the write of this number, counted from 1 since it was set; 0: never.</summary>
    public int FailOnWrite { get; set; }

    public bool FailAlways { get; set; }

    public IReadOnlyList<StoredContainer> Rows
    {
        get
        {
            lock (gate) return [.. rows.Values];
        }
    }

    public IReadOnlyList<StoredContainer> Load() => Rows;

    public void Insert(StoredContainer container) => Write(() => rows.Add(container.Definition.Id, container));

    public void UpdateState(string id, LifeState state) => Write(() => rows[id] = rows[id] with { State = state });

    public void UpdateName(string id, string name) => Write(() => rows[id] = rows[id] with { Name = name });

    public void UpdateDefinition(ContainerDefinition definition) => Write(() => rows[definition.Id] = rows[definition.Id] with { Definition = definition });

    public void Delete(string id) => Write(() => rows.Remove(id));

    private void Write(Action write)
    {
        lock (gate)
        {
            if (FailAlways || (FailOnWrite > 0 && --FailOnWrite == 0)) throw TareException.Internal("database or disk is full");
            write();
        }
    }
}

/// <summary>Two images, and directories without files.</summary>
internal sealed class FakeImages(string dataRoot) : IImageSource
{
    public const string Id = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

    public ConcurrentDictionary<string, WritableRoot> Writables { get; } = new();

    /// <summary>The images that each container has mounted.</summary>
    public ConcurrentDictionary<string, IReadOnlyList<string>> Mounted { get; } = new();

    public bool FailOnCreate { get; set; }

    public ImageConfig Config { get; set; } = new() { Cmd = ["sleep", "1000"], Env = ["PATH=/bin"] };

    public StorageDriver Driver { get; set; }

    public ContainerImage Resolve(string reference, OciPlatform? platform) => Find(reference) ?? throw TareException.NotFound($"No such image: {reference}");

    public ContainerImage? Find(string reference) => reference is "bb" or "bb:latest" or Id
        ? new ContainerImage { Id = Id, Os = "linux", Architecture = PlatformSpecifier.HostArchitecture, Config = Config }
        : null;

    public WritableRoot CreateWritable(string containerId, string imageId, IReadOnlyList<string> mountedIds)
    {
        if (FailOnCreate) throw TareException.Internal("no space left on device");
        var directory = Path.Combine(dataRoot, "containers", containerId);
        var work = Path.Combine(directory, "work");
        var root = new OverlayRoot(containerId, Path.Combine(directory, "fs"), work, ["/layers/2", "/layers/1"], Path.Combine(dataRoot, "base"));
        Directory.CreateDirectory(root.Directory);
        Directory.CreateDirectory(work);
        Writables[containerId] = root;
        Mounted[containerId] = mountedIds;
        return root;
    }

    public WritableRoot? FindWritable(string containerId) => Writables.GetValueOrDefault(containerId);

    public MountedImage? FindMounted(string containerId, int mount) =>
        new(Path.Combine(dataRoot, "containers", containerId, "images", mount.ToString(System.Globalization.CultureInfo.InvariantCulture)), copied: false, ["/layers/3"]);

    public void RemoveWritable(string containerId) => Writables.TryRemove(containerId, out _);

    public void SweepWritables(IReadOnlySet<string> containers)
    {
        foreach (var id in Writables.Keys.Where(id => !containers.Contains(id))) Writables.TryRemove(id, out _);
    }
}

/// <summary>Control groups that only count.</summary>
internal sealed class FakeCgroup : ICgroup
{
    public bool Removed { get; private set; }

    public bool Frozen { get; private set; }

    public bool OutOfMemory { get; set; }

    public List<int> Pids { get; } = [];

    public ResourceOptions? Updated { get; private set; }

    public Task PauseAsync(CancellationToken cancellationToken)
    {
        Frozen = true;
        return Task.CompletedTask;
    }

    public void Unpause() => Frozen = false;

    public IReadOnlyList<int> Processes() => Pids;

    public void KillAll()
    {
    }

    public long OomKills() => OutOfMemory ? 1 : 0;

    public void Update(ResourceOptions resources) => Updated = resources;

    public Task RemoveAsync(CancellationToken cancellationToken)
    {
        Removed = true;
        return Task.CompletedTask;
    }
}

/// <summary>Compiles nothing, remembers what it was asked for, and fails when told to.</summary>
internal sealed class FakeSandbox : ISandbox
{
    public ConcurrentDictionary<string, FakeCgroup> Cgroups { get; } = new();

    public ConcurrentQueue<ContainerOptions> Asked { get; } = new();

    public TareException? Fail { get; set; }

    public ILaunch PrepareContainer(ContainerOptions options)
    {
        Asked.Enqueue(options);
        if (Fail is { } error) throw error;
        return new Launch(Cgroups.AddOrUpdate(options.Id, _ => new FakeCgroup(), (_, _) => new FakeCgroup()));
    }

    public ILaunch PrepareExec(ExecOptions options, ICgroup cgroup) => options.User == "nosuch"
        ? throw TareException.Invalid("unable to find user nosuch: no matching entries in passwd file")
        : new Launch((FakeCgroup)cgroup);

    public ICgroup? OpenCgroup(string containerId, string cgroupParent) => Cgroups.GetValueOrDefault(containerId);

    private sealed class Launch(FakeCgroup cgroup) : ILaunch
    {
        public Fd? HoldRoot() => null;

        public Fd Program { get; } = Descriptors.SealedMemory("fake", "x"u8);

        IReadOnlyList<Fd> ILaunch.Descriptors => [];

        public ICgroup Cgroup => cgroup;

        public LaunchFailure Explain(int step, int error) => error == Errno.ENOENT
            ? new LaunchFailure("exec: \"nosuch\": executable file not found in $PATH", 127)
            : new LaunchFailure("exec: \"/etc\": is a directory", 126);

        public void Dispose() => Program.Dispose();
    }
}

/// <summary>
/// A keeper in this process: each launch is a real <c>sleep</c>, so that signals do what signals do. It outlives the engine over it, as
/// the real one does.
/// </summary>
internal sealed class FakeKeeper : IKeeper, IDisposable
{
    private readonly ConcurrentDictionary<ProcessKey, Kept> kept = new();

    // All of them: what an engine has forgotten, or acknowledged too early, is ended with the test all the same.
    private readonly ConcurrentQueue<Process> started = new();
    private Channel<ProcessExit> exits = Channel.CreateUnbounded<ProcessExit>();

    // What it holds for the daemon, by name.
    private readonly ConcurrentDictionary<string, Fd[]> holdings = new(StringComparer.Ordinal);

    public ConcurrentQueue<LaunchRequest> Launches { get; } = new();

    public ConcurrentQueue<ProcessKey> Acknowledged { get; } = new();

    public ConcurrentQueue<ProcessKey> ClosedInputs { get; } = new();

    /// <summary>The launch fails with this error in step 3.</summary>
    public int FailWith { get; set; }

    /// <summary>The engine is killed when the keeper has launched: it never hears of it.</summary>
    public bool DieAfterLaunch { get; set; }

    /// <summary>What is run; by default something that ends only when it is told to.</summary>
    public string[] Program { get; set; } = ["/bin/sleep", "1000"];

    public ChannelReader<ProcessExit> Exits => exits.Reader;

    public IEnumerable<ProcessKey> Running => kept.Where(pair => pair.Value.Exit is null).Select(pair => pair.Key);

    public IEnumerable<ProcessKey> Keys => kept.Keys;

    public Task<LaunchedProcess> LaunchAsync(LaunchRequest request, CancellationToken cancellationToken)
    {
        Launches.Enqueue(request);
        if (FailWith != 0) throw new LaunchFailedException(3, FailWith);
        // It runs only when it is held by its descriptor: a program that ends at once could not be opened any more.
        var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "read go && exec \"$@\"", "sh", .. Program]) { RedirectStandardInput = true })!;
        started.Enqueue(process);
        var pidFd = PidFds.Open(process.Id);
        process.StandardInput.WriteLine();
        var entry = new Kept(request, process, DateTimeOffset.UtcNow);
        kept[request.Key] = entry;
        _ = ReapAsync(entry);
        if (DieAfterLaunch) throw new OperationCanceledException("the engine was killed");
        return Task.FromResult(new LaunchedProcess { Key = request.Key, Pid = process.Id, StartedAt = entry.StartedAt, PidFd = pidFd });
    }

    private async Task ReapAsync(Kept entry)
    {
        await entry.Process.WaitForExitAsync();
        entry.Exit = new ProcessExit(entry.Request.Key, entry.Process.ExitCode, entry.Process.ExitCode > 128, DateTimeOffset.UtcNow, 0);
        exits.Writer.TryWrite(entry.Exit);
    }

    public Task CloseStdinAsync(ProcessKey key, CancellationToken cancellationToken)
    {
        ClosedInputs.Enqueue(key);
        return Task.CompletedTask;
    }

    public Task AcknowledgeAsync(ProcessKey key, CancellationToken cancellationToken)
    {
        Acknowledged.Enqueue(key);
        kept.TryRemove(key, out _);
        return Task.CompletedTask;
    }

    public Task<ILogWatch> WatchLogAsync(ProcessKey key, Fd eventFd, LogHold hold, CancellationToken cancellationToken) =>
        throw TareException.NotFound("no such process is kept");

    public Task<IReadOnlyList<KeptProcess>> ListAsync(CancellationToken cancellationToken)
    {
        // A new engine is told again of every end that was not acknowledged.
        exits = Channel.CreateUnbounded<ProcessExit>();
        var list = new List<KeptProcess>();
        foreach (var (key, entry) in kept)
        {
            if (entry.Exit is { } exit) exits.Writer.TryWrite(exit);
            list.Add(new KeptProcess
            {
                Key = key,
                Container = entry.Request.Container,
                Pid = entry.Process.Id,
                StartedAt = entry.StartedAt,
                Exit = entry.Exit,
                PidFd = entry.Exit is null ? PidFds.Open(entry.Process.Id) : null,
            });
        }
        return Task.FromResult<IReadOnlyList<KeptProcess>>(list);
    }

    public Task HoldAsync(string name, IReadOnlyList<Fd> descriptors, CancellationToken cancellationToken)
    {
        var copies = descriptors.Select(fd => fd.Duplicate()).ToArray();
        Release(name);
        if (copies.Length > 0) holdings[name] = copies;
        return Task.CompletedTask;
    }

    public Task ReleaseAsync(string name, CancellationToken cancellationToken)
    {
        Release(name);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<Holding>> HoldingsAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<Holding>>([.. holdings.Select(entry => new Holding { Name = entry.Key, Descriptors = [.. entry.Value.Select(fd => fd.Duplicate())] })]);

    public Task UpgradeAsync(Fd? binary, CancellationToken cancellationToken) => Task.CompletedTask;

    private void Release(string name)
    {
        if (!holdings.TryRemove(name, out var before)) return;
        foreach (var fd in before) fd.Dispose();
    }

    public void Dispose()
    {
        foreach (var process in started)
        {
            if (!process.HasExited) process.Kill();
            process.Dispose();
        }
        foreach (var name in holdings.Keys) Release(name);
    }

    private sealed class Kept(LaunchRequest request, Process process, DateTimeOffset startedAt)
    {
        public LaunchRequest Request { get; } = request;

        public Process Process { get; } = process;

        public DateTimeOffset StartedAt { get; } = startedAt;

        public ProcessExit? Exit { get; set; }
    }
}
