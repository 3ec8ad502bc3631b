using System.Text.Json.Serialization;

namespace Tare.Oci.Images;

/// <summary>
/// How containers of an image run: the member <c>config</c> of an image's configuration. The first part is OCI's, the rest is
/// what Docker writes beside it.
/// </summary>
public sealed record OciContainerConfig
{
    /// <summary>Docker's, unused.</summary>
    public string? Hostname { get; init; }

    /// <summary>Docker's, unused.</summary>
    public string? Domainname { get; init; }

    /// <summary><c>user[:group]</c>, names or numbers.</summary>
    public string? User { get; init; }

    /// <summary>Docker's, unused.</summary>
    public bool? AttachStdin { get; init; }

    /// <summary>Docker's, unused.</summary>
    public bool? AttachStdout { get; init; }

    /// <summary>Docker's, unused.</summary>
    public bool? AttachStderr { get; init; }

    /// <summary>Ports such as <c>80/tcp</c>; the values are empty objects.</summary>
    public IReadOnlyDictionary<string, OciEmpty>? ExposedPorts { get; init; }

    /// <summary>Docker's, unused.</summary>
    public bool? Tty { get; init; }

    /// <summary>Docker's, unused.</summary>
    public bool? OpenStdin { get; init; }

    /// <summary>Docker's, unused.</summary>
    public bool? StdinOnce { get; init; }

    /// <summary><c>NAME=value</c>.</summary>
    public IReadOnlyList<string>? Env { get; init; }

    [JsonConverter(typeof(StringOrListConverter))]
    public IReadOnlyList<string>? Cmd { get; init; }

    /// <summary>Docker's health check.</summary>
    public OciHealthcheck? Healthcheck { get; init; }

    /// <summary>Windows only.</summary>
    public bool? ArgsEscaped { get; init; }

    /// <summary>Docker's: the image that a container was made from.</summary>
    public string? Image { get; init; }

    /// <summary>Paths that get a volume; the values are empty objects.</summary>
    public IReadOnlyDictionary<string, OciEmpty>? Volumes { get; init; }

    public string? WorkingDir { get; init; }

    [JsonConverter(typeof(StringOrListConverter))]
    public IReadOnlyList<string>? Entrypoint { get; init; }

    /// <summary>Docker's, unused.</summary>
    public bool? NetworkDisabled { get; init; }

    /// <summary>Docker's, unused.</summary>
    public string? MacAddress { get; init; }

    /// <summary>Instructions for a build that starts from this image.</summary>
    public IReadOnlyList<string>? OnBuild { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Such as <c>SIGTERM</c> or <c>15</c>.</summary>
    public string? StopSignal { get; init; }

    /// <summary>Docker's: seconds between the stop signal and SIGKILL.</summary>
    public int? StopTimeout { get; init; }

    /// <summary>Docker's: the shell of the shell form of instructions.</summary>
    [JsonConverter(typeof(StringOrListConverter))]
    public IReadOnlyList<string>? Shell { get; init; }
}

/// <summary>An empty JSON object, as in the sets that Go writes as maps.</summary>
public sealed record OciEmpty
{
    /// <summary>The value.</summary>
    public static OciEmpty Value { get; } = new();
}

/// <summary>How Docker finds out whether a container is healthy. Durations are nanoseconds, 0 inherits.</summary>
public sealed record OciHealthcheck
{
    /// <summary>Empty inherits, <c>NONE</c>, <c>CMD</c> and arguments, or <c>CMD-SHELL</c> and a command line.</summary>
    [JsonConverter(typeof(StringOrListConverter))]
    public IReadOnlyList<string>? Test { get; init; }

    public long? Interval { get; init; }

    public long? Timeout { get; init; }

    public long? StartPeriod { get; init; }

    public long? StartInterval { get; init; }

    public int? Retries { get; init; }
}
