namespace Tare.Api;

/// <summary>How the API is served.</summary>
public sealed record ApiOptions
{
    /// <summary>
    /// Where to listen, as <c>--host</c> says it: <c>unix:///path</c> or <c>tcp://[address][:port]</c>; all of them at once.
    /// </summary>
    public required IReadOnlyList<string> Hosts { get; init; }

    /// <summary>The group that owns the unix sockets; null takes the first of <c>docker</c> and <c>tare</c> that exists.</summary>
    public string? SocketGroup { get; init; }

    /// <summary>Receives what nobody else is told: internal errors, and warnings about how it listens.</summary>
    public Action<ApiLogLevel, string> Log { get; init; } = static (_, _) => { };

    /// <summary>Called once, with the bound addresses, when requests are accepted.</summary>
    public Action<IReadOnlyList<string>> Listening { get; init; } = static _ => { };

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>How serious a line of the API's own log is.</summary>
public enum ApiLogLevel
{
    /// <summary>Of use when something is looked for.</summary>
    Debug = 0,

    /// <summary>Something is worth knowing, and the API goes on.</summary>
    Warning,

    /// <summary>A request failed through no fault of the client.</summary>
    Error,
}
