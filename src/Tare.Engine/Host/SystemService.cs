using System.Globalization;
using Tare.Engine.Containers;
using Tare.Engine.Create;
using Tare.Engine.Events;
using Tare.Engine.Images;
using Tare.Engine.Ports;
using Tare.Engine.Registries;
using Tare.Images.Roots;
using Tare.Oci.Images;
using Tare.Wire;

namespace Tare.Engine.Host;

/// <summary>What the engine and its machine are, for the API.</summary>
public sealed class SystemService
{
    private readonly EngineOptions options;
    private readonly string id;
    private readonly CgroupFacts cgroups;
    private readonly ContainerRegistry registry;
    private readonly ImageService images;
    private readonly EventLog events;
    private readonly INetworkPlane networks;

    internal SystemService(EngineOptions options, string id, CgroupFacts cgroups, ContainerRegistry registry, ImageService images, EventLog events, INetworkPlane networks)
    {
        this.options = options;
        this.id = id;
        this.cgroups = cgroups;
        this.registry = registry;
        this.images = images;
        this.events = events;
        this.networks = networks;
    }

    /// <summary>Of <c>docker version</c>, the server's part.</summary>
    public SystemVersion Version() => new()
    {
        Platform = new VersionPlatform { Name = "Tare" },
        Components =
        [
            new ComponentVersion
            {
                Name = "Engine",
                Version = options.Version,
                Details = new Dictionary<string, string>
                {
                    ["ApiVersion"] = ApiVersions.Maximum,
                    ["Arch"] = PlatformSpecifier.HostArchitecture,
                    ["BuildTime"] = options.BuildTime,
                    ["Experimental"] = "false",
                    ["GitCommit"] = options.Commit,
                    ["GoVersion"] = Runtime,
                    ["KernelVersion"] = MachineFacts.KernelVersion,
                    ["MinAPIVersion"] = ApiVersions.Minimum,
                    ["Os"] = "linux",
                },
            },
        ],
        Version = options.Version,
        ApiVersion = ApiVersions.Maximum,
        MinAPIVersion = ApiVersions.Minimum,
        GitCommit = options.Commit,
        GoVersion = Runtime,
        Os = "linux",
        Arch = PlatformSpecifier.HostArchitecture,
        KernelVersion = MachineFacts.KernelVersion,
        BuildTime = options.BuildTime,
    };

    /// <summary>Of <c>docker info</c>.</summary>
    public Task<SystemInfo> InfoAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var states = registry.All.Select(container => container.State.Phase).ToList();
        var (name, version) = MachineFacts.OperatingSystem();
        return Task.FromResult(new SystemInfo
        {
            ID = id,
            Containers = states.Count,
            ContainersRunning = states.Count(phase => phase is Phase.Running or Phase.Restarting),
            ContainersPaused = states.Count(phase => phase == Phase.Paused),
            ContainersStopped = states.Count(phase => phase is not (Phase.Running or Phase.Restarting or Phase.Paused)),
            Images = images.Count,
            Driver = StorageDrivers.NameOf(images.Driver),
            DriverStatus = DriverStatus(),
            Plugins = new PluginsInfo { Volume = [Tare.Volumes.Volume.Driver], Network = ["bridge", "host", "ipvlan", "macvlan", "null"], Log = ["json-file", "local"] },
            MemoryLimit = cgroups.Memory,
            SwapLimit = cgroups.Swap,
            CpuCfsPeriod = cgroups.CpuQuota,
            CpuCfsQuota = cgroups.CpuQuota,
            CPUShares = cgroups.CpuShares,
            CPUSet = cgroups.Cpuset,
            PidsLimit = cgroups.Pids,
            IPv4Forwarding = File.ReadAllText("/proc/sys/net/ipv4/ip_forward").StartsWith('1'),
            Debug = options.Debug,
            NFd = Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(),
            OomKillDisable = cgroups.OomKillDisable,
            NGoroutines = ThreadPool.ThreadCount,
            SystemTime = GoTime.Format(options.Time.GetUtcNow()),
            LoggingDriver = LogSettings.DefaultDriver,
            CgroupDriver = "cgroupfs",
            CgroupVersion = cgroups.Unified ? "2" : "1",
            NEventsListener = events.Subscribers,
            KernelVersion = MachineFacts.KernelVersion,
            OperatingSystem = name,
            OSVersion = version,
            OSType = "linux",
            Architecture = MachineFacts.Machine,
            IndexServerAddress = "https://index.docker.io/v1/",
            RegistryConfig = RegistryConfiguration.Describe(options.Registries),
            NCPU = MachineFacts.Processors,
            MemTotal = MachineFacts.MemoryTotal(),
            DockerRootDir = options.DataRoot,
            HttpProxy = Proxy("HTTP_PROXY"),
            HttpsProxy = Proxy("HTTPS_PROXY"),
            NoProxy = Proxy("NO_PROXY"),
            Name = MachineFacts.HostName(),
            Labels = options.Labels,
            ServerVersion = options.Version,
            Runtimes = new Dictionary<string, Wire.Runtime> { ["tare"] = new() { Path = "tare" } },
            DefaultRuntime = "tare",
            // What others call live restore is how this engine always works.
            LiveRestoreEnabled = true,
            InitBinary = "tare",
            SecurityOptions = cgroups.Unified ? ["name=seccomp,profile=builtin", "name=cgroupns"] : ["name=seccomp,profile=builtin"],
            Warnings = Warnings(),
        });
    }

    /// <summary>Docker has nothing to say of copies.</summary>
    private IReadOnlyList<IReadOnlyList<string>> DriverStatus() => images.Driver == StorageDriver.Vfs
        ? []
        : [["Backing Filesystem", BackingFilesystem()], ["Supports d_type", "true"], ["Using metacopy", "false"], ["Native Overlay Diff", "true"], ["userxattr", "false"]];

    private static string Runtime => string.Create(CultureInfo.InvariantCulture, $"none (.NET {Environment.Version})");

    private static string Proxy(string name) =>
        Environment.GetEnvironmentVariable(name) ?? Environment.GetEnvironmentVariable(name.ToLowerInvariant()) ?? "";

    private string BackingFilesystem() => new DriveInfo(options.DataRoot).DriveFormat switch
    {
        "ext2" or "ext3" or "ext4" => "extfs",
        var other => other,
    };

    private List<string>? Warnings()
    {
        var warnings = new List<string>();
        void WarnUnless(bool supported, string text)
        {
            if (!supported) warnings.Add("WARNING: " + text);
        }

        WarnUnless(cgroups.Memory, "No memory limit support");
        WarnUnless(cgroups.Swap, "No swap limit support");
        WarnUnless(cgroups.CpuQuota, "No cpu cfs quota support");
        WarnUnless(cgroups.CpuQuota, "No cpu cfs period support");
        WarnUnless(cgroups.CpuShares, "No cpu shares support");
        WarnUnless(cgroups.Cpuset, "No cpuset support");
        WarnUnless(cgroups.Pids, "No pids limit support");
        warnings.AddRange(networks.Obstacles().Select(sentence => "WARNING: " + sentence));
        return warnings.Count > 0 ? warnings : null;
    }
}
