using System.Globalization;
using Tare.Errors;

namespace Tare.Client;

/// <summary>Where an engine listens: <c>unix:///path</c> or <c>tcp://host:port</c>, as Docker writes it.</summary>
public sealed record EngineAddress
{
    private const int DefaultPort = 2375;

    private EngineAddress()
    {
    }

    /// <summary>Tare's own socket, <c>unix:///var/run/tare.sock</c>.</summary>
    public static EngineAddress Default { get; } = new() { SocketPath = "/var/run/tare.sock" };

    /// <summary>The path of a unix socket; null when the engine is reached by TCP.</summary>
    public string? SocketPath { get; private init; }

    /// <summary>The host name or address of TCP; null for a unix socket.</summary>
    public string? Host { get; private init; }

    /// <summary>The TCP port; 0 for a unix socket.</summary>
    public int Port { get; private init; }

    /// <summary>What stands before every path of the API, such as <c>/docker</c> behind a proxy; else empty.</summary>
    public string BasePath { get; private init; } = "";

    /// <summary>Reads an address. An address without a scheme is a TCP host.</summary>
    /// <exception cref="TareException">It is not an address, or its scheme is not spoken.</exception>
    public static EngineAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = text.Trim();
        var colon = text.IndexOf("://", StringComparison.Ordinal);
        var scheme = colon < 0 ? "tcp" : text[..colon];
        var rest = colon < 0 ? text : text[(colon + 3)..];
        return scheme switch
        {
            "unix" => rest.Contains("://", StringComparison.Ordinal)
                ? throw TareException.Invalid($"invalid proto, expected unix: {rest}")
                : new EngineAddress { SocketPath = rest.Length == 0 ? "/var/run/docker.sock" : rest },
            "tcp" or "http" => ParseTcp(rest, text),
            "ssh" or "npipe" or "fd" => throw TareException.NotImplemented($"a host of the kind {scheme}:// is not supported: {text}"),
            _ => throw TareException.Invalid($"invalid bind address format: {text}"),
        };
    }

    /// <inheritdoc/>
    public override string ToString()
        => SocketPath is not null ? "unix://" + SocketPath : $"tcp://{(Host!.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port.ToString(CultureInfo.InvariantCulture)}{BasePath}";

    private static EngineAddress ParseTcp(string rest, string whole)
    {
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var path = slash < 0 ? "" : rest[slash..].TrimEnd('/');
        var authority = slash < 0 ? rest : rest[..slash];
        var close = authority.LastIndexOf(']');
        var colon = authority.LastIndexOf(':');
        var host = authority;
        var port = DefaultPort;
        if (colon > close)
        {
            host = authority[..colon];
            var digits = authority[(colon + 1)..];
            if (digits.Length > 0 && (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out port) || port > 65535))
                throw TareException.Invalid($"invalid bind address format: {whole}");
        }

        if (close >= 0)
        {
            if (host[0] != '[' || close != host.Length - 1) throw TareException.Invalid($"invalid bind address format: {whole}");
            host = host[1..^1];
        }
        else if (host.Contains(':', StringComparison.Ordinal))
        {
            throw TareException.Invalid($"invalid bind address format: {whole}");
        }

        return new EngineAddress { Host = host.Length == 0 ? "localhost" : host, Port = port, BasePath = path };
    }
}
