using System.Globalization;
using System.Runtime.InteropServices;
using Tare.Api;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Roles.DistributionServer;
using Tare.Distribution;
using Tare.Engine;
using Tare.Engine.Registries;
using Tare.Errors;
using Tare.Images.Roots;
using Tare.Keeper;
using Tare.Linux;
using FilePath = System.IO.Path;

namespace Tare.Cli.Roles;

/// <summary>tare daemon: the engine and its API, composed by hand. Options are named as dockerd's.</summary>
internal sealed class DaemonVerb : Verb
{
    private const string DockerSocket = "unix:///var/run/docker.sock";
    private const string TareSocket = "unix:///var/run/tare.sock";

    private const int DefaultDownloads = 3;
    private const int DefaultUploads = 5;

    private readonly ListFlag hosts;
    private readonly TextFlag dataRoot;
    private readonly TextFlag execRoot;
    private readonly TextFlag logLevel;
    private readonly SwitchFlag debug;
    private readonly SwitchFlag openOtherFirewalls;
    private readonly TextFlag pidFile;
    private readonly TextFlag group;
    private readonly ListFlag labels;
    private readonly TextFlag cgroupParent;
    private readonly TextFlag configFile;
    private readonly ListFlag registryMirrors;
    private readonly ListFlag insecureRegistries;
    private readonly NumberFlag maxConcurrentDownloads;
    private readonly NumberFlag maxConcurrentUploads;
    private readonly DaemonNetworkFlags networks;
    private readonly DaemonRegistry registry;
    private readonly TextFlag storageDriver;
    private readonly SwitchFlag version;
    private readonly NumberFlag readyFd;
    private readonly SwitchFlag dockerSocket;

    public DaemonVerb()
        : base("[OPTIONS]", "Run the engine", ArgumentCount.None)
    {
        cgroupParent = Flags.Text("cgroup-parent", "Parent of the containers' control groups");
        configFile = Flags.Text("config-file", "File of further options, in JSON", initial: DaemonConfigFile.DefaultPath);
        dataRoot = Flags.Text("data-root", "Directory of everything that lasts", initial: "/var/lib/tare");
        debug = Flags.Switch("debug", "Write debugging messages", 'D');
        execRoot = Flags.Text("exec-root", "Directory of what lasts until the next boot", initial: "/run/tare");
        group = Flags.Text("group", "Group that may use the unix socket; without it docker or tare, if there is one", 'G');
        hosts = Flags.List("host", "Address to listen on, unix:///PATH or tcp://HOST:PORT", 'H');
        insecureRegistries = Flags.List("insecure-registry", "Registry that may speak plain HTTP, HOST[:PORT] or ADDRESS/BITS");
        labels = Flags.List("label", "Key=value labels of the engine");
        logLevel = Flags.Text("log-level", "Messages to write: \"debug\", \"info\", \"warn\", \"error\" or \"fatal\"", 'l', "info");
        maxConcurrentDownloads = Flags.Number("max-concurrent-downloads", "Layers of a pull that are fetched at a time", initial: DefaultDownloads);
        maxConcurrentUploads = Flags.Number("max-concurrent-uploads", "Layers of a push that are sent at a time", initial: DefaultUploads);
        networks = new DaemonNetworkFlags(Flags);
        openOtherFirewalls = Flags.Switch("open-other-firewalls", "Let containers' bridges through other programs' packet filters that drop what is forwarded, by rules in their chains");
        pidFile = Flags.Text("pidfile", "File to write the daemon's process number to", 'p');
        registry = new DaemonRegistry(Flags);
        registryMirrors = Flags.List("registry-mirror", "Mirror of Docker Hub, or [REGISTRY=]URL of another registry");
        storageDriver = Flags.Text("storage-driver", "How containers get their files, \"overlay2\" or \"vfs\" (copies); without it overlay2 where it can be", 's');
        version = Flags.Switch("version", "Print the version and quit", 'v');
        readyFd = Flags.Add(new NumberFlag("ready-fd", '\0', "Descriptor to write a byte to when the engine listens", -1) { Hidden = true });
        dockerSocket = Flags.Add(new SwitchFlag("docker-socket", '\0', "Listen where dockerd does", false) { Hidden = true });
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        if (version.Value)
        {
            session.Out.WriteLine($"{(dockerSocket.Value ? "Docker" : "Tare")} version {BuildInfo.Version}, build {BuildInfo.Commit}");
            return 0;
        }
        DaemonConfigFile.Apply(configFile.Value, configFile.Given, Flags);
        var registries = Registries();
        var (downloads, uploads) = (Concurrency(maxConcurrentDownloads), Concurrency(maxConcurrentUploads));
        var driver = Driver();
        var networkOptions = networks.Read();
        var level = DaemonLog.Parse(logLevel.Value) ?? throw new CommandException($"invalid logging level: {logLevel.Value}");
        var log = new DaemonLog(session, debug.Value ? EngineLogLevel.Debug : level);
        var data = FilePath.GetFullPath(dataRoot.Value);
        using var stop = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var reload = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            log.Write(EngineLogLevel.Info, "SIGHUP: there is no configuration to read again");
        });
        // A wrong option leaves no directory and no keeper.
        IReadOnlyList<string> listen = hosts.Values.Count > 0 ? hosts.Values : [dockerSocket.Value ? DockerSocket : TareSocket];
        ApiHost.Check(listen);
        using var owned = OwnDataRoot(data);
        using var ready = TakeReadyDescriptor();
        using var memory = new IdleMemory();
        var pidPath = pidFile.Value.Length == 0 ? null : FilePath.GetFullPath(pidFile.Value);
        var pidWritten = false;
        try
        {
            if (pidPath is not null) WritePid(pidPath);
            pidWritten = pidPath is not null;
            // A descriptor or more for each container. The keeper begins with the same hard limit, to which it raises its own, as before.
            ProcessImage.RaiseFileLimit();
            await using var keeper = await KeeperClient.ConnectAsync(
                new KeeperClientOptions { ExecRoot = FilePath.GetFullPath(execRoot.Value), Notice = text => log.Write(EngineLogLevel.Warning, text) }, stop.Token);
            var options = new EngineOptions
            {
                DataRoot = data,
                ExecRoot = FilePath.GetFullPath(execRoot.Value),
                Version = BuildInfo.Version,
                Commit = BuildInfo.Commit,
                BuildTime = BuildInfo.Time,
                Debug = debug.Value,
                Labels = labels.Values,
                CgroupParent = cgroupParent.Value,
                StorageDriver = driver,
                Registries = registries,
                MaxConcurrentDownloads = downloads,
                MaxConcurrentUploads = uploads,
                OpenOtherFirewalls = openOtherFirewalls.Value,
                Networks = networkOptions,
                Log = log.Write,
            };
            await using var engine = await TareEngine.OpenAsync(options, keeper, stop.Token);
            var serving = await registry.StartAsync(data, log.Write, stop.Token);
            await ApiHost.RunAsync(
                engine,
                new ApiOptions
                {
                    Hosts = listen,
                    SocketGroup = group.Given ? group.Value : null,
                    Log = log.Write,
                    Listening = addresses =>
                    {
                        foreach (var address in addresses) log.Write(EngineLogLevel.Info, $"API listen on {address}");
                        if (ready is null) return;
                        Descriptors.WriteAll(ready, "1"u8);
                        ready.Dispose();
                    },
                },
                stop.Token);
            await serving;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped while it was starting.
            return 0;
        }
        catch (TareException e)
        {
            log.Write(EngineLogLevel.Error, $"the daemon cannot start: {e.Message}");
            return 1;
        }
        finally
        {
            if (pidWritten) File.Delete(pidPath!);
        }
        return 0;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            log.Write(EngineLogLevel.Info, $"{context.Signal}: the daemon stops; containers go on");
            stop.Cancel();
        }
    }

    private RegistryOptions Registries()
    {
        try
        {
            return RegistryConfiguration.Parse(
                registryMirrors.Values,
                insecureRegistries.Values,
                $"tare/{BuildInfo.Version} (linux; {Formatting.ClientFacts.Architecture})");
        }
        catch (TareException e)
        {
            throw new CommandException(e.Message);
        }
    }

    private StorageDriver? Driver()
    {
        var name = storageDriver.Value;
        if (name.Length == 0) return null;
        return StorageDrivers.Parse(name) ?? throw new CommandException($"driver not supported: {name}: the storage drivers are overlay2 and vfs");
    }

    private static int Concurrency(NumberFlag flag)
    {
        var value = flag.Value;
        return value is > 0 and <= int.MaxValue ? (int)value : throw new CommandException($"invalid {flag.Name["max-concurrent-".Length..] switch { "downloads" => "max concurrent downloads", _ => "max concurrent uploads" }}: {value}");
    }

    /// <summary>One daemon a data root: the lock goes with the process, whatever its end.</summary>
    private static Fd OwnDataRoot(string path)
    {
        try
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"cannot make the data root {path}: {e.Message}");
        }
        if (RegularFiles.OpenLocked(FilePath.Combine(path, "daemon.lock"), wait: false) is { } file) return file;
        throw new CommandException($"another daemon is running on the data root {path}: stop it, or give this one a --data-root of its own");
    }

    private static void WritePid(string path)
    {
        if (File.Exists(path) && int.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && pid != Environment.ProcessId && Directory.Exists($"/proc/{pid}"))
            throw TareException.Conflict($"process with PID {pid} is still running: it is named in {path}");
        File.WriteAllText(path, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The descriptor was inherited, and would be inherited by the keeper if it were not made close-on-exec at once.</summary>
    private Fd? TakeReadyDescriptor()
    {
        if (readyFd.Value < 0) return null;
        using var inherited = new Fd((int)readyFd.Value);
        return inherited.Duplicate();
    }
}
