using System.Text;
using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Wire;

namespace Tare.Cli.Creation;

/// <summary>From the options of <c>run</c> and <c>create</c> to the request. What makes no sense is refused in Docker's words.</summary>
internal static class ContainerRequest
{
    /// <exception cref="CommandException">An option makes no sense; the message has no program name in front.</exception>
    public static ContainerCreateRequest Build(ContainerFlags f, string image, IReadOnlyList<string> command, Func<ICollection<string>, IEnumerable<KeyValuePair<string, string>>> proxies)
    {
        if (f.MacAddress.Value.Length > 0) CheckMac(f.MacAddress.Value);
        var swappiness = f.MemorySwappiness.Value;
        if (swappiness is < -1 or > 100) throw new CommandException($"invalid value: {swappiness}. Valid memory swappiness range is 0-100");
        var (binds, volumes) = Volumes(f.Volume.Values);
        var ports = Ports(f);
        var (devices, qualified) = Devices(f.Device.Values);
        var env = Environment(f, proxies);
        var labels = KeyValues.ToMap(KeyValues.Read(f.LabelFile.Values, f.Label.Values, inherit: false));
        if (f.Pid.Value is not ("" or "host") && !IsContainer(f.Pid.Value)) throw new CommandException("--pid: invalid PID mode");
        if (f.Uts.Value is not ("" or "host")) throw new CommandException("--uts: invalid UTS mode");
        if (f.Userns.Value is not ("" or "host")) throw new CommandException("--userns: invalid USER mode");
        if (f.Cgroupns.Value is not ("" or "host" or "private")) throw new CommandException("--cgroupns: invalid CGROUP mode");
        var restart = RestartPolicyOf(f.Restart.Value);
        if (f.LogDriver.Value == "none" && f.LogOpt.Values.Count > 0) throw new CommandException("invalid logging opts for driver none");
        var security = SecurityOptions(f.SecurityOpt.Values, out var unconfinedPaths);
        var attachAll = f.Attach.Values.Count == 0;
        var attachStdin = f.Interactive.Value || f.Attach.Values.Contains("stdin");
        if (f.UseApiSocket.Value) throw new CommandException("--use-api-socket is not there yet: bind the engine's socket with --volume");

        var request = new ContainerCreateRequest
        {
            Hostname = f.Hostname.Value,
            Domainname = f.Domainname.Value,
            ExposedPorts = ports.Exposed,
            User = f.User.Value,
            Tty = f.Tty.Value,
            OpenStdin = f.Interactive.Value,
            AttachStdin = attachStdin,
            AttachStdout = attachAll || f.Attach.Values.Contains("stdout"),
            AttachStderr = attachAll || f.Attach.Values.Contains("stderr"),
            StdinOnce = f.Interactive.Value && attachStdin,
            Env = env,
            Cmd = command.Count > 0 ? command : null,
            Image = image,
            Volumes = volumes,
            // An empty entrypoint resets the image's.
            Entrypoint = f.Entrypoint.Value.Length > 0 || f.Entrypoint.Given ? [f.Entrypoint.Value] : null,
            WorkingDir = f.Workdir.Value,
            Labels = labels.Count > 0 ? labels : null,
            StopSignal = f.StopSignal.Value,
            StopTimeout = f.StopTimeout.Given ? (int)f.StopTimeout.Value : null,
            Healthcheck = Health(f),
            MacAddress = f.MacAddress.Value,
            HostConfig = new HostConfig
            {
                Binds = binds,
                ContainerIDFile = f.CidFile.Value,
                OomScoreAdj = (int)Math.Clamp(f.OomScoreAdj.Value, int.MinValue, int.MaxValue),
                AutoRemove = f.Remove.Value,
                Privileged = f.Privileged.Value,
                PortBindings = ports.Bindings,
                Links = List(f.Link.Values),
                PublishAllPorts = f.PublishAll.Value,
                Dns = List(f.Dns.Values),
                DnsSearch = List(f.DnsSearch.Values),
                DnsOptions = List(f.DnsOption.Values),
                ExtraHosts = List(f.AddHost.Values),
                VolumesFrom = List(f.VolumesFrom.Values),
                IpcMode = f.Ipc.Value,
                NetworkMode = f.Networks.Count > 0 ? f.Networks[0].Target : "default",
                PidMode = f.Pid.Value,
                UTSMode = f.Uts.Value,
                UsernsMode = f.Userns.Value,
                CgroupnsMode = f.Cgroupns.Value,
                CapAdd = List(f.CapAdd.Values),
                CapDrop = List(f.CapDrop.Values),
                GroupAdd = List(f.GroupAdd.Values),
                RestartPolicy = restart,
                SecurityOpt = List(security),
                StorageOpt = StorageOptions(f.StorageOpt.Values),
                ReadonlyRootfs = f.ReadOnly.Value,
                LogConfig = new LogConfig { Type = f.LogDriver.Value, Config = f.LogOpt.Values.Count > 0 ? KeyValues.ToMap(f.LogOpt.Values) : null },
                VolumeDriver = f.VolumeDriver.Value,
                Isolation = f.Isolation.Value,
                ShmSize = f.ShmSize.Bytes,
                Tmpfs = Tmpfs(f.Tmpfs.Values),
                Sysctls = f.Sysctl.Values.Count > 0 ? f.Sysctl.Values : null,
                Runtime = f.Runtime.Value,
                Mounts = f.Mounts.Count > 0 ? f.Mounts : null,
                MaskedPaths = unconfinedPaths ? [] : null,
                ReadonlyPaths = unconfinedPaths ? [] : null,
                Annotations = f.Annotation.Values.Count > 0 ? f.Annotation.Values : null,
                Init = f.Init.Given ? f.Init.Value : null,
            },
        };
        Resources(f, request.HostConfig, devices, qualified);
        if (f.Remove.Value && restart.Name is not ("no" or "")) throw new CommandException("conflicting options: cannot specify both --restart and --rm");
        request.NetworkingConfig = Endpoints(f, request);
        return request;
    }

    private static void Resources(ContainerFlags f, Resources r, List<DeviceMapping> devices, List<string> qualified)
    {
        r.CgroupParent = f.CgroupParent.Value;
        r.Memory = f.Memory.Bytes;
        r.MemoryReservation = f.MemoryReservation.Bytes;
        r.MemorySwap = f.MemorySwap.Bytes;
        r.MemorySwappiness = f.MemorySwappiness.Value;
        r.KernelMemory = f.KernelMemory.Bytes;
        r.OomKillDisable = f.OomKillDisable.Value;
        r.NanoCpus = f.NanoCpus;
        r.CpuCount = f.CpuCount.Value;
        r.CpuPercent = f.CpuPercent.Value;
        r.CpuShares = f.CpuShares.Value;
        r.CpuPeriod = f.CpuPeriod.Value;
        r.CpuQuota = f.CpuQuota.Value;
        r.CpuRealtimePeriod = f.CpuRtPeriod.Value;
        r.CpuRealtimeRuntime = f.CpuRtRuntime.Value;
        r.CpusetCpus = f.CpusetCpus.Value;
        r.CpusetMems = f.CpusetMems.Value;
        r.PidsLimit = f.PidsLimit.Value;
        r.BlkioWeight = (ushort)f.BlkioWeight.Value;
        r.BlkioWeightDevice = f.WeightDevices.Count > 0 ? f.WeightDevices : null;
        r.BlkioDeviceReadBps = f.ReadBps.Count > 0 ? f.ReadBps : null;
        r.BlkioDeviceReadIOps = f.ReadIops.Count > 0 ? f.ReadIops : null;
        r.BlkioDeviceWriteBps = f.WriteBps.Count > 0 ? f.WriteBps : null;
        r.BlkioDeviceWriteIOps = f.WriteIops.Count > 0 ? f.WriteIops : null;
        r.IOMaximumIOps = unchecked((ulong)f.IoMaxIops.Value);
        r.IOMaximumBandwidth = (ulong)f.IoMaxBandwidth.Bytes;
        r.Ulimits = f.Ulimits.Count > 0 ? [.. f.Ulimits.Values] : null;
        r.DeviceCgroupRules = List(f.DeviceCgroupRule.Values);
        r.Devices = devices.Count > 0 ? devices : null;
        List<DeviceRequest> requests = [.. f.DeviceRequests];
        if (qualified.Count > 0) requests.Add(new DeviceRequest { Driver = "cdi", DeviceIDs = qualified });
        r.DeviceRequests = requests.Count > 0 ? requests : null;
    }

    private static IReadOnlyList<string>? List(IReadOnlyList<string> values) => values.Count > 0 ? values : null;

    private static void CheckMac(string address)
    {
        var text = address.Trim();
        var separator = text.Length > 2 ? text[2] : '\0';
        var groups = separator is ':' or '-' ? text.Split(separator) : text.Split('.');
        var digits = separator is ':' or '-' ? 2 : 4;
        if (groups.Length * digits / 2 is not (6 or 8 or 20) || groups.Any(group => group.Length != digits || !group.All(char.IsAsciiHexDigit)))
            throw new CommandException($"{address} is not a valid mac address");
    }

    private static (List<string>? Binds, HashSet<string>? Volumes) Volumes(IReadOnlyList<string> values)
    {
        List<string>? binds = null;
        HashSet<string>? volumes = null;
        foreach (var value in values.Distinct())
        {
            if (VolumeOption.Check(value, out var hasSource, out var isPath) is { } error) throw new CommandException(error);
            if (!hasSource)
            {
                (volumes ??= []).Add(value);
                continue;
            }

            var colon = value.IndexOf(':', StringComparison.Ordinal);
            (binds ??= []).Add(isPath && value[0] == '.' ? Path.GetFullPath(value[..colon]) + value[colon..] : value);
        }

        return (binds, volumes);
    }

    private static PortOption Ports(ContainerFlags f)
    {
        var ports = new PortOption();
        foreach (var value in f.Publish.Values)
        {
            if (ports.TryPublish(value) is { } error) throw new CommandException(error);
        }

        foreach (var value in f.Expose.Values)
        {
            if (ports.TryExpose(value) is { } error) throw new CommandException(error);
        }

        return ports;
    }

    private static (List<DeviceMapping> Devices, List<string> Qualified) Devices(IReadOnlyList<string> values)
    {
        List<DeviceMapping> devices = [];
        List<string> qualified = [];
        foreach (var value in values)
        {
            if (DeviceOptions.IsQualifiedName(value))
            {
                qualified.Add(value);
                continue;
            }

            if (DeviceOptions.TryParseDevice(value, out var device) is { } error) throw new CommandException(error);
            devices.Add(device);
        }

        return (devices, qualified);
    }

    /// <summary>Files first, then options, then the user's proxies; of a name that comes twice among the options the last one counts.</summary>
    private static List<string>? Environment(ContainerFlags f, Func<ICollection<string>, IEnumerable<KeyValuePair<string, string>>> proxies)
    {
        var names = new Dictionary<string, int>();
        var options = new List<string>();
        foreach (var value in f.Env.Values)
        {
            var equals = value.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? value : value[..equals];
            if (names.TryGetValue(name, out var at))
            {
                options[at] = value;
                continue;
            }

            names[name] = options.Count;
            options.Add(value);
        }

        foreach (var (name, value) in proxies(names.Keys)) options.Add($"{name}={value}");
        var result = KeyValues.Read(f.EnvFile.Values, options, inherit: true);
        return result.Count > 0 ? result : null;
    }

    private static bool IsContainer(string mode) => mode.StartsWith("container:", StringComparison.Ordinal) && mode.Length > "container:".Length;

    private static RestartPolicy RestartPolicyOf(string value)
    {
        if (value.Length == 0) return new RestartPolicy();
        var colon = value.IndexOf(':', StringComparison.Ordinal);
        if (colon == 0) throw new CommandException("invalid restart policy format: no policy provided before colon");
        var name = colon < 0 ? value : value[..colon];
        var count = 0;
        if (colon >= 0 && colon < value.Length - 1 && !int.TryParse(value.AsSpan(colon + 1), out count))
            throw new CommandException("invalid restart policy format: maximum retry count must be an integer");
        return new RestartPolicy { Name = name, MaximumRetryCount = count };
    }

    private static HealthConfig? Health(ContainerFlags f)
    {
        var any = f.HealthCmd.Value.Length > 0 || f.HealthInterval.Nanoseconds != 0 || f.HealthTimeout.Nanoseconds != 0 || f.HealthStartPeriod.Nanoseconds != 0
            || f.HealthStartInterval.Nanoseconds != 0 || f.HealthRetries.Value != 0;
        if (f.NoHealthcheck.Value) return any ? throw new CommandException("--no-healthcheck conflicts with --health-* options") : new HealthConfig { Test = ["NONE"] };
        if (!any) return null;
        foreach (var (name, value) in new[]
        {
            ("interval", f.HealthInterval.Nanoseconds), ("timeout", f.HealthTimeout.Nanoseconds), ("retries", f.HealthRetries.Value),
            ("start-period", f.HealthStartPeriod.Nanoseconds), ("start-interval", f.HealthStartInterval.Nanoseconds),
        })
        {
            if (value < 0) throw new CommandException($"--health-{name} cannot be negative");
        }

        return new HealthConfig
        {
            Test = f.HealthCmd.Value.Length > 0 ? ["CMD-SHELL", f.HealthCmd.Value] : null,
            Interval = f.HealthInterval.Nanoseconds,
            Timeout = f.HealthTimeout.Nanoseconds,
            StartPeriod = f.HealthStartPeriod.Nanoseconds,
            StartInterval = f.HealthStartInterval.Nanoseconds,
            Retries = (int)f.HealthRetries.Value,
        };
    }

    /// <summary>A seccomp profile in a file is sent along; systempaths=unconfined is not the engine's to know.</summary>
    private static List<string> SecurityOptions(IReadOnlyList<string> values, out bool unconfinedPaths)
    {
        unconfinedPaths = false;
        var result = new List<string>();
        foreach (var value in values)
        {
            var cut = value.IndexOf('=', StringComparison.Ordinal);
            if (cut < 0 && value != "no-new-privileges") cut = value.IndexOf(':', StringComparison.Ordinal);
            var key = cut < 0 ? value : value[..cut];
            var text = cut < 0 ? "" : value[(cut + 1)..];
            if (text.Length == 0 && key != "no-new-privileges") throw new CommandException($"Invalid --security-opt: {Formatting.GoText.Quote(value)}");
            if (value == "systempaths=unconfined") unconfinedPaths = true;
            else if (key == "seccomp" && text is not ("builtin" or "unconfined")) result.Add("seccomp=" + Profile(text));
            else result.Add(value);
        }

        return result;
    }

    private static string Profile(string path)
    {
        byte[] content;
        try
        {
            content = HostFiles.ReadAll(path);
        }
        catch (CommandException e)
        {
            throw new CommandException($"opening seccomp profile ({path}) failed: {e.Message}");
        }

        try
        {
            using var document = JsonDocument.Parse(content);
            var text = new StringBuilder();
            Formatting.GoJson.Append(text, document.RootElement);
            return text.ToString();
        }
        catch (JsonException e)
        {
            throw new CommandException($"compacting json for seccomp profile ({path}) failed: {e.Message}");
        }
    }

    private static SortedDictionary<string, string>? StorageOptions(IReadOnlyList<string> values)
    {
        if (values.Any(value => !value.Contains('=', StringComparison.Ordinal))) throw new CommandException("invalid storage option");
        return values.Count > 0 ? KeyValues.ToMap(values) : null;
    }

    private static Dictionary<string, string>? Tmpfs(IReadOnlyList<string> values)
    {
        Dictionary<string, string>? result = null;
        foreach (var value in values)
        {
            var colon = value.IndexOf(':', StringComparison.Ordinal);
            (result ??= [])[colon < 0 ? value : value[..colon]] = colon < 0 ? "" : value[(colon + 1)..];
        }

        return result;
    }

    private static NetworkingConfig? Endpoints(ContainerFlags f, ContainerCreateRequest request)
    {
        var networks = f.Networks.Count > 0 ? f.Networks : [NetworkOption.Default];
        Merge(f, networks[0]);
        var endpoints = new SortedDictionary<string, EndpointSettings?>(StringComparer.Ordinal);
        foreach (var network in networks)
        {
            if (string.IsNullOrWhiteSpace(network.Target)) throw new CommandException("no name set for network");
            if (!network.IsUserDefined && network.Aliases.Count > 0) throw new CommandException("network-scoped aliases are only supported for user-defined networks");
            if (!network.IsUserDefined && network.Links.Count > 0) throw new CommandException("links are only supported for user-defined networks");
            if (network.MacAddress.Length > 0) CheckMac(network.MacAddress);
            if (endpoints.ContainsKey(network.Target)) throw new CommandException($"network {Formatting.GoText.Quote(network.Target)} is specified multiple times");
            // The engine makes the endpoint of a single network that has no settings.
            if (networks.Count > 1 || network.HasSettings) endpoints[network.Target] = network.ToEndpoint();
        }

        if (f.Networks.Any(network => network.IsUserDefined) && f.Networks.Any(network => !network.IsUserDefined))
            throw new CommandException("conflicting options: cannot attach both user-defined and non-user-defined network-modes");
        if (endpoints.TryGetValue(networks[0].Target, out var main) && main is { MacAddress.Length: > 0 }) request.MacAddress = main.MacAddress;
        return endpoints.Count > 0 ? new NetworkingConfig { EndpointsConfig = endpoints } : null;
    }

    /// <summary>The options of an endpoint without a network's name are the first network's.</summary>
    private static void Merge(ContainerFlags f, NetworkOption n)
    {
        Both(n.Aliases.Count > 0 && f.NetworkAlias.Values.Count > 0, "--network-alias and per-network alias");
        Both(n.Links.Count > 0 && f.Link.Values.Count > 0, "--link and per-network links");
        Both(n.IPv4.Length > 0 && f.IPv4.Value.Length > 0, "--ip and per-network IPv4 address");
        Both(n.IPv6.Length > 0 && f.IPv6.Value.Length > 0, "--ip6 and per-network IPv6 address");
        Both(n.MacAddress.Length > 0 && f.MacAddress.Value.Length > 0, "--mac-address and per-network MAC address");
        Both(n.LinkLocalAddresses.Count > 0 && f.LinkLocalIp.Values.Count > 0, "--link-local-ip and per-network link-local IP addresses");
        n.Aliases.AddRange(f.NetworkAlias.Values);
        if (n.IsUserDefined) n.Links.AddRange(f.Link.Values);
        if (f.IPv4.Value.Length > 0) n.IPv4 = f.IPv4.Value;
        if (f.IPv6.Value.Length > 0) n.IPv6 = f.IPv6.Value;
        if (f.MacAddress.Value.Length > 0) n.MacAddress = f.MacAddress.Value;
        n.LinkLocalAddresses.AddRange(f.LinkLocalIp.Values);

        static void Both(bool conflict, string what)
        {
            if (conflict) throw new CommandException($"conflicting options: cannot specify both {what}");
        }
    }
}
