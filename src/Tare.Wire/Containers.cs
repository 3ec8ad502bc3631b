using System.Text.Json.Serialization;

namespace Tare.Wire;

/// <summary>Swagger: ContainerCreateResponse.</summary>
public sealed record ContainerCreateResponse
{
    public string Id { get; set; } = "";

    /// <summary>Never null on the wire.</summary>
    public IReadOnlyList<string> Warnings { get; set; } = [];
}

/// <summary>Swagger: ContainerSummary.</summary>
public sealed record ContainerSummary
{
    public string Id { get; set; } = "";

    /// <summary>Each begins with a slash.</summary>
    public IReadOnlyList<string> Names { get; set; } = [];

    public string Image { get; set; } = "";

    public string ImageID { get; set; } = "";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public OCIDescriptor? ImageManifestDescriptor { get; set; }

    public string Command { get; set; } = "";

    /// <summary>Unix seconds.</summary>
    public long Created { get; set; }

    public IReadOnlyList<PortSummary> Ports { get; set; } = [];

    /// <summary>Bytes; written only when sizes were asked for and it is not zero.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long SizeRw { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long SizeRootFs { get; set; }

    public IReadOnlyDictionary<string, string>? Labels { get; set; }

    public string State { get; set; } = "";

    /// <summary>For people: <c>Up 2 hours (Paused)</c>.</summary>
    public string Status { get; set; } = "";

    public ContainerSummaryHostConfig HostConfig { get; set; } = new();

    /// <summary>From API 1.52 on.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public HealthSummary? Health { get; set; }

    public NetworkSettingsSummary? NetworkSettings { get; set; }

    public IReadOnlyList<MountPoint> Mounts { get; set; } = [];
}

public sealed record ContainerSummaryHostConfig
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? NetworkMode { get; set => field = Json.OmitEmpty.Text(value); }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Annotations { get; set => field = Json.OmitEmpty.Map(value); }
}

/// <summary>Swagger: ContainerTopResponse.</summary>
public sealed record ContainerTopResponse
{
    public IReadOnlyList<IReadOnlyList<string>> Processes { get; set; } = [];

    public IReadOnlyList<string> Titles { get; set; } = [];
}

/// <summary>Swagger: ContainerWaitResponse.</summary>
public sealed record ContainerWaitResponse
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ContainerWaitExitError? Error { get; set; }

    public long StatusCode { get; set; }
}

/// <summary>Swagger: ContainerWaitExitError.</summary>
public sealed record ContainerWaitExitError
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Message { get; set => field = Json.OmitEmpty.Text(value); }
}

/// <summary>The answer of POST /containers/prune.</summary>
public sealed record ContainerPruneResponse
{
    public IReadOnlyList<string>? ContainersDeleted { get; set; }

    /// <summary>Bytes.</summary>
    public ulong SpaceReclaimed { get; set; }
}

/// <summary>Swagger: FilesystemChange.</summary>
public sealed record FilesystemChange
{
    /// <summary>0 modified, 1 added, 2 deleted.</summary>
    public int Kind { get; set; }

    public string Path { get; set; } = "";
}

/// <summary>The X-Docker-Container-Path-Stat header, in base64 of JSON.</summary>
public sealed record ContainerPathStat
{
    [JsonPropertyName("name")]
    public string Name { get; set; } = "";

    [JsonPropertyName("size")]
    public long Size { get; set; }

    /// <summary>Go's os.FileMode, whose type bits differ from the kernel's.</summary>
    [JsonPropertyName("mode")]
    public uint Mode { get; set; }

    [JsonPropertyName("mtime")]
    public string Mtime { get; set; } = GoTime.Zero;

    [JsonPropertyName("linkTarget")]
    public string LinkTarget { get; set; } = "";
}
