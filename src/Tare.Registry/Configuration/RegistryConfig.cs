using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tare.Registry.Configuration;

/// <summary>The configuration file, as it is written (docs/registry.md).</summary>
/// <remarks>The members with defaults have setters, because generated JSON code gives every init-only member a value, null when it is absent.</remarks>
internal sealed record RegistryConfig
{
    /// <summary>Users and <c>@groups</c> that may do everything.</summary>
    public IReadOnlyList<string> Admins { get; set; } = [];

    /// <summary>Groups by name, with their users.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Groups { get; set; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Who may do what where; the first whose pattern fits a repository decides.</summary>
    public IReadOnlyList<RuleConfig>? Rules { get; set; }

    /// <summary>How much repositories may hold.</summary>
    public IReadOnlyList<QuotaConfig> Quotas { get; set; } = [];

    /// <summary>Which tags go by themselves.</summary>
    public IReadOnlyList<RetentionConfig> Retention { get; set; } = [];

    /// <summary>Registries whose content is fetched and kept when it is asked for.</summary>
    public IReadOnlyList<UpstreamConfig> Upstreams { get; set; } = [];
}

/// <summary>Who may do what in the repositories that a pattern fits.</summary>
internal sealed record RuleConfig
{
    /// <summary>A pattern; <c>*</c> stands for any characters, slashes too.</summary>
    public required string Repository { get; init; }

    /// <summary>Whether everybody may pull, also without a name.</summary>
    public bool Public { get; set; }

    /// <summary>Users, <c>@groups</c>, or <c>*</c> for every user.</summary>
    public IReadOnlyList<string> Read { get; set; } = [];

    /// <summary>As <see cref="Read"/>; who may push may pull.</summary>
    public IReadOnlyList<string> Write { get; set; } = [];

    /// <summary>As <see cref="Read"/>.</summary>
    public IReadOnlyList<string> Delete { get; set; } = [];
}

/// <summary>How much the repositories that a pattern fits may hold together.</summary>
internal sealed record QuotaConfig
{
    public required string Repository { get; init; }

    /// <summary>Bytes, with a unit: <c>500MB</c>, <c>10GB</c>; units are powers of 1024.</summary>
    public required string Size { get; init; }
}

/// <summary>Which tags go: those that a pattern fits, without the newest, and old enough.</summary>
internal sealed record RetentionConfig
{
    public required string Repository { get; init; }

    /// <summary>A pattern of tags.</summary>
    public string Tags { get; set; } = "*";

    /// <summary>How many of the newest stay, whatever their age.</summary>
    public int KeepLast { get; set; }

    /// <summary>Only those go that were pushed longer ago, such as <c>30d</c>.</summary>
    public string? OlderThan { get; set; }

    /// <summary>Only those go that were not pulled for so long.</summary>
    public string? NotPulledFor { get; set; }
}

/// <summary>A registry whose content is kept here.</summary>
internal sealed record UpstreamConfig
{
    /// <summary>How its repositories are called here: <c>hub/</c> makes <c>hub/library/busybox</c> the upstream's <c>library/busybox</c>. Empty is a mirror.</summary>
    public string Prefix { get; set; } = "";

    /// <summary>Its host: <c>docker.io</c>, <c>quay.io</c>, <c>registry.example.com:5000</c>.</summary>
    public required string Registry { get; init; }

    public string? Username { get; set; }

    /// <summary>A file whose first line is the password.</summary>
    public string? PasswordFile { get; set; }

    /// <summary>Whether it may be asked without encryption, or with a certificate that nobody vouches for.</summary>
    public bool Insecure { get; set; }

    /// <summary>How long a tag is believed before the upstream is asked again.</summary>
    public string Fresh { get; set; } = "1m";
}

/// <summary>Its JSON. A name that is not known is an error: a rule that is misspelt must not be silently none.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowTrailingCommas = true,
    ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(RegistryConfig))]
internal sealed partial class ConfigJson : JsonSerializerContext;
