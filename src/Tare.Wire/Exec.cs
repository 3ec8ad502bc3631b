using System.Text.Json.Serialization;
using Tare.Wire.Json;

namespace Tare.Wire;

/// <summary>The body of POST /containers/{id}/exec.</summary>
public sealed record ExecCreateRequest
{
    public string User { get; set; } = "";

    public bool Privileged { get; set; }

    public bool Tty { get; set; }

    /// <summary>Rows and columns of the terminal at its start.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? ConsoleSize { get; set; }

    public bool AttachStdin { get; set; }

    public bool AttachStderr { get; set; }

    public bool AttachStdout { get; set; }

    /// <summary>Sent by older clients, and never looked at: the start request says it.</summary>
    public bool Detach { get; set; }

    public string DetachKeys { get; set; } = "";

    public IReadOnlyList<string>? Env { get; set; }

    public string WorkingDir { get; set; } = "";

    [JsonConverter(typeof(WordsConverter))]
    public IReadOnlyList<string>? Cmd { get; set; }
}

/// <summary>The body of POST /exec/{id}/start.</summary>
public sealed record ExecStartRequest
{
    public bool Detach { get; set; }

    public bool Tty { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? ConsoleSize { get; set; }
}

/// <summary>The answer of GET /exec/{id}/json.</summary>
public sealed record ExecInspectResponse
{
    public string ID { get; set; } = "";

    public bool Running { get; set; }

    /// <summary>Null until it has ended.</summary>
    public int? ExitCode { get; set; }

    public ProcessConfig? ProcessConfig { get; set; }

    public bool OpenStdin { get; set; }

    public bool OpenStderr { get; set; }

    public bool OpenStdout { get; set; }

    public bool CanRemove { get; set; }

    public string ContainerID { get; set; } = "";

    /// <summary>The bytes of the detach sequence; base64 on the wire.</summary>
    public byte[]? DetachKeys { get; set; }

    public int Pid { get; set; }
}

/// <summary>Swagger: ProcessConfig.</summary>
public sealed record ProcessConfig
{
    [JsonPropertyName("tty")]
    public bool Tty { get; set; }

    [JsonPropertyName("entrypoint")]
    public string Entrypoint { get; set; } = "";

    [JsonPropertyName("arguments")]
    public IReadOnlyList<string> Arguments { get; set; } = [];

    [JsonPropertyName("privileged")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Privileged { get; set; }

    [JsonPropertyName("user")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? User { get; set => field = OmitEmpty.Text(value); }
}
