using System.Text.Json.Serialization;

namespace Tare.Wire;

/// <summary>Swagger: ContainerInspectResponse. Times are RFC3339Nano.</summary>
public sealed record ContainerInspectResponse
{
    public string Id { get; set; } = "";

    public string Created { get; set; } = "";

    public string Path { get; set; } = "";

    public IReadOnlyList<string> Args { get; set; } = [];

    public ContainerState? State { get; set; }

    /// <summary>The image's id.</summary>
    public string Image { get; set; } = "";

    public string ResolvConfPath { get; set; } = "";

    public string HostnamePath { get; set; } = "";

    public string HostsPath { get; set; } = "";

    public string LogPath { get; set; } = "";

    /// <summary>Begins with a slash.</summary>
    public string Name { get; set; } = "";

    public int RestartCount { get; set; }

    public string Driver { get; set; } = "";

    public string Platform { get; set; } = "";

    public string MountLabel { get; set; } = "";

    public string ProcessLabel { get; set; } = "";

    public string AppArmorProfile { get; set; } = "";

    public IReadOnlyList<string>? ExecIDs { get; set; }

    public HostConfig? HostConfig { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DriverData? GraphDriver { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Storage? Storage { get; set; }

    /// <summary>Bytes; only when asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? SizeRw { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? SizeRootFs { get; set; }

    public IReadOnlyList<MountPoint> Mounts { get; set; } = [];

    public ContainerConfig? Config { get; set; }

    public NetworkSettings? NetworkSettings { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public OCIDescriptor? ImageManifestDescriptor { get; set; }
}

/// <summary>Swagger: ContainerState.</summary>
public sealed record ContainerState
{
    /// <summary><c>created</c>, <c>running</c>, <c>paused</c>, <c>restarting</c>, <c>removing</c>, <c>exited</c> or <c>dead</c>.</summary>
    public string Status { get; set; } = "";

    public bool Running { get; set; }

    public bool Paused { get; set; }

    public bool Restarting { get; set; }

    public bool OOMKilled { get; set; }

    public bool Dead { get; set; }

    public int Pid { get; set; }

    public int ExitCode { get; set; }

    public string Error { get; set; } = "";

    public string StartedAt { get; set; } = GoTime.Zero;

    public string FinishedAt { get; set; } = GoTime.Zero;

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Health? Health { get; set; }
}

/// <summary>Swagger: Health.</summary>
public sealed record Health
{
    /// <summary><c>none</c>, <c>starting</c>, <c>healthy</c> or <c>unhealthy</c>.</summary>
    public string Status { get; set; } = "";

    public int FailingStreak { get; set; }

    /// <summary>The last few, the oldest first.</summary>
    public IReadOnlyList<HealthcheckResult>? Log { get; set; }
}

/// <summary>The health in a list of containers.</summary>
public sealed record HealthSummary
{
    public string Status { get; set; } = "";

    public int FailingStreak { get; set; }
}

/// <summary>Swagger: HealthcheckResult.</summary>
public sealed record HealthcheckResult
{
    public string Start { get; set; } = GoTime.Zero;

    public string End { get; set; } = GoTime.Zero;

    public int ExitCode { get; set; }

    public string Output { get; set; } = "";
}

/// <summary>Swagger: DriverData.</summary>
public sealed record DriverData
{
    public IReadOnlyDictionary<string, string>? Data { get; set; }

    public string Name { get; set; } = "";
}

/// <summary>Swagger: Storage.</summary>
public sealed record Storage
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RootFSStorage? RootFS { get; set; }
}

/// <summary>Swagger: RootFSStorage.</summary>
public sealed record RootFSStorage
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RootFSStorageSnapshot? Snapshot { get; set; }
}

/// <summary>Swagger: RootFSStorageSnapshot.</summary>
public sealed record RootFSStorageSnapshot
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; set => field = Json.OmitEmpty.Text(value); }
}
