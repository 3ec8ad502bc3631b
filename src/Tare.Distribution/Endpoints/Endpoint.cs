namespace Tare.Distribution.Endpoints;

/// <summary>A place that speaks the protocol of registries.</summary>
/// <param name="Base">Scheme, host, port and perhaps a path, without a slash at the end.</param>
/// <param name="IsInsecure">Whether plain HTTP and unknown certificates do.</param>
/// <param name="MirrorOf">The registry that it mirrors; empty if it is one itself.</param>
internal sealed record Endpoint(string Base, bool IsInsecure, string MirrorOf = "")
{
    private readonly Uri _base = new(Base);

    /// <summary>Whether it is somebody else's copy.</summary>
    internal bool IsMirror => MirrorOf.Length > 0;

    /// <summary>Whether it is reached by TLS.</summary>
    internal bool IsHttps => _base.Scheme == Uri.UriSchemeHttps;

    /// <summary>Host, and port if it is not the scheme's own.</summary>
    internal string Host => _base.Authority;

    /// <summary>An address below <c>/v2/</c>. Mirrors are told whose content is meant, as containerd tells them.</summary>
    internal Uri Address(string path, string query = "")
    {
        if (IsMirror) query = query.Length == 0 ? "ns=" + Uri.EscapeDataString(MirrorOf) : $"{query}&ns={Uri.EscapeDataString(MirrorOf)}";
        return new Uri($"{Base}/v2/{path}{(query.Length == 0 ? "" : "?" + query)}");
    }

    /// <summary>Whether an address is at this place, so that its credentials may go there.</summary>
    internal bool Owns(Uri address) =>
        address.Scheme == _base.Scheme && address.Port == _base.Port && string.Equals(address.Host, _base.Host, StringComparison.OrdinalIgnoreCase);
}
