using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tare.Distribution.Failures;

/// <summary>The body of a refusal (distribution-spec, "Error Codes").</summary>
internal sealed record ErrorDocument
{
    [JsonPropertyName("errors")]
    public IReadOnlyList<ErrorEntry>? Errors { get; init; }

    /// <summary>Docker Hub's token server says it this way.</summary>
    [JsonPropertyName("details")]
    public JsonElement Details { get; init; }
}

/// <summary>One error of a refusal.</summary>
internal sealed record ErrorEntry
{
    [JsonPropertyName("code")]
    public string? Code { get; init; }

    [JsonPropertyName("message")]
    public string? Message { get; init; }
}
