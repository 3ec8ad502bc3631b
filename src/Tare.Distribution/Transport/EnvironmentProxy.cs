using System.Net;
using Tare.Distribution.Endpoints;

namespace Tare.Distribution.Transport;

/// <summary>
/// The proxies that the environment names, by the rules of Go's golang.org/x/net/http/httpproxy, because units and scripts are written for
/// those: HTTP_PROXY, HTTPS_PROXY and NO_PROXY in upper or lower case; never for loopback; NO_PROXY knows <c>*</c>, names with all below
/// them, <c>.names</c> without themselves, addresses, networks, and ports to each.
/// </summary>
internal sealed class EnvironmentProxy : IWebProxy
{
    private readonly Uri? _http;
    private readonly Uri? _https;
    private readonly List<Exclusion> _exclusions = [];
    private readonly bool _excludesAll;

    internal EnvironmentProxy(string? http, string? https, string? no)
    {
        _http = Parse(http);
        _https = Parse(https);
        foreach (var item in (no ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (item == "*") _excludesAll = true;
            else _exclusions.Add(Exclusion.Parse(item));
        }

        Credentials = ProxyCredentials(_http, _https);
    }

    /// <inheritdoc/>
    public ICredentials? Credentials { get; set; }

    /// <summary>As this process's environment says.</summary>
    internal static EnvironmentProxy Read() => new(Variable("HTTP_PROXY"), Variable("HTTPS_PROXY"), Variable("NO_PROXY"));

    /// <inheritdoc/>
    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : Proxy(destination);

    /// <inheritdoc/>
    public bool IsBypassed(Uri host)
    {
        if (Proxy(host) is null || _excludesAll) return true;
        var name = host.IdnHost.TrimEnd('.');
        var isAddress = IPAddress.TryParse(HostPort.Host(name), out var address);
        if (string.Equals(name, "localhost", StringComparison.OrdinalIgnoreCase) || (isAddress && IPAddress.IsLoopback(address!))) return true;
        return _exclusions.Any(exclusion => exclusion.Matches(name, address, host.Port));
    }

    private Uri? Proxy(Uri destination) => destination.Scheme == Uri.UriSchemeHttps ? _https : _http;

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } upper ? upper : Environment.GetEnvironmentVariable(name.ToLowerInvariant());

    private static Uri? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        if (!text.Contains("://", StringComparison.Ordinal)) text = "http://" + text;
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) ? uri : null;
    }

    private static CredentialCache? ProxyCredentials(params ReadOnlySpan<Uri?> proxies)
    {
        CredentialCache? cache = null;
        foreach (var proxy in proxies)
        {
            if (proxy is null || proxy.UserInfo.Length == 0) continue;
            var parts = proxy.UserInfo.Split(':', 2);
            cache ??= new CredentialCache();
            cache.Remove(proxy, "Basic");
            cache.Add(proxy, "Basic", new NetworkCredential(Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : ""));
        }

        return cache;
    }

    /// <summary>One item of NO_PROXY.</summary>
    private sealed record Exclusion(string Name, bool WithItself, IPAddress? Address, IPNetwork? Network, int Port)
    {
        internal static Exclusion Parse(string item)
        {
            if (IPNetwork.TryParse(item, out var network)) return new Exclusion("", false, null, network, 0);
            var host = HostPort.Host(item);
            var port = 0;
            var colon = item.LastIndexOf(':');
            if (colon >= 0 && host.Length < item.Length && int.TryParse(item[(colon + 1)..], out var number)) port = number;
            if (IPAddress.TryParse(host, out var address)) return new Exclusion("", false, address, null, port);
            if (host.StartsWith("*.", StringComparison.Ordinal)) host = host[1..];
            return new Exclusion(host.TrimStart('.'), !host.StartsWith('.'), null, null, port);
        }

        internal bool Matches(string host, IPAddress? address, int port)
        {
            if (Port != 0 && Port != port) return false;
            if (address is not null) return address.Equals(Address) || Network?.Contains(address) == true;
            if (Name.Length == 0) return false;
            return (WithItself && string.Equals(host, Name, StringComparison.OrdinalIgnoreCase))
                || host.EndsWith("." + Name, StringComparison.OrdinalIgnoreCase);
        }
    }
}
