using Tare.Oci;

namespace Tare.Cli.Credentials;

/// <summary>The names of servers under which credentials are kept.</summary>
internal static class ServerAddress
{
    /// <summary>Docker Hub's, for historical reasons.</summary>
    public const string DockerHub = "https://index.docker.io/v1/";

    /// <summary>The name for a registry's domain, as references have it.</summary>
    public static string Of(string domain) => domain is Reference.DefaultDomain or "index.docker.io" ? DockerHub : domain;

    /// <summary>The host and port of what may be a whole address, as Docker reads it.</summary>
    public static string ToHostName(string address)
    {
        var scheme = address.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0 && TrySplit(address[(scheme + 3)..], out var host, out var port))
            return port.Length == 0 ? host : host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{port}" : $"{host}:{port}";
        var slash = address.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? address : address[..slash];
    }

    private static bool TrySplit(string rest, out string host, out string port)
    {
        var end = rest.AsSpan().IndexOfAny('/', '?', '#');
        var authority = end < 0 ? rest : rest[..end];
        authority = authority[(authority.LastIndexOf('@') + 1)..];
        var close = authority.IndexOf(']', StringComparison.Ordinal);
        var colon = authority.LastIndexOf(':');
        if (authority.StartsWith('[') && close > 0)
        {
            host = authority[1..close];
            port = colon > close ? authority[(colon + 1)..] : "";
        }
        else
        {
            host = colon < 0 ? authority : authority[..colon];
            port = colon < 0 ? "" : authority[(colon + 1)..];
        }

        return host.Length > 0 && port.All(char.IsAsciiDigit);
    }
}
