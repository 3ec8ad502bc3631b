using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Sandbox;

/// <summary>Translates options to a specification of the runtime: pure, but for the user, which is resolved before.</summary>
internal static class SpecTranslator
{
    private const string DefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>The specification of a container.</summary>
    /// <param name="options">What was asked for.</param>
    /// <param name="user">The resolved user.</param>
    /// <param name="capabilities">The effective capabilities.</param>
    public static Spec Translate(ContainerOptions options, ContainerUser user, IReadOnlyList<string> capabilities)
    {
        var security = options.Security;
        var devices = new List<LinuxDevice>(StandardContainer.Devices);
        var deviceRules = new List<LinuxDeviceCgroup>();
        if (security.Privileged)
        {
            devices.AddRange(StandardContainer.HostDevices().Where(host => devices.TrueForAll(device => device.Path != host.Path)));
            deviceRules.Add(new LinuxDeviceCgroup { Allow = true, Type = "a", Access = "rwm" });
        }
        else
        {
            deviceRules.AddRange(StandardContainer.DeviceRules);
        }
        foreach (var option in options.Devices)
        {
            foreach (var device in DeviceNodes.Find(option))
            {
                devices.RemoveAll(known => known.Path == device.Path);
                devices.Add(device);
                if (!security.Privileged) deviceRules.Add(new LinuxDeviceCgroup { Allow = true, Type = device.Type, Major = device.Major, Minor = device.Minor, Access = option.Access });
            }
        }
        deviceRules.AddRange(options.Resources.DeviceRules.Select(ParseDeviceRule));
        return new Spec
        {
            OciVersion = Spec.CurrentVersion,
            Process = Process(options, user, capabilities),
            Root = new RootSpec { Path = "rootfs", Readonly = options.Root.ReadOnly },
            Hostname = options.Hostname,
            Domainname = options.DomainName,
            Mounts = Mounts(options),
            Linux = new LinuxSpec
            {
                Devices = devices,
                Sysctl = options.Sysctls,
                Resources = Resources(options.Resources) with { Devices = deviceRules },
                MaskedPaths = security.Privileged ? [] : security.MaskedPaths ?? StandardContainer.MaskedPaths,
                ReadonlyPaths = security.Privileged ? [] : security.ReadOnlyPaths ?? StandardContainer.ReadOnlyPaths,
            },
        };
    }

    /// <summary>The process of a container, also the base of an exec.</summary>
    public static ProcessSpec Process(ContainerOptions options, ContainerUser user, IReadOnlyList<string> capabilities) => new()
    {
        Terminal = options.Terminal,
        ConsoleSize = new ConsoleSize(options.ConsoleSize.Rows, options.ConsoleSize.Columns),
        Args = options.Args,
        Env = Environment(options.Env, options.Terminal, user),
        Cwd = options.WorkingDirectory.Length == 0 ? "/" : options.WorkingDirectory,
        User = new UserSpec { Uid = user.Uid, Gid = user.Gid, AdditionalGids = user.Groups },
        Capabilities = CapabilitySets(capabilities, user.Uid),
        NoNewPrivileges = options.Security.NoNewPrivileges,
        OomScoreAdj = options.OomScoreAdjust ?? 0, // never the keeper's own, which protects it
        Rlimits = [.. options.Rlimits.Select(limit => new Rlimit("RLIMIT_" + limit.Name.ToUpperInvariant(), Unsigned(limit.Soft), Unsigned(limit.Hard)))],
    };

    /// <summary>Root has the set; another user has it only as what it may gain, so that it has nothing unless a program gives it.</summary>
    public static LinuxCapabilities CapabilitySets(IReadOnlyList<string> names, uint uid) => uid == 0
        ? new LinuxCapabilities { Bounding = names, Effective = names, Permitted = names }
        : new LinuxCapabilities { Bounding = names, Effective = [], Permitted = [] };

    /// <summary>Variables with PATH, TERM and HOME filled in where they are missing; the last of a name wins.</summary>
    public static IReadOnlyList<string> Environment(IEnumerable<string> variables, bool terminal, ContainerUser user)
    {
        var result = new List<string>();
        var places = new Dictionary<string, int>();
        Add(DefaultPath);
        if (terminal) Add("TERM=xterm");
        foreach (var variable in variables) Add(variable);
        if (!places.ContainsKey("HOME")) Add("HOME=" + user.Home);
        return result;

        void Add(string variable)
        {
            var equals = variable.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? variable : variable[..equals];
            if (places.TryGetValue(name, out var place))
            {
                result[place] = variable;
                return;
            }
            places[name] = result.Count;
            result.Add(variable);
        }
    }

    /// <summary>The limits of a container, without the device rules.</summary>
    public static LinuxResources Resources(ResourceOptions options)
    {
        return new LinuxResources
        {
            Memory = options is { Memory: null, MemorySwap: null, MemoryReservation: null, MemorySwappiness: null, OomKillDisable: false }
                ? null
                : new LinuxMemory
                {
                    Limit = options.Memory,
                    Swap = options.MemorySwap ?? (options.Memory is > 0 ? options.Memory * 2 : null),
                    Reservation = options.MemoryReservation,
                    Swappiness = options.MemorySwappiness is >= 0 ? (ulong)options.MemorySwappiness : null,
                    DisableOomKiller = options.OomKillDisable,
                },
            Cpu = new LinuxCpu
            {
                Shares = options.CpuShares is > 0 ? (ulong)options.CpuShares : null,
                Quota = options.CpuQuota,
                Period = options.CpuPeriod is > 0 ? (ulong)options.CpuPeriod : null,
                Cpus = options.CpusetCpus,
                Mems = options.CpusetMems,
            },
            Pids = options.PidsLimit is null or 0 ? null : new LinuxPids { Limit = options.PidsLimit },
            BlockIo = options.BlkioWeight is null or 0 && options.BlkioThrottles.Count == 0
                ? null
                : new LinuxBlockIo
                {
                    Weight = options.BlkioWeight is > 0 ? (ushort)options.BlkioWeight : null,
                    ThrottleReadBpsDevice = Throttles("read_bps"),
                    ThrottleWriteBpsDevice = Throttles("write_bps"),
                    ThrottleReadIopsDevice = Throttles("read_iops"),
                    ThrottleWriteIopsDevice = Throttles("write_iops"),
                },
        };

        IReadOnlyList<LinuxThrottleDevice> Throttles(string kind) => [.. options.BlkioThrottles.Where(t => t.Kind == kind).Select(t =>
            FileStatuses.OfPath(t.Device) is { IsBlockDevice: true } status
                ? new LinuxThrottleDevice(status.DeviceMajor, status.DeviceMinor, t.Rate)
                : throw TareException.Invalid($"{t.Device} is no block device"))];
    }

    private static IReadOnlyList<MountSpec> Mounts(ContainerOptions options)
    {
        var mounts = new List<MountSpec>(StandardContainer.Mounts(options.Security.Privileged, options.ShmSize, options.Namespaces.Ipc));

        // A mount of the user's over a standard one replaces it, and those below it go where they always go.
        mounts.RemoveAll(standard => options.Mounts.Any(mount => mount.Target.TrimEnd('/') == standard.Destination));
        foreach (var mount in options.Mounts)
        {
            if (!mount.Target.StartsWith('/')) throw TareException.Invalid($"invalid mount target \"{mount.Target}\": must be an absolute path");
            var list = new List<string>(mount.Options);
            if (mount.ReadOnly) list.Add(mount.Type == "bind" && mount.Recursive && mount.ReadOnlyBelow ? "rro" : "ro");
            if (mount.Type == "bind")
            {
                list.Add(mount.Recursive ? "rbind" : "bind");
                list.Add(mount.Propagation.Length == 0 ? "rprivate" : mount.Propagation);
            }
            mounts.Add(new MountSpec
            {
                Destination = mount.Target,
                Type = mount.Type,
                Source = mount.Type == "bind" ? mount.Source : mount.Type,
                Options = list,
                UidMappings = mount.UidMappings,
                GidMappings = mount.GidMappings,
            });
        }

        // Parents before children, whatever order they were given in; equal depths keep theirs.
        return [.. mounts.OrderBy(mount => mount.Destination.TrimEnd('/').Count(letter => letter == '/'))];
    }

    private static LinuxDeviceCgroup ParseDeviceRule(string rule)
    {
        var fields = rule.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var numbers = fields.Length == 3 ? fields[1].Split(':') : [];
        if (numbers.Length != 2 || fields[0] is not ("a" or "b" or "c") || fields[2].Any(letter => !"rwm".Contains(letter, StringComparison.Ordinal)))
            throw TareException.Invalid($"invalid device cgroup rule format: '{rule}'");
        return new LinuxDeviceCgroup { Allow = true, Type = fields[0], Major = Number(numbers[0]), Minor = Number(numbers[1]), Access = fields[2] };

        long? Number(string text) => text == "*" ? null
            : long.TryParse(text, out var value) ? value
            : throw TareException.Invalid($"invalid device cgroup rule format: '{rule}'");
    }

    private static ulong Unsigned(long limit) => limit < 0 ? ulong.MaxValue : (ulong)limit;
}
