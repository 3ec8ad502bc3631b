namespace Tare.Registry;

/// <summary>How the registry is served.</summary>
public sealed record ServerOptions
{
    /// <summary>The folder of everything that lasts.</summary>
    public required string Root { get; init; }

    /// <summary>Where to listen, <c>[ADDRESS]:PORT</c>; all of them at once. Port 0 takes a free one.</summary>
    public IReadOnlyList<string> Listen { get; init; } = ["127.0.0.1:5000"];

    /// <summary>The configuration file (docs/registry.md): rules, retention, quotas, upstreams; null without one.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>Users and their bcrypt hashes; null lets everybody do everything, unless the configuration has rules.</summary>
    public string? HtpasswdFile { get; init; }

    /// <summary>What clients are asked for when they have to say who they are.</summary>
    public AuthenticationScheme Authentication { get; init; } = AuthenticationScheme.Basic;

    /// <summary>The server's certificate and those below its authority, PEM; null serves without encryption.</summary>
    public string? TlsCertificate { get; init; }

    /// <summary>Its private key, PEM.</summary>
    public string? TlsKey { get; init; }

    /// <summary>Authorities, PEM, one of which must have signed the certificate of each client; null asks for none.</summary>
    public string? TlsClientAuthority { get; init; }

    /// <summary>How long something stays that nothing refers to.</summary>
    public TimeSpan CollectionGrace { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How often it is looked for; zero or less only when <c>tare registry gc</c> asks.</summary>
    public TimeSpan CollectionInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Whether manifests go that no tag, no index and no subject leads to.</summary>
    public bool CollectUntagged { get; init; }

    /// <summary>How long an upload may rest before it is given up.</summary>
    public TimeSpan UploadExpiry { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long requests that are under way may take to end when the server stops.</summary>
    public TimeSpan StopTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Takes a line, without its end, for each request; null writes none.</summary>
    public Stream? AccessLog { get; init; }

    /// <summary>The version that the server calls itself.</summary>
    public string Version { get; init; } = "";

    /// <summary>Receives what the operator should know.</summary>
    public Action<RegistryLogLevel, string> Log { get; init; } = static (_, _) => { };

    /// <summary>Called once, with the bound addresses as URLs, when requests are accepted.</summary>
    public Action<IReadOnlyList<string>> Listening { get; init; } = static _ => { };

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>How clients say who they are.</summary>
public enum AuthenticationScheme
{
    /// <summary>Name and password with each request (RFC 7617).</summary>
    Basic = 0,

    /// <summary>Name and password once, for a token that each request carries.</summary>
    Token,
}

/// <summary>How serious a line of the server's log is.</summary>
public enum RegistryLogLevel
{
    /// <summary>Of use when something is looked for.</summary>
    Debug = 0,

    /// <summary>What has been done.</summary>
    Info,

    /// <summary>Something is worth knowing, and the server goes on.</summary>
    Warning,

    /// <summary>A request or a task failed through no fault of a client.</summary>
    Error,
}
