using System.Text.Json.Serialization;
using Tare.Wire.Json;

namespace Tare.Wire;

/// <summary>Swagger: Volume.</summary>
public sealed record Volume
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CreatedAt { get; set => field = OmitEmpty.Text(value); }

    public string Driver { get; set; } = "";

    public IReadOnlyDictionary<string, string>? Labels { get; set; }

    public string Mountpoint { get; set; } = "";

    public string Name { get; set; } = "";

    public IReadOnlyDictionary<string, string>? Options { get; set; }

    public string Scope { get; set; } = "";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VolumeUsageData? UsageData { get; set; }
}

public sealed record VolumeUsageData
{
    /// <summary>-1 when unknown.</summary>
    public long RefCount { get; set; }

    /// <summary>Bytes; -1 when unknown.</summary>
    public long Size { get; set; }
}

/// <summary>Swagger: VolumeListResponse.</summary>
public sealed record VolumeListResponse
{
    public IReadOnlyList<Volume> Volumes { get; set; } = [];

    public IReadOnlyList<string>? Warnings { get; set; }
}

/// <summary>Swagger: VolumeCreateRequest.</summary>
public sealed record VolumeCreateRequest
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Driver { get; set => field = OmitEmpty.Text(value); }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? DriverOpts { get; set => field = OmitEmpty.Map(value); }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Labels { get; set => field = OmitEmpty.Map(value); }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; set => field = OmitEmpty.Text(value); }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ClusterVolumeSpec? ClusterVolumeSpec { get; set; }
}

/// <summary>Asks for a volume of a swarm. Swagger: ClusterVolumeSpec, of which nothing is read.</summary>
public sealed record ClusterVolumeSpec;

/// <summary>The answer of POST /volumes/prune.</summary>
public sealed record VolumePruneResponse
{
    public IReadOnlyList<string>? VolumesDeleted { get; set; }

    public ulong SpaceReclaimed { get; set; }
}
