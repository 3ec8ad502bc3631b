namespace Tare.Networks.Dns.Server;

/// <summary>The bounds of <see cref="DnsServer"/>. Docker's own are the defaults where it has them (libnetwork, resolver.go).</summary>
public sealed record DnsServerOptions
{
    /// <summary>How long a server may take to answer before the next one is asked.</summary>
    public TimeSpan UpstreamTimeout { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>How long a connection may wait for a whole question, or for an answer to be taken.</summary>
    public TimeSpan ConnectionTimeout { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Questions of one sandbox that wait for other servers. Each is a descriptor; further ones are refused.</summary>
    public int MaxForwardedPerSandbox { get; init; } = 1024;

    /// <summary>Questions of all sandboxes that wait for other servers. From then on each sandbox has only <see cref="ForwardedShare"/>.</summary>
    public int MaxForwarded { get; init; } = 4096;

    /// <summary>Questions that a sandbox may have waiting however many the others have.</summary>
    public int ForwardedShare { get; init; } = 16;

    /// <summary>Connections of one sandbox; further ones wait in the socket.</summary>
    public int MaxConnectionsPerSandbox { get; init; } = 32;
}
