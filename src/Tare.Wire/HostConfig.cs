using System.Text.Json.Serialization;
using Tare.Wire.Json;

namespace Tare.Wire;

/// <summary>How a container is placed on this host. Swagger: HostConfig.</summary>
public sealed record HostConfig : Resources
{
    /// <summary>source:destination[:options].</summary>
    public IReadOnlyList<string>? Binds { get; set; }

    public string ContainerIDFile { get; set; } = "";

    public LogConfig LogConfig { get; set; } = new();

    /// <summary>Empty, <c>default</c>, <c>bridge</c>, <c>host</c>, <c>none</c>, <c>container:NAME</c> or a network's name.</summary>
    public string NetworkMode { get; set; } = "";

    /// <summary>Keys like <c>80/tcp</c>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<PortBinding>?>? PortBindings { get; set; }

    public RestartPolicy RestartPolicy { get; set; } = new();

    public bool AutoRemove { get; set; }

    public string VolumeDriver { get; set; } = "";

    public IReadOnlyList<string>? VolumesFrom { get; set; }

    /// <summary>Rows and columns of the terminal at its start.</summary>
    public IReadOnlyList<int> ConsoleSize { get; set; } = [0, 0];

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Annotations { get; set => field = OmitEmpty.Map(value); }

    [JsonConverter(typeof(WordsConverter))]
    public IReadOnlyList<string>? CapAdd { get; set; }

    [JsonConverter(typeof(WordsConverter))]
    public IReadOnlyList<string>? CapDrop { get; set; }

    /// <summary>Empty, <c>private</c> or <c>host</c>.</summary>
    public string CgroupnsMode { get; set; } = "";

    public IReadOnlyList<string>? Dns { get; set; }

    public IReadOnlyList<string>? DnsOptions { get; set; }

    public IReadOnlyList<string>? DnsSearch { get; set; }

    /// <summary>host:address.</summary>
    public IReadOnlyList<string>? ExtraHosts { get; set; }

    public IReadOnlyList<string>? GroupAdd { get; set; }

    /// <summary>Empty, <c>none</c>, <c>host</c>, <c>private</c>, <c>shareable</c> or <c>container:NAME</c>.</summary>
    public string IpcMode { get; set; } = "";

    public string Cgroup { get; set; } = "";

    public IReadOnlyList<string>? Links { get; set; }

    /// <summary>-1000 to 1000.</summary>
    public int OomScoreAdj { get; set; }

    public string PidMode { get; set; } = "";

    public bool Privileged { get; set; }

    public bool PublishAllPorts { get; set; }

    public bool ReadonlyRootfs { get; set; }

    public IReadOnlyList<string>? SecurityOpt { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? StorageOpt { get; set => field = OmitEmpty.Map(value); }

    /// <summary>Destination to mount options.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Tmpfs { get; set => field = OmitEmpty.Map(value); }

    public string UTSMode { get; set; } = "";

    public string UsernsMode { get; set; } = "";

    /// <summary>Bytes of /dev/shm; zero is the engine's default.</summary>
    public long ShmSize { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Sysctls { get; set => field = OmitEmpty.Map(value); }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Runtime { get; set => field = OmitEmpty.Text(value); }

    public string Isolation { get; set; } = "";

    [JsonPropertyOrder(1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Mount>? Mounts { get; set => field = OmitEmpty.List(value); }

    /// <summary>Null takes the engine's list; an empty list masks nothing.</summary>
    [JsonPropertyOrder(1)]
    public IReadOnlyList<string>? MaskedPaths { get; set; }

    /// <summary>Null takes the engine's list; an empty list leaves all writable.</summary>
    [JsonPropertyOrder(1)]
    public IReadOnlyList<string>? ReadonlyPaths { get; set; }

    /// <summary>Null is the engine's default.</summary>
    [JsonPropertyOrder(1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Init { get; set; }
}

/// <summary>A log driver and its options.</summary>
public sealed record LogConfig
{
    public string Type { get; set; } = "";

    public IReadOnlyDictionary<string, string>? Config { get; set; }
}

/// <summary>Swagger: PortBinding.</summary>
public sealed record PortBinding
{
    public string HostIp { get; set; } = "";

    /// <summary>Empty or <c>0</c> is any free port.</summary>
    public string HostPort { get; set; } = "";
}
