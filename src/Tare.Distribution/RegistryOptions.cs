namespace Tare.Distribution;

/// <summary>How registries are reached.</summary>
public sealed record RegistryOptions
{
    /// <summary>The User-Agent header.</summary>
    public string UserAgent { get; init; } = "tare";

    /// <summary>
    /// Registries that may speak plain HTTP or have a certificate that nobody vouches for: <c>host</c>, <c>host:port</c>, or addresses as
    /// <c>10.0.0.0/8</c>. The loopback networks 127.0.0.0/8 and ::1 always are.
    /// </summary>
    public IReadOnlyList<string> InsecureRegistries { get; init; } = [];

    /// <summary>Mirrors by registry (<c>docker.io</c>, <c>registry.example.com:5000</c>), base URLs in the order in which they are asked, before the registry itself. Pulls only.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Mirrors { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Folders that have, for a registry, <c>HOST[:PORT]/*.crt</c> (authorities) and <c>*.cert</c> with <c>*.key</c> (client certificates).</summary>
    public IReadOnlyList<string> CertificateDirectories { get; init; } = ["/etc/docker/certs.d"];
}
