using Tare.Distribution.Endpoints;
using Tare.Distribution.Failures;
using Tare.Errors;
using Tare.Oci;

namespace Tare.Distribution;

/// <summary>Checks what a daemon is configured with, before it starts. The texts are Docker's.</summary>
public static class RegistryAddresses
{
    /// <summary>Checks the base address of a mirror.</summary>
    /// <returns>It, with one slash at its end, as <c>docker info</c> shows it.</returns>
    /// <exception cref="TareException">It is none.</exception>
    public static string ParseMirror(string text)
    {
        var shown = Refusal.Clean(text);
        if (text.IndexOf("://", StringComparison.Ordinal) <= 0)
            throw TareException.Invalid($"invalid mirror: no scheme specified for \"{shown}\": must use either 'https://' or 'http://'");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Host.Length == 0)
            throw TareException.Invalid($"invalid mirror: \"{shown}\" is not a valid URI");
        if (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps)
            throw TareException.Invalid($"invalid mirror: unsupported scheme \"{address.Scheme}\" in \"{shown}\": must use either 'https://' or 'http://'");
        if (address.Query.Length > 0 || address.Fragment.Length > 0)
            throw TareException.Invalid($"invalid mirror: query or fragment at end of the URI \"{shown}\"");
        if (address.UserInfo.Length > 0)
        {
            // Without the password, which must not get into a log.
            var plain = new UriBuilder(address) { UserName = address.UserInfo.Split(':')[0], Password = "xxxxx" }.Uri;
            throw TareException.Invalid($"invalid mirror: username/password not allowed in URI \"{plain}\"");
        }

        return text.TrimEnd('/') + "/";
    }

    /// <summary>Checks an insecure registry: a host, a host with a port, or a network.</summary>
    /// <returns>It, without the scheme that does not belong there.</returns>
    /// <exception cref="TareException">It is none.</exception>
    public static string ParseInsecureRegistry(string text)
    {
        if (text.StartsWith('-') || text.EndsWith('-')) throw TareException.Invalid($"invalid index name ({text}). Cannot begin or end with a hyphen");
        var registry = text;
        foreach (var scheme in (ReadOnlySpan<string>)["http://", "https://"])
        {
            if (text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) registry = text[scheme.Length..];
        }

        if (registry.Contains("://", StringComparison.Ordinal)) throw TareException.Invalid($"insecure registry {text} should not contain '://'");
        if (System.Net.IPNetwork.TryParse(registry, out _)) return registry;
        return Fault(registry) is { } fault ? throw TareException.Invalid($"insecure registry {registry} is not valid: {fault}") : registry;
    }

    /// <summary>Whether it names a registry, as references do: a host or an address, with a port or without.</summary>
    public static bool IsRegistry(string text) => Fault(text) is null;

    private static string? Fault(string registry)
    {
        if (System.Net.IPAddress.TryParse(registry, out _)) return null;
        var host = HostPort.Host(registry);
        if (!System.Net.IPAddress.TryParse(host, out _) && !IsDomain(registry)) return $"invalid host \"{host}\"";
        var port = registry.Length > host.Length && registry.LastIndexOf(':') is var colon && colon > registry.LastIndexOf(']') ? registry[(colon + 1)..] : "";
        return port.Length > 0 && (!int.TryParse(port, out var number) || number is < 0 or > 65535) ? $"invalid port \"{port}\"" : null;
    }

    // What may stand before the first slash of a reference.
    private static bool IsDomain(string text) => !text.Contains('/', StringComparison.Ordinal) && Reference.TryParse(
        (text.AsSpan().ContainsAny('.', ':') || text == "localhost" ? text : text + ":0") + "/x", out _);
}
