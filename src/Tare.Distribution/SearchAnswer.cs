using System.Text.Json.Serialization;

namespace Tare.Distribution;

/// <summary>What the index of a registry has found (Docker's registry API v1, <c>GET /v1/search</c>).</summary>
public sealed record SearchAnswer
{
    [JsonPropertyName("query")]
    public string? Query { get; init; }

    [JsonPropertyName("num_results")]
    public int Count { get; init; }

    [JsonPropertyName("results")]
    public IReadOnlyList<SearchResult>? Results { get; init; }
}

/// <summary>One repository that was found.</summary>
public sealed record SearchResult
{
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    [JsonPropertyName("description")]
    public string? Description { get; init; }

    [JsonPropertyName("star_count")]
    public int Stars { get; init; }

    [JsonPropertyName("is_official")]
    public bool IsOfficial { get; init; }

    /// <summary>Always untrue in what Docker passes on.</summary>
    [JsonPropertyName("is_automated")]
    public bool IsAutomated { get; init; }
}
