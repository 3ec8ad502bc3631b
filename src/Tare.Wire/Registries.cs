using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tare.Wire.Json;

namespace Tare.Wire;

/// <summary>Credentials for a registry. Swagger: AuthConfig.</summary>
public sealed record AuthConfig
{
    /// <summary>The header that carries credentials along with a request.</summary>
    public const string Header = "X-Registry-Auth";

    [JsonPropertyName("username")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Username { get; set => field = OmitEmpty.Text(value); }

    [JsonPropertyName("password")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Password { get; set => field = OmitEmpty.Text(value); }

    [JsonPropertyName("auth")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Auth { get; set => field = OmitEmpty.Text(value); }

    [JsonPropertyName("serveraddress")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ServerAddress { get; set => field = OmitEmpty.Text(value); }

    [JsonPropertyName("identitytoken")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? IdentityToken { get; set => field = OmitEmpty.Text(value); }

    [JsonPropertyName("registrytoken")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RegistryToken { get; set => field = OmitEmpty.Text(value); }

    /// <summary>The server and the user's name alone: secrets are not for logs.</summary>
    public override string ToString() => $"credentials of {Username ?? "nobody"} for {ServerAddress ?? "no registry"}";

    /// <summary>As the header has it: JSON in base64url with padding (RFC 4648, section 5).</summary>
    public string Encode() => Convert.ToBase64String(WireJson.ToUtf8(this)).Replace('+', '-').Replace('/', '_');

    /// <summary>Reads the header; what is no such text is nobody, as with Docker.</summary>
    public static AuthConfig Decode(string? header)
    {
        try
        {
            return string.IsNullOrEmpty(header) ? new AuthConfig() : WireJson.Read<AuthConfig>(Base64Url.DecodeFromChars(header)) ?? new AuthConfig();
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return new AuthConfig();
        }
    }
}

/// <summary>Swagger: AuthResponse.</summary>
public sealed record AuthResponse
{
    /// <summary>A token to keep instead of the password. Up to API 1.51 it is written when it is empty, too.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? IdentityToken { get; set => field = OmitEmpty.Text(value); }

    public string Status { get; set; } = "";
}

/// <summary>A repository that a search has found. Swagger: ImageSearchResponseItem.</summary>
public sealed record SearchResult
{
    [JsonPropertyName("star_count")]
    public int StarCount { get; set; }

    [JsonPropertyName("is_official")]
    public bool IsOfficial { get; set; }

    [JsonPropertyName("name")]
    public string Name { get; set; } = "";

    /// <summary>Always false.</summary>
    [JsonPropertyName("is_automated")]
    public bool IsAutomated { get; set; }

    [JsonPropertyName("description")]
    public string Description { get; set; } = "";
}

/// <summary>What a registry knows of an image. Swagger: DistributionInspect.</summary>
public sealed record DistributionInspect
{
    /// <summary>The manifest, or the index.</summary>
    public OCIDescriptor Descriptor { get; set; } = new();

    public IReadOnlyList<OCIPlatform>? Platforms { get; set; }
}
