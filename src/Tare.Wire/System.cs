using System.Text.Json.Serialization;
using Tare.Wire.Json;

namespace Tare.Wire;

/// <summary>What /_ping says in headers.</summary>
public sealed record PingHeaders
{
    public string ApiVersion { get; set; } = "";

    public string OsType { get; set; } = "";

    public bool Experimental { get; set; }

    /// <summary>1 the classic builder, 2 BuildKit, empty neither.</summary>
    public string BuilderVersion { get; set; } = "";

    /// <summary>The state of the swarm, <c>inactive</c> without one.</summary>
    public string Swarm { get; set; } = "";
}

/// <summary>Swagger: SystemVersion.</summary>
public sealed record SystemVersion
{
    public VersionPlatform Platform { get; set; } = new();

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ComponentVersion>? Components { get; set => field = OmitEmpty.List(value); }

    public string Version { get; set; } = "";

    public string ApiVersion { get; set; } = "";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? MinAPIVersion { get; set => field = OmitEmpty.Text(value); }

    public string GitCommit { get; set; } = "";

    public string GoVersion { get; set; } = "";

    public string Os { get; set; } = "";

    public string Arch { get; set; } = "";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? KernelVersion { get; set => field = OmitEmpty.Text(value); }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Experimental { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? BuildTime { get; set => field = OmitEmpty.Text(value); }
}

public sealed record VersionPlatform
{
    public string Name { get; set; } = "";
}

public sealed record ComponentVersion
{
    public string Name { get; set; } = "";

    public string Version { get; set; } = "";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Details { get; set => field = OmitEmpty.Map(value); }
}
