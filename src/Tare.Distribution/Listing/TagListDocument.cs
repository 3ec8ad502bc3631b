using System.Text.Json.Serialization;

namespace Tare.Distribution.Listing;

/// <summary>A page of tags (distribution-spec, "Listing Tags").</summary>
internal sealed record TagListDocument
{
    [JsonPropertyName("tags")]
    public IReadOnlyList<string?>? Tags { get; init; }
}
