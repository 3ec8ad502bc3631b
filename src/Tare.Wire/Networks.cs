using System.Text.Json.Serialization;
using Tare.Wire.Json;

namespace Tare.Wire;

/// <summary>The endpoints that a container is created with, by network. Swagger: NetworkingConfig.</summary>
public sealed record NetworkingConfig
{
    public IReadOnlyDictionary<string, EndpointSettings?>? EndpointsConfig { get; set; }
}

/// <summary>
/// A container's networks. Swagger: NetworkSettings. The members before <see cref="Networks"/> that can be null are written only up
/// to API 1.51.
/// </summary>
public sealed record NetworkSettings
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Bridge { get; set; }

    public string SandboxID { get; set; } = "";

    public string SandboxKey { get; set; } = "";

    /// <summary>Keys like <c>80/tcp</c>; null for a port that is exposed and not published.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<PortBinding>?>? Ports { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? HairpinMode { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LinkLocalIPv6Address { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? LinkLocalIPv6PrefixLen { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<NetworkAddress>? SecondaryIPAddresses { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<NetworkAddress>? SecondaryIPv6Addresses { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? EndpointID { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Gateway { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? GlobalIPv6Address { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? GlobalIPv6PrefixLen { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? IPAddress { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? IPPrefixLen { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? IPv6Gateway { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? MacAddress { get; set; }

    public IReadOnlyDictionary<string, EndpointSettings?>? Networks { get; set; }
}

/// <summary>The networks in a list of containers.</summary>
public sealed record NetworkSettingsSummary
{
    public IReadOnlyDictionary<string, EndpointSettings?>? Networks { get; set; }
}

/// <summary>Swagger: Address.</summary>
public sealed record NetworkAddress
{
    public string Addr { get; set; } = "";

    public int PrefixLen { get; set; }
}

/// <summary>A container's place in one network. Swagger: EndpointSettings.</summary>
public sealed record EndpointSettings
{
    public EndpointIPAMConfig? IPAMConfig { get; set; }

    public IReadOnlyList<string>? Links { get; set; }

    public IReadOnlyList<string>? Aliases { get; set; }

    public string MacAddress { get; set; } = "";

    public IReadOnlyDictionary<string, string>? DriverOpts { get; set; }

    public int GwPriority { get; set; }

    public string NetworkID { get; set; } = "";

    public string EndpointID { get; set; } = "";

    public string Gateway { get; set; } = "";

    public string IPAddress { get; set; } = "";

    public int IPPrefixLen { get; set; }

    public string IPv6Gateway { get; set; } = "";

    public string GlobalIPv6Address { get; set; } = "";

    public int GlobalIPv6PrefixLen { get; set; }

    public IReadOnlyList<string>? DNSNames { get; set; }
}

/// <summary>Swagger: EndpointIPAMConfig.</summary>
public sealed record EndpointIPAMConfig
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? IPv4Address { get; set => field = OmitEmpty.Text(value); }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? IPv6Address { get; set => field = OmitEmpty.Text(value); }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? LinkLocalIPs { get; set => field = OmitEmpty.List(value); }
}

/// <summary>Swagger: PortSummary.</summary>
public sealed record PortSummary
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? IP { get; set => field = OmitEmpty.Text(value); }

    public ushort PrivatePort { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ushort PublicPort { get; set; }

    public string Type { get; set; } = "";
}

/// <summary>
/// A network, in lists and when inspected. Swagger: NetworkSummary, NetworkInspect; their Peers and Services are a swarm's, and never there.
/// </summary>
public sealed record NetworkInspect
{
    public string Name { get; set; } = "";

    public string Id { get; set; } = "";

    public string Created { get; set; } = GoTime.Zero;

    public string Scope { get; set; } = "";

    public string Driver { get; set; } = "";

    public bool EnableIPv4 { get; set; }

    public bool EnableIPv6 { get; set; }

    public IPAM IPAM { get; set; } = new();

    public bool Internal { get; set; }

    public bool Attachable { get; set; }

    public bool Ingress { get; set; }

    public ConfigReference ConfigFrom { get; set; } = new();

    public bool ConfigOnly { get; set; }

    /// <summary>By container id. Lists have none from API 1.52 on.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, EndpointResource>? Containers { get; set; }

    public IReadOnlyDictionary<string, string>? Options { get; set; }

    public IReadOnlyDictionary<string, string>? Labels { get; set; }

    /// <summary>From API 1.52 on, and not in lists.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public NetworkStatus? Status { get; set; }
}

/// <summary>Swagger: NetworkStatus.</summary>
public sealed record NetworkStatus
{
    public IPAMStatus IPAM { get; set; } = new();
}

/// <summary>Swagger: IPAMStatus.</summary>
public sealed record IPAMStatus
{
    /// <summary>By subnet, as a prefix.</summary>
    public IReadOnlyDictionary<string, SubnetStatus>? Subnets { get; set; }
}

/// <summary>Swagger: SubnetStatus.</summary>
public sealed record SubnetStatus
{
    /// <summary>Addresses in use or reserved, among them the network's own; at most 2^64-1.</summary>
    public ulong IPsInUse { get; set; }

    /// <summary>Addresses that can still be leased; at most 2^64-1.</summary>
    public ulong DynamicIPsAvailable { get; set; }
}

/// <summary>Swagger: IPAM.</summary>
public sealed record IPAM
{
    public string Driver { get; set; } = "";

    public IReadOnlyDictionary<string, string>? Options { get; set; }

    public IReadOnlyList<IPAMConfig>? Config { get; set; }
}

/// <summary>Swagger: IPAMConfig.</summary>
public sealed record IPAMConfig
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Subnet { get; set => field = OmitEmpty.Text(value); }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? IPRange { get; set => field = OmitEmpty.Text(value); }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Gateway { get; set => field = OmitEmpty.Text(value); }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? AuxiliaryAddresses { get; set => field = OmitEmpty.Map(value); }
}

/// <summary>Swagger: ConfigReference.</summary>
public sealed record ConfigReference
{
    public string Network { get; set; } = "";
}

/// <summary>Swagger: EndpointResource.</summary>
public sealed record EndpointResource
{
    public string Name { get; set; } = "";

    public string EndpointID { get; set; } = "";

    public string MacAddress { get; set; } = "";

    public string IPv4Address { get; set; } = "";

    public string IPv6Address { get; set; } = "";
}

/// <summary>The body of POST /networks/create.</summary>
public sealed record NetworkCreateRequest
{
    public string Name { get; set; } = "";

    public string Driver { get; set; } = "";

    public string Scope { get; set; } = "";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? EnableIPv4 { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? EnableIPv6 { get; set; }

    public IPAM? IPAM { get; set; }

    public bool Internal { get; set; }

    public bool Attachable { get; set; }

    public bool Ingress { get; set; }

    public bool ConfigOnly { get; set; }

    public ConfigReference? ConfigFrom { get; set; }

    public IReadOnlyDictionary<string, string>? Options { get; set; }

    public IReadOnlyDictionary<string, string>? Labels { get; set; }
}

/// <summary>Swagger: NetworkCreateResponse.</summary>
public sealed record NetworkCreateResponse
{
    public string Id { get; set; } = "";

    public string Warning { get; set; } = "";
}

/// <summary>Swagger: NetworkConnectRequest.</summary>
public sealed record NetworkConnectRequest
{
    public string Container { get; set; } = "";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EndpointSettings? EndpointConfig { get; set; }
}

/// <summary>Swagger: NetworkDisconnectRequest.</summary>
public sealed record NetworkDisconnectRequest
{
    public string Container { get; set; } = "";

    public bool Force { get; set; }
}

/// <summary>The answer of POST /networks/prune.</summary>
public sealed record NetworkPruneResponse
{
    public IReadOnlyList<string>? NetworksDeleted { get; set; }
}
