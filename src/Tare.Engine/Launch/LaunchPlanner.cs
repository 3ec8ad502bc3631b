using Tare.Engine.Common;
using Tare.Engine.Containers;
using Tare.Engine.Create;
using Tare.Engine.Networks;
using Tare.Engine.Ports;
using Tare.Errors;
using Tare.Linux;
using Tare.Sandbox;
using Tare.Wire;

namespace Tare.Engine.Launch;

/// <summary>Translates what a container is, in Docker's words, to what the sandbox makes. Decides nothing that create has not validated.</summary>
internal sealed class LaunchPlanner(ContainerRegistry registry, IImageSource images, EnginePaths paths, string cgroupParent)
{
    /// <summary>The container's network files, by their place inside.</summary>
    private static readonly (string Target, string File)[] NetworkFiles =
    [
        ("/etc/resolv.conf", "resolv.conf"),
        ("/etc/hostname", "hostname"),
        ("/etc/hosts", "hosts"),
    ];

    private readonly ImageMounts imageMounts = new(images);

    /// <summary>Plans a launch. What it joins must run; what it binds must exist or is made.</summary>
    /// <param name="definition">The container.</param>
    /// <param name="network">The network namespace that was made ready for it; null: it has the host's, another container's, or an empty one.</param>
    public LaunchPlan Plan(ContainerDefinition definition, Fd? network)
    {
        var joined = new List<Fd>();
        try
        {
            return new LaunchPlan(Describe(definition, Mounts(definition, joined), Namespaces(definition.HostConfig, network, joined)), joined);
        }
        catch
        {
            foreach (var fd in joined) fd.Dispose();
            throw;
        }
    }

    /// <summary>What an exec needs to know of its container: its rights and its environment. Nothing is joined, mounted or made for it.</summary>
    public ContainerOptions ForExec(ContainerDefinition definition, bool terminal)
    {
        var options = Describe(definition, [], Namespaces(definition.HostConfig, network: null, joined: null));
        return options with { Env = EnvironmentBuilder.ForContainer(definition.Config.Hostname, terminal, LinkEnvironment.Of(definition, registry), definition.Config.Env) };
    }

    /// <summary>Where a container's control groups are.</summary>
    public string CgroupParent(HostConfig host) => host.CgroupParent.Length > 0 ? host.CgroupParent : cgroupParent;

    private ContainerOptions Describe(ContainerDefinition definition, IReadOnlyList<MountOptions> mounts, NamespaceOptions namespaces)
    {
        var (config, host) = (definition.Config, definition.HostConfig);
        var security = ParsedSecurityOptions.Parse(host.SecurityOpt ?? []);
        var files = images.FindWritable(definition.Id) ?? throw TareException.Internal($"the files of container {definition.Id} are missing; remove the container");
        var (path, arguments) = ConfigMerger.CommandOf(config);
        return new ContainerOptions
        {
            Id = definition.Id,
            Args = [path, .. arguments],
            Env = EnvironmentBuilder.ForContainer(config.Hostname, config.Tty, LinkEnvironment.Of(definition, registry), config.Env),
            WorkingDirectory = config.WorkingDir,
            User = config.User,
            AdditionalGroups = host.GroupAdd ?? [],
            Hostname = host.UTSMode == "host" ? "" : config.Hostname,
            DomainName = config.Domainname,
            Terminal = config.Tty,
            ConsoleSize = Size(host.ConsoleSize),
            Init = host.Init == true,
            Root = new RootFilesystem
            {
                Layers = files.MountedBelow,
                Upper = files.Directory,
                Work = files.Work,
                ReadOnly = host.ReadonlyRootfs,
                Volatile = host.AutoRemove,
            },
            Mounts = mounts,
            ShmSize = host.ShmSize,
            Namespaces = namespaces,
            Resources = Resources(host),
            Security = new SecurityOptions
            {
                Privileged = host.Privileged,
                CapAdd = host.CapAdd ?? [],
                CapDrop = host.CapDrop ?? [],
                NoNewPrivileges = security.NoNewPrivileges,
                SeccompUnconfined = security.SeccompUnconfined,
                SeccompProfile = security.SeccompProfile,
                MaskedPaths = host.Privileged ? null : host.MaskedPaths,
                ReadOnlyPaths = host.Privileged ? null : host.ReadonlyPaths,
            },
            Devices = [.. (host.Devices ?? []).Select(Device)],
            Rlimits = [.. (host.Ulimits ?? []).Select(limit => (limit.Name, limit.Soft, limit.Hard))],
            Sysctls = host.Sysctls ?? new Dictionary<string, string>(),
            OomScoreAdjust = host.OomScoreAdj,
            CgroupParent = CgroupParent(host),
        };
    }

    /// <summary>The limits, in the sandbox's terms. Also used by update.</summary>
    public static ResourceOptions Resources(Resources host)
    {
        const long Period = 100_000;
        var cpus = host.NanoCpus > 0;
        return new ResourceOptions
        {
            Memory = Positive(host.Memory),
            MemorySwap = host.MemorySwap == 0 ? null : host.MemorySwap,
            MemoryReservation = Positive(host.MemoryReservation),
            MemorySwappiness = (int?)host.MemorySwappiness,
            OomKillDisable = host.OomKillDisable == true,
            CpuQuota = cpus ? host.NanoCpus * Period / 1_000_000_000 : host.CpuQuota == 0 ? null : host.CpuQuota,
            CpuPeriod = cpus ? Period : Positive(host.CpuPeriod),
            CpuShares = Positive(host.CpuShares),
            CpusetCpus = host.CpusetCpus,
            CpusetMems = host.CpusetMems,
            PidsLimit = host.PidsLimit is { } pids ? pids <= 0 ? -1 : pids : null,
            BlkioWeight = host.BlkioWeight == 0 ? null : host.BlkioWeight,
            BlkioThrottles =
            [
                .. Throttles("read_bps", host.BlkioDeviceReadBps),
                .. Throttles("write_bps", host.BlkioDeviceWriteBps),
                .. Throttles("read_iops", host.BlkioDeviceReadIOps),
                .. Throttles("write_iops", host.BlkioDeviceWriteIOps),
            ],
            DeviceRules = host.DeviceCgroupRules ?? [],
        };
    }

    private static long? Positive(long value) => value > 0 ? value : null;

    private static IEnumerable<(string Kind, string Device, ulong Rate)> Throttles(string kind, IReadOnlyList<ThrottleDevice>? devices) =>
        (devices ?? []).Select(device => (kind, device.Path, device.Rate));

    private static (ushort Rows, ushort Columns) Size(IReadOnlyList<int> size) =>
        size is [> 0 and <= ushort.MaxValue, > 0 and <= ushort.MaxValue] ? ((ushort)size[0], (ushort)size[1]) : default;

    private static DeviceOptions Device(DeviceMapping device) => new(
        device.PathOnHost,
        device.PathInContainer.Length > 0 ? device.PathInContainer : device.PathOnHost,
        device.CgroupPermissions.Length > 0 ? device.CgroupPermissions : "rwm");

    private List<MountOptions> Mounts(ContainerDefinition definition, List<Fd> held)
    {
        var mounts = new List<MountOptions>();
        // In another container's network its names and resolvers are the right ones, and it has that one's name as its own.
        var owner = ContainerModes.IsContainer(definition.HostConfig.NetworkMode, out var other) ? registry.TryFind(other)?.Id ?? definition.Id : definition.Id;
        foreach (var (target, file) in NetworkFiles)
        {
            if (definition.Mounts.Any(mount => mount.Target == target)) continue;
            mounts.Add(new MountOptions
            {
                Type = "bind",
                Source = Path.Combine(paths.Container(owner), file),
                Target = target,
                ReadOnly = definition.HostConfig.ReadonlyRootfs,
            });
        }
        var image = 0;
        foreach (var mount in definition.Mounts)
        {
            if (mount.Image is not null)
            {
                mounts.Add(imageMounts.Plan(definition.Id, image++, mount, held));
                continue;
            }
            if (mount.Type == "bind") PrepareSource(mount);
            var ids = mount.IdMap.Length > 0 ? IdMapOption.Parse(mount.IdMap) : default;
            mounts.Add(new MountOptions
            {
                Type = mount.Volume is null ? mount.Type : "bind",
                Source = mount.Type == "tmpfs" ? "tmpfs" : mount.Volume is { Subpath.Length: > 0 } part ? Part(mount.Source, part.Subpath, held) : mount.Source,
                Target = mount.Target,
                ReadOnly = mount.ReadOnly,
                Recursive = !mount.NonRecursive,
                ReadOnlyBelow = !mount.ReadOnlyNonRecursive,
                ChangeOwner = mount.ChangeOwner,
                UidMappings = ids.Users,
                GidMappings = ids.Groups,
                Propagation = mount.Propagation.Length > 0 ? mount.Propagation : "rprivate",
                Options = mount.Options,
            });
        }
        return mounts;
    }

    /// <summary>A part of a volume or of a copied image, found by descriptor: what is in it does not lead out of it.</summary>
    internal static string Part(string volume, string path, List<Fd> held)
    {
        using var root = Paths.Open(volume, OpenFlags.Path | Paths.Directory);
        var part = MountPart.Open(root, volume, path);
        held.Add(part);
        return part.ProcPath;
    }

    private static void PrepareSource(ContainerMount mount)
    {
        if (Path.Exists(mount.Source)) return;
        if (!mount.CreateSource) throw TareException.Invalid($"invalid mount config for type \"bind\": bind source path does not exist: {mount.Source}");
        try
        {
            Directory.CreateDirectory(mount.Source);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TareException.Internal($"error while creating mount source path '{mount.Source}': {e.Message}", e);
        }
    }

    /// <summary>The namespaces; where <paramref name="joined"/> is null, only of what kind they are.</summary>
    private NamespaceOptions Namespaces(HostConfig host, Fd? network, List<Fd>? joined) => new()
    {
        Network = network is null ? Mode(host.NetworkMode) : NamespaceMode.Join,
        JoinNetwork = network ?? Join(host.NetworkMode, "network", joined),
        Pid = Mode(host.PidMode),
        JoinPid = Join(host.PidMode, "PID", joined),
        Ipc = Mode(host.IpcMode),
        JoinIpc = Join(host.IpcMode, "IPC", joined),
        Uts = Mode(host.UTSMode),
        Cgroup = Mode(host.CgroupnsMode),
    };

    private static NamespaceMode Mode(string mode) =>
        mode == "host" ? NamespaceMode.Host : ContainerModes.IsContainer(mode, out _) ? NamespaceMode.Join : NamespaceMode.Private;

    private Fd? Join(string mode, string what, List<Fd>? joined)
    {
        if (joined is null || !ContainerModes.IsContainer(mode, out var other)) return null;
        Container container;
        try
        {
            container = registry.Find(other);
        }
        catch (TareException e)
        {
            throw new TareException(e.Kind, $"joining {what} namespace of container: {e.Message}", e);
        }
        try
        {
            if (container.Live?.PidFd is { } pid)
            {
                var copy = pid.Duplicate();
                joined.Add(copy);
                return copy;
            }
        }
        catch (ObjectDisposedException)
        {
            // It ended between the look and the copy: the same as not running.
        }
        throw TareException.Conflict($"cannot join {what} namespace of a non running container: container {container.Name} is {container.State.Status}");
    }
}
