using System.Text.Json.Serialization;

namespace Tare.Wire;

/// <summary>The body of every error. Swagger: ErrorResponse.</summary>
public sealed record ErrorResponse
{
    [JsonPropertyName("message")]
    public string Message { get; set; } = "";
}

/// <summary>Swagger: IDResponse.</summary>
public sealed record IDResponse
{
    public string Id { get; set; } = "";
}

/// <summary>Media types of the API.</summary>
public static class MediaType
{
    public const string Json = "application/json";

    /// <summary>Bytes of a terminal, as they are.</summary>
    public const string RawStream = "application/vnd.docker.raw-stream";

    /// <summary>Frames of stdout and stderr: 8 bytes of header (stream, three zeros, length in big endian), then the bytes.</summary>
    public const string MultiplexedStream = "application/vnd.docker.multiplexed-stream";

    public const string JsonLines = "application/jsonl";
    public const string NdJson = "application/x-ndjson";
    public const string JsonSequence = "application/json-seq";
    public const string Tar = "application/x-tar";
}

/// <summary>The versions of the Engine API that are spoken.</summary>
public static class ApiVersions
{
    public const string Minimum = "1.24";
    public const string Maximum = "1.56";
}
