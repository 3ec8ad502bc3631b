using System.Text.Json.Serialization;

namespace Tare.Distribution.Authentication;

/// <summary>The answer of a token server.</summary>
internal sealed record TokenDocument
{
    [JsonPropertyName("token")]
    public string? Token { get; init; }

    /// <summary>The same by its OAuth2 name.</summary>
    [JsonPropertyName("access_token")]
    public string? AccessToken { get; init; }

    [JsonPropertyName("refresh_token")]
    public string? RefreshToken { get; init; }

    /// <summary>Seconds.</summary>
    [JsonPropertyName("expires_in")]
    public double? ExpiresIn { get; init; }
}
