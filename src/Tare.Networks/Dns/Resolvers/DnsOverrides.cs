namespace Tare.Networks.Dns.Resolvers;

/// <summary>What the user has set for a container, or for all by the daemon's own options. What is empty leaves the host's.</summary>
public sealed record DnsOverrides
{
    /// <summary><c>--dns</c>: addresses.</summary>
    public IReadOnlyList<string> Servers { get; init; } = [];

    /// <summary><c>--dns-search</c>; a dot alone stands for none.</summary>
    public IReadOnlyList<string> Search { get; init; } = [];

    /// <summary><c>--dns-option</c>.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];
}
