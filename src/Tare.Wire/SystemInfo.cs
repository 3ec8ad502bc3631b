using System.Text.Json.Serialization;
using Tare.Wire.Json;

namespace Tare.Wire;

/// <summary>Swagger: SystemInfo.</summary>
public sealed record SystemInfo
{
    public string ID { get; set; } = "";

    public int Containers { get; set; }

    public int ContainersRunning { get; set; }

    public int ContainersPaused { get; set; }

    public int ContainersStopped { get; set; }

    public int Images { get; set; }

    public string Driver { get; set; } = "";

    /// <summary>Pairs of name and value.</summary>
    public IReadOnlyList<IReadOnlyList<string>>? DriverStatus { get; set; }

    public PluginsInfo Plugins { get; set; } = new();

    public bool MemoryLimit { get; set; }

    public bool SwapLimit { get; set; }

    /// <summary>Cgroup v1 only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool KernelMemoryTCP { get; set; }

    public bool CpuCfsPeriod { get; set; }

    public bool CpuCfsQuota { get; set; }

    public bool CPUShares { get; set; }

    public bool CPUSet { get; set; }

    public bool PidsLimit { get; set; }

    public bool IPv4Forwarding { get; set; }

    /// <summary>Up to API 1.49, as is the next.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? BridgeNfIptables { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? BridgeNfIp6tables { get; set; }

    public bool Debug { get; set; }

    public int NFd { get; set; }

    public bool OomKillDisable { get; set; }

    /// <summary>Threads, where Docker counts goroutines.</summary>
    public int NGoroutines { get; set; }

    public string SystemTime { get; set; } = "";

    public string LoggingDriver { get; set; } = "";

    public string CgroupDriver { get; set; } = "";

    /// <summary>1 or 2.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CgroupVersion { get; set => field = OmitEmpty.Text(value); }

    public int NEventsListener { get; set; }

    public string KernelVersion { get; set; } = "";

    public string OperatingSystem { get; set; } = "";

    public string OSVersion { get; set; } = "";

    public string OSType { get; set; } = "";

    public string Architecture { get; set; } = "";

    public string IndexServerAddress { get; set; } = "";

    public RegistryServiceConfig? RegistryConfig { get; set; }

    public int NCPU { get; set; }

    /// <summary>Bytes.</summary>
    public long MemTotal { get; set; }

    /// <summary>Swarm only, so always null.</summary>
    public IReadOnlyList<string>? GenericResources { get; set; }

    public string DockerRootDir { get; set; } = "";

    public string HttpProxy { get; set; } = "";

    public string HttpsProxy { get; set; } = "";

    public string NoProxy { get; set; } = "";

    public string Name { get; set; } = "";

    public IReadOnlyList<string>? Labels { get; set; }

    public bool ExperimentalBuild { get; set; }

    public string ServerVersion { get; set; } = "";

    public IReadOnlyDictionary<string, Runtime>? Runtimes { get; set; }

    public string DefaultRuntime { get; set; } = "";

    public SwarmInfo Swarm { get; set; } = new();

    public bool LiveRestoreEnabled { get; set; }

    public string Isolation { get; set; } = "";

    public string InitBinary { get; set; } = "";

    public Commit ContainerdCommit { get; set; } = new();

    public Commit RuncCommit { get; set; } = new();

    public Commit InitCommit { get; set; } = new();

    public IReadOnlyList<string>? SecurityOptions { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ProductLicense { get; set => field = OmitEmpty.Text(value); }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<NetworkAddressPool>? DefaultAddressPools { get; set => field = OmitEmpty.List(value); }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public FirewallInfo? FirewallBackend { get; set; }

    public IReadOnlyList<string>? CDISpecDirs { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<DeviceInfo>? DiscoveredDevices { get; set => field = OmitEmpty.List(value); }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ContainerdInfo? Containerd { get; set; }

    public IReadOnlyList<string>? Warnings { get; set; }
}

/// <summary>Names of drivers. Swagger: PluginsInfo.</summary>
public sealed record PluginsInfo
{
    public IReadOnlyList<string>? Volume { get; set; }

    public IReadOnlyList<string>? Network { get; set; }

    public IReadOnlyList<string>? Authorization { get; set; }

    public IReadOnlyList<string>? Log { get; set; }
}

/// <summary>Swagger: RegistryServiceConfig.</summary>
public sealed record RegistryServiceConfig
{
    public IReadOnlyDictionary<string, IndexInfo>? IndexConfigs { get; set; }

    public IReadOnlyList<string>? InsecureRegistryCIDRs { get; set; }

    public IReadOnlyList<string>? Mirrors { get; set; }
}

/// <summary>Swagger: IndexInfo.</summary>
public sealed record IndexInfo
{
    public IReadOnlyList<string>? Mirrors { get; set; }

    public string Name { get; set; } = "";

    public bool Official { get; set; }

    public bool Secure { get; set; }
}

/// <summary>Swagger: Runtime.</summary>
public sealed record Runtime
{
    [JsonPropertyName("path")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Path { get; set => field = OmitEmpty.Text(value); }

    [JsonPropertyName("runtimeArgs")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? RuntimeArgs { get; set => field = OmitEmpty.List(value); }

    [JsonPropertyName("status")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Status { get; set => field = OmitEmpty.Map(value); }
}

/// <summary>Swagger: Commit.</summary>
public sealed record Commit
{
    public string ID { get; set; } = "";

    /// <summary>Up to API 1.48, the same as <see cref="ID"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Expected { get; set => field = OmitEmpty.Text(value); }
}

/// <summary>Swagger: SwarmInfo, of an engine that is in no swarm.</summary>
public sealed record SwarmInfo
{
    public string NodeID { get; set; } = "";

    public string NodeAddr { get; set; } = "";

    public string LocalNodeState { get; set; } = "inactive";

    public bool ControlAvailable { get; set; }

    public string Error { get; set; } = "";

    public IReadOnlyList<PeerNode>? RemoteManagers { get; set; }
}

/// <summary>Swagger: PeerNode.</summary>
public sealed record PeerNode
{
    public string NodeID { get; set; } = "";

    public string Addr { get; set; } = "";
}

/// <summary>A range that subnets of networks are taken from.</summary>
public sealed record NetworkAddressPool
{
    public string Base { get; set; } = "";

    public int Size { get; set; }
}

/// <summary>Swagger: FirewallInfo.</summary>
public sealed record FirewallInfo
{
    public string Driver { get; set; } = "";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<IReadOnlyList<string>>? Info { get; set => field = OmitEmpty.List(value); }
}

/// <summary>Swagger: DeviceInfo.</summary>
public sealed record DeviceInfo
{
    public string Source { get; set; } = "";

    public string ID { get; set; } = "";
}

/// <summary>Swagger: ContainerdInfo.</summary>
public sealed record ContainerdInfo
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Address { get; set => field = OmitEmpty.Text(value); }

    public ContainerdNamespaces Namespaces { get; set; } = new();
}

public sealed record ContainerdNamespaces
{
    public string Containers { get; set; } = "";

    public string Plugins { get; set; } = "";
}
