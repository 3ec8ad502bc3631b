using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Wire;

namespace Tare.Cli.Creation;

/// <summary>The options that <c>run</c> and <c>create</c> share: what the container is to be.</summary>
internal sealed class ContainerFlags
{
    public ContainerFlags(FlagSet flags, Action<string> warn)
    {
        // -h is the hostname here.
        flags.Add(new SwitchFlag("help", '\0', "Print usage"));

        Name = flags.Text("name", "Name of the container");
        Platform = flags.Text("platform", "Platform to use of an image that has several", initial: Environment.GetEnvironmentVariable("DOCKER_DEFAULT_PLATFORM") ?? "");
        Pull = flags.Text("pull", "When to fetch the image (\"always\", \"missing\", \"never\")", initial: "missing");
        Quiet = flags.Switch("quiet", "Fetch the image without output", 'q');
        UseApiSocket = flags.Switch("use-api-socket", "Give the container the engine's socket and the user's credentials");
        Untrusted = ContentTrust.Add(flags, "Do not verify the image's signature");

        Attach = flags.List("attach", "Attach to stdin, stdout or stderr", 'a', CheckStream);
        Env = flags.List("env", "Set an environment variable", 'e', KeyValues.CheckVariable);
        EnvFile = flags.List("env-file", "Set environment variables from a file");
        Entrypoint = flags.Text("entrypoint", "Program to run instead of the image's entrypoint");
        GroupAdd = flags.List("group-add", "Further groups of the user");
        Hostname = flags.Text("hostname", "Host name inside the container", 'h');
        Domainname = flags.Text("domainname", "NIS domain name inside the container");
        Interactive = flags.Switch("interactive", "Keep stdin open, attached or not", 'i');
        Label = flags.List("label", "Set a label", 'l', KeyValues.CheckLabel);
        LabelFile = flags.List("label-file", "Set labels from a file");
        ReadOnly = flags.Switch("read-only", "Make the root file system read-only");
        Restart = flags.Text("restart", "What to do when the container ends", initial: "no");
        StopSignal = flags.Text("stop-signal", "Signal that stops the container");
        StopTimeout = flags.Number("stop-timeout", "Seconds between that signal and SIGKILL");
        Sysctl = flags.Add(new MapFlag("sysctl", "Set a kernel parameter of the container", KeyValues.CheckSysctl));
        Tty = flags.Switch("tty", "Give the container a terminal", 't');
        flags.Add(new ParsedFlag("ulimit", '\0', "Set a resource limit, NAME=SOFT[:HARD]", "ulimit", AddUlimit) { Initial = "[]" });
        User = flags.Text("user", "User to run as, NAME|UID[:GROUP|GID]", 'u');
        Workdir = flags.Text("workdir", "Working directory inside the container", 'w');
        Remove = flags.Switch("rm", "Remove the container and its anonymous volumes when it ends");
        CidFile = flags.Text("cidfile", "Write the container's ID to a file");
        Init = flags.Switch("init", "Run an init in the container that reaps processes and passes signals on");

        CapAdd = flags.List("cap-add", "Add a capability");
        CapDrop = flags.List("cap-drop", "Drop a capability");
        Privileged = flags.Switch("privileged", "Give the container all the rights that the engine has");
        SecurityOpt = flags.List("security-opt", "Set a security option");
        Userns = flags.Text("userns", "User namespace, \"host\" or the engine's default");
        Cgroupns = flags.Text("cgroupns", "Cgroup namespace, \"host\", \"private\" or the engine's default");

        AddHost = flags.List("add-host", "Add a line to /etc/hosts, HOST:ADDRESS", check: CheckHost);
        Dns = flags.List("dns", "Set a DNS server", check: CheckAddress);
        DnsOption = flags.List("dns-option", "Set an option of the resolver");
        flags.Add(new ParsedFlag("dns-opt", '\0', "Set an option of the resolver", "list", DnsOption.Set) { Hidden = true });
        DnsSearch = flags.List("dns-search", "Set a domain that names are searched in", check: CheckDomain);
        Expose = flags.List("expose", "Document a port or a range of ports");
        IPv4 = flags.Text("ip", "IPv4 address of the container");
        IPv6 = flags.Text("ip6", "IPv6 address of the container");
        Link = flags.List("link", "Link to another container", check: CheckLink);
        LinkLocalIp = flags.List("link-local-ip", "Link-local address of the container");
        MacAddress = flags.Text("mac-address", "MAC address of the container");
        Publish = flags.List("publish", "Publish a port on the host, [[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]", 'p');
        PublishAll = flags.Switch("publish-all", "Publish all documented ports on free ports of the host", 'P');
        flags.Add(new ParsedFlag("network", '\0', "Connect the container to a network", "network", AddNetwork));
        flags.Add(new ParsedFlag("net", '\0', "Connect the container to a network", "network", AddNetwork) { Hidden = true });
        NetworkAlias = flags.List("network-alias", "Further name of the container in the network");
        flags.Add(new ParsedFlag("net-alias", '\0', "Further name of the container in the network", "list", NetworkAlias.Set) { Hidden = true });

        LogDriver = flags.Text("log-driver", "Where the container's output is logged");
        LogOpt = flags.List("log-opt", "Set an option of the log driver");
        VolumeDriver = flags.Text("volume-driver", "Driver of the container's volumes");
        StorageOpt = flags.List("storage-opt", "Set an option of the storage driver");
        Tmpfs = flags.List("tmpfs", "Mount an empty file system in memory, PATH[:OPTIONS]");
        VolumesFrom = flags.List("volumes-from", "Mount the volumes of another container");
        Volume = flags.List("volume", "Mount a directory of the host or a volume, SOURCE:TARGET[:OPTIONS]", 'v');
        flags.Add(new ParsedFlag("mount", '\0', "Mount a file system, type=…,source=…,target=…", "mount", value => AddMount(value, warn)));

        HealthCmd = flags.Text("health-cmd", "Command that tells whether the container is healthy");
        HealthInterval = flags.Add(new DurationFlag("health-interval", "Time between two checks (default 0s)"));
        HealthRetries = flags.Number("health-retries", "Failures in a row that make the container unhealthy");
        HealthTimeout = flags.Add(new DurationFlag("health-timeout", "Longest time that a check may take (default 0s)"));
        HealthStartPeriod = flags.Add(new DurationFlag("health-start-period", "Time in which failures do not count (default 0s)"));
        HealthStartInterval = flags.Add(new DurationFlag("health-start-interval", "Time between two checks in that time (default 0s)"));
        NoHealthcheck = flags.Switch("no-healthcheck", "Disable the image's health check");

        BlkioWeight = flags.Add(new NumberFlag("blkio-weight", '\0', "Relative weight of block I/O, 10 to 1000, or 0 (default 0)", bits: 16, unsigned: true));
        flags.Add(new ParsedFlag("blkio-weight-device", '\0', "Relative weight of one block device, PATH:WEIGHT", "list", AddWeight) { Initial = "[]" });
        CpusetCpus = flags.Text("cpuset-cpus", "CPUs that may be used, such as 0-3 or 0,1");
        CpusetMems = flags.Text("cpuset-mems", "Memory nodes that may be used, such as 0-3 or 0,1");
        CpuCount = flags.Number("cpu-count", "Number of CPUs (Windows only)");
        CpuPercent = flags.Number("cpu-percent", "Percentage of the CPUs (Windows only)");
        CpuPeriod = flags.Number("cpu-period", "Length of a period of the scheduler in microseconds");
        CpuQuota = flags.Number("cpu-quota", "CPU time in each period in microseconds");
        CpuRtPeriod = flags.Number("cpu-rt-period", "Length of a real-time period in microseconds");
        CpuRtRuntime = flags.Number("cpu-rt-runtime", "Real-time CPU time in each period in microseconds");
        CpuShares = flags.Number("cpu-shares", "Relative weight of CPU time", 'c');
        flags.Add(new ParsedFlag("cpus", '\0', "Number of CPUs that may be busy at a time", "decimal", SetCpus));
        flags.Add(new ParsedFlag("device-read-bps", '\0', "Limit bytes per second read from a device, PATH:RATE", "list", value => AddThrottle(ReadBps, value, true)) { Initial = "[]" });
        flags.Add(new ParsedFlag("device-read-iops", '\0', "Limit reads per second from a device, PATH:RATE", "list", value => AddThrottle(ReadIops, value, false)) { Initial = "[]" });
        flags.Add(new ParsedFlag("device-write-bps", '\0', "Limit bytes per second written to a device, PATH:RATE", "list", value => AddThrottle(WriteBps, value, true)) { Initial = "[]" });
        flags.Add(new ParsedFlag("device-write-iops", '\0', "Limit writes per second to a device, PATH:RATE", "list", value => AddThrottle(WriteIops, value, false)) { Initial = "[]" });
        Device = flags.List("device", "Give the container a device of the host, PATH[:INSIDE][:rwm]");
        DeviceCgroupRule = flags.List("device-cgroup-rule", "Allow devices by number, such as \"c 1:3 rwm\"", check: DeviceOptions.CheckRule);
        flags.Add(new ParsedFlag("gpus", '\0', "GPUs to give to the container, \"all\" for all", "gpu-request", AddGpus));
        IoMaxBandwidth = flags.Add(new SizeFlag("io-maxbandwidth", '\0', "Limit of the system drive's I/O bandwidth (Windows only)"));
        IoMaxIops = flags.Add(new NumberFlag("io-maxiops", '\0', "Limit of the system drive's I/O operations (Windows only)", unsigned: true));
        KernelMemory = flags.Add(new SizeFlag("kernel-memory", '\0', "Limit of kernel memory (obsolete)"));
        Memory = flags.Add(new SizeFlag("memory", 'm', "Limit of memory"));
        MemoryReservation = flags.Add(new SizeFlag("memory-reservation", '\0', "Memory that the container is left with when it gets scarce"));
        MemorySwap = flags.Add(new SizeFlag("memory-swap", '\0', "Limit of memory and swap together, -1 for no limit of swap", unlimited: true));
        MemorySwappiness = flags.Number("memory-swappiness", "How readily memory is swapped out, 0 to 100", initial: -1);
        OomKillDisable = flags.Switch("oom-kill-disable", "Do not kill processes when memory is used up");
        OomScoreAdj = flags.Number("oom-score-adj", "How readily the processes are killed when the host's memory is used up, -1000 to 1000");
        PidsLimit = flags.Number("pids-limit", "Limit of the number of processes, -1 for none");

        CgroupParent = flags.Text("cgroup-parent", "Cgroup to put the container's below");
        Ipc = flags.Text("ipc", "IPC namespace");
        Isolation = flags.Text("isolation", "How the container is isolated (Windows only)");
        Pid = flags.Text("pid", "PID namespace");
        ShmSize = flags.Add(new SizeFlag("shm-size", '\0', "Size of /dev/shm"));
        Uts = flags.Text("uts", "UTS namespace");
        Runtime = flags.Text("runtime", "Runtime to run the container with");
        Annotation = flags.Add(new MapFlag("annotation", "Set an annotation, which the runtime gets"));
    }

    public TextFlag Name { get; }

    public TextFlag Platform { get; }

    public TextFlag Pull { get; }

    public SwitchFlag Quiet { get; }

    /// <summary>Not by signed names alone, which is the only way that is there.</summary>
    public SwitchFlag Untrusted { get; }

    public SwitchFlag UseApiSocket { get; }

    public ListFlag Attach { get; }

    public ListFlag Env { get; }

    public ListFlag EnvFile { get; }

    public TextFlag Entrypoint { get; }

    public ListFlag GroupAdd { get; }

    public TextFlag Hostname { get; }

    public TextFlag Domainname { get; }

    public SwitchFlag Interactive { get; }

    public ListFlag Label { get; }

    public ListFlag LabelFile { get; }

    public SwitchFlag ReadOnly { get; }

    public TextFlag Restart { get; }

    public TextFlag StopSignal { get; }

    public NumberFlag StopTimeout { get; }

    public MapFlag Sysctl { get; }

    public SwitchFlag Tty { get; }

    public SortedDictionary<string, Ulimit> Ulimits { get; } = new(StringComparer.Ordinal);

    public TextFlag User { get; }

    public TextFlag Workdir { get; }

    public SwitchFlag Remove { get; }

    public TextFlag CidFile { get; }

    public SwitchFlag Init { get; }

    public ListFlag CapAdd { get; }

    public ListFlag CapDrop { get; }

    public SwitchFlag Privileged { get; }

    public ListFlag SecurityOpt { get; }

    public TextFlag Userns { get; }

    public TextFlag Cgroupns { get; }

    public ListFlag AddHost { get; }

    public ListFlag Dns { get; }

    public ListFlag DnsOption { get; }

    public ListFlag DnsSearch { get; }

    public ListFlag Expose { get; }

    public TextFlag IPv4 { get; }

    public TextFlag IPv6 { get; }

    public ListFlag Link { get; }

    public ListFlag LinkLocalIp { get; }

    public TextFlag MacAddress { get; }

    public ListFlag Publish { get; }

    public SwitchFlag PublishAll { get; }

    public List<NetworkOption> Networks { get; } = [];

    public ListFlag NetworkAlias { get; }

    public TextFlag LogDriver { get; }

    public ListFlag LogOpt { get; }

    public TextFlag VolumeDriver { get; }

    public ListFlag StorageOpt { get; }

    public ListFlag Tmpfs { get; }

    public ListFlag VolumesFrom { get; }

    public ListFlag Volume { get; }

    public List<Mount> Mounts { get; } = [];

    public TextFlag HealthCmd { get; }

    public DurationFlag HealthInterval { get; }

    public NumberFlag HealthRetries { get; }

    public DurationFlag HealthTimeout { get; }

    public DurationFlag HealthStartPeriod { get; }

    public DurationFlag HealthStartInterval { get; }

    public SwitchFlag NoHealthcheck { get; }

    public NumberFlag BlkioWeight { get; }

    public List<WeightDevice> WeightDevices { get; } = [];

    public TextFlag CpusetCpus { get; }

    public TextFlag CpusetMems { get; }

    public NumberFlag CpuCount { get; }

    public NumberFlag CpuPercent { get; }

    public NumberFlag CpuPeriod { get; }

    public NumberFlag CpuQuota { get; }

    public NumberFlag CpuRtPeriod { get; }

    public NumberFlag CpuRtRuntime { get; }

    public NumberFlag CpuShares { get; }

    public long NanoCpus { get; private set; }

    public List<ThrottleDevice> ReadBps { get; } = [];

    public List<ThrottleDevice> ReadIops { get; } = [];

    public List<ThrottleDevice> WriteBps { get; } = [];

    public List<ThrottleDevice> WriteIops { get; } = [];

    public ListFlag Device { get; }

    public ListFlag DeviceCgroupRule { get; }

    public List<DeviceRequest> DeviceRequests { get; } = [];

    public SizeFlag IoMaxBandwidth { get; }

    public NumberFlag IoMaxIops { get; }

    public SizeFlag KernelMemory { get; }

    public SizeFlag Memory { get; }

    public SizeFlag MemoryReservation { get; }

    public SizeFlag MemorySwap { get; }

    public NumberFlag MemorySwappiness { get; }

    public SwitchFlag OomKillDisable { get; }

    public NumberFlag OomScoreAdj { get; }

    public NumberFlag PidsLimit { get; }

    public TextFlag CgroupParent { get; }

    public TextFlag Ipc { get; }

    public TextFlag Isolation { get; }

    public TextFlag Pid { get; }

    public SizeFlag ShmSize { get; }

    public TextFlag Uts { get; }

    public TextFlag Runtime { get; }

    public MapFlag Annotation { get; }

    private static string? CheckStream(ref string value)
    {
        value = value.ToLowerInvariant();
        return value is "stdin" or "stdout" or "stderr" ? null : "valid streams are STDIN, STDOUT and STDERR";
    }

    private static string? CheckAddress(ref string value)
    {
        if (!PortOption.TryAddress(value.Trim(), out var address)) return $"IP address is not correctly formatted: {value}";
        value = address;
        return null;
    }

    /// <summary>HOST:ADDRESS or HOST=ADDRESS; the address may stand in brackets. The engine takes the first form, without them.</summary>
    private static string? CheckHost(ref string value)
    {
        var cut = value.IndexOf('=', StringComparison.Ordinal);
        if (cut < 0) cut = value.IndexOf(':', StringComparison.Ordinal);
        if (cut <= 0 || value.AsSpan(0, cut).Contains(':')) return $"bad format for add-host: {GoText.Quote(value)}";
        var address = value[(cut + 1)..];
        if (address is ['[', _, .., ']']) address = address[1..^1];
        if (address != "host-gateway" && !PortOption.TryAddress(address.Trim(), out _)) return $"invalid IP address in add-host: {GoText.Quote(address)}";
        value = $"{value[..cut]}:{address}";
        return null;
    }

    private static string? CheckDomain(ref string value)
    {
        var domain = value.Trim(' ');
        if (domain != ".")
        {
            domain = domain.TrimEnd().TrimEnd('.');
            var labels = domain.Split('.');
            var valid = domain.Any(char.IsAsciiLetter) && domain.Length < 255
                && labels.All(label => label.Length > 0 && label[0] != '-' && label[^1] != '-' && label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'));
            if (!valid) return $"{value} is not a valid domain";
        }

        value = domain;
        return null;
    }

    /// <summary>--link: a container, and perhaps a name for it behind a colon.</summary>
    public static string? CheckLink(ref string value)
    {
        if (value.Length == 0) return "empty string specified for links";
        return value.Count(c => c == ':') > 1 ? "bad format for links: " + value : null;
    }

    private string? AddUlimit(string value)
    {
        if (UlimitOption.TryParse(value, out var limit) is { } error) return error;
        Ulimits[limit.Name] = limit;
        return null;
    }

    private string? AddNetwork(string value)
    {
        if (NetworkOption.TryParse(value, out var network) is { } error) return error;
        Networks.Add(network);
        return null;
    }

    private string? AddMount(string value, Action<string> warn)
    {
        if (MountOption.TryParse(value, warn, out var mount) is { } error) return error;
        Mounts.Add(mount);
        return null;
    }

    private string? AddWeight(string value)
    {
        if (DeviceOptions.TryParseWeight(value, out var device) is { } error) return error;
        WeightDevices.Add(device);
        return null;
    }

    private static string? AddThrottle(List<ThrottleDevice> target, string value, bool inBytes)
    {
        if (DeviceOptions.TryParseThrottle(value, inBytes, out var device) is { } error) return error;
        target.Add(device);
        return null;
    }

    private string? AddGpus(string value)
    {
        if (DeviceOptions.TryParseGpus(value, out var request) is { } error) return error;
        DeviceRequests.Add(request);
        return null;
    }

    private string? SetCpus(string value)
    {
        if (Rational.TryParseNano(value, out var nano) is { } error) return error;
        NanoCpus = nano;
        return null;
    }
}
