using System.Text.Json.Serialization;
using Tare.Wire.Json;

namespace Tare.Wire;

/// <summary>What a container is, independent of the host it runs on. Swagger: ContainerConfig.</summary>
public record ContainerConfig
{
    public string Hostname { get; set; } = "";

    public string Domainname { get; set; } = "";

    /// <summary>User, or user:group; names or numbers.</summary>
    public string User { get; set; } = "";

    public bool AttachStdin { get; set; }

    public bool AttachStdout { get; set; }

    public bool AttachStderr { get; set; }

    /// <summary>Members like <c>80/tcp</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlySet<string>? ExposedPorts { get; set => field = OmitEmpty.Set(value); }

    public bool Tty { get; set; }

    public bool OpenStdin { get; set; }

    /// <summary>Close stdin when the one attached client goes.</summary>
    public bool StdinOnce { get; set; }

    /// <summary>NAME=value; a NAME alone removes the image's.</summary>
    public IReadOnlyList<string>? Env { get; set; }

    [JsonConverter(typeof(WordsConverter))]
    public IReadOnlyList<string>? Cmd { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public HealthConfig? Healthcheck { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ArgsEscaped { get; set; }

    /// <summary>The image's reference, as it was asked for.</summary>
    public string Image { get; set; } = "";

    public IReadOnlySet<string>? Volumes { get; set; }

    public string WorkingDir { get; set; } = "";

    [JsonConverter(typeof(WordsConverter))]
    public IReadOnlyList<string>? Entrypoint { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool NetworkDisabled { get; set; }

    /// <summary>Up to API 1.43; later it belongs to the endpoint.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? MacAddress { get; set => field = OmitEmpty.Text(value); }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? OnBuild { get; set => field = OmitEmpty.List(value); }

    public IReadOnlyDictionary<string, string>? Labels { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? StopSignal { get; set => field = OmitEmpty.Text(value); }

    /// <summary>Seconds; null is the engine's default, a negative number waits for ever.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? StopTimeout { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonConverter(typeof(WordsConverter))]
    public IReadOnlyList<string>? Shell { get; set => field = OmitEmpty.List(value); }
}

/// <summary>
/// The body of POST /containers/create: a container's configuration with two more members. It can serve as the
/// <see cref="ContainerConfig"/> itself, and is then written as one.
/// </summary>
public sealed record ContainerCreateRequest : ContainerConfig
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public HostConfig? HostConfig { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public NetworkingConfig? NetworkingConfig { get; set; }
}

/// <summary>How health is probed. Durations are nanoseconds; zero is the default. Swagger: HealthConfig.</summary>
public sealed record HealthConfig
{
    /// <summary>Empty inherits the image's; otherwise begins with NONE, CMD or CMD-SHELL.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Test { get; set => field = OmitEmpty.List(value); }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Interval { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Timeout { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long StartPeriod { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long StartInterval { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Retries { get; set; }
}
