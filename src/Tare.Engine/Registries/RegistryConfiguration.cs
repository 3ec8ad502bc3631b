using System.Net;
using Tare.Distribution;
using Tare.Errors;
using Tare.Oci;
using Tare.Wire;

namespace Tare.Engine.Registries;

/// <summary>
/// The daemon's options about registries. A mirror is <c>https://MIRROR</c>, of Docker Hub, or <c>REGISTRY=https://MIRROR</c>, of any
/// registry. What is wrong is told in dockerd's words.
/// </summary>
public static class RegistryConfiguration
{
    /// <summary>Where certificates of registries are looked for: our own folder and Docker's, so that whoever comes from there needs no copy.</summary>
    private static readonly string[] CertificateDirectories = ["/etc/tare/certs.d", "/etc/docker/certs.d"];

    private static readonly string[] Loopback = ["::1/128", "127.0.0.0/8"];

    /// <summary>Reads the options.</summary>
    /// <param name="mirrors">The mirrors, in the order in which they are asked.</param>
    /// <param name="insecure">Registries that may speak plain HTTP: <c>HOST[:PORT]</c> or <c>10.0.0.0/8</c>.</param>
    /// <param name="userAgent">What registries are told of this program.</param>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>.</exception>
    public static RegistryOptions Parse(IReadOnlyList<string> mirrors, IReadOnlyList<string> insecure, string userAgent)
    {
        var byRegistry = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var text in mirrors)
        {
            var (registry, mirror) = ParseMirror(text);
            if (!byRegistry.TryGetValue(registry, out var list)) byRegistry[registry] = list = [];
            if (!list.Contains(mirror)) list.Add(mirror);
        }

        return new RegistryOptions
        {
            UserAgent = userAgent,
            Mirrors = byRegistry.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<string>)pair.Value),
            InsecureRegistries = [.. insecure.Select(RegistryAddresses.ParseInsecureRegistry).Distinct()],
            CertificateDirectories = CertificateDirectories,
        };
    }

    /// <summary>As <c>docker info</c> shows it. A mirror of another registry than Docker Hub stands at that registry.</summary>
    public static RegistryServiceConfig Describe(RegistryOptions options)
    {
        var hub = options.Mirrors.GetValueOrDefault(Reference.DefaultDomain, []);
        var indexes = new Dictionary<string, IndexInfo>
        {
            [Reference.DefaultDomain] = new() { Name = Reference.DefaultDomain, Mirrors = hub, Official = true, Secure = true },
        };
        foreach (var (registry, mirrors) in options.Mirrors.Where(pair => pair.Key != Reference.DefaultDomain))
            indexes[registry] = new IndexInfo { Name = registry, Mirrors = mirrors, Secure = true };
        foreach (var host in options.InsecureRegistries.Where(registry => !IsNetwork(registry)))
            indexes[host] = indexes.GetValueOrDefault(host, new IndexInfo { Name = host, Mirrors = [] }) with { Secure = false };
        return new RegistryServiceConfig
        {
            IndexConfigs = indexes,
            InsecureRegistryCIDRs = [.. options.InsecureRegistries.Where(IsNetwork).Concat(Loopback).Distinct()],
            Mirrors = hub.Count > 0 ? hub : null,
        };
    }

    private static (string Registry, string Mirror) ParseMirror(string text)
    {
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        // Behind the scheme an equals sign is the mirror's own.
        if (equals < 0 || (scheme >= 0 && scheme < equals)) return (Reference.DefaultDomain, RegistryAddresses.ParseMirror(text));
        var registry = text[..equals];
        if (!RegistryAddresses.IsRegistry(registry)) throw TareException.Invalid($"invalid mirror: \"{registry}\" in \"{text}\" is no registry: name it as images do, HOST[:PORT]=https://MIRROR");
        return (registry == "index.docker.io" ? Reference.DefaultDomain : registry, RegistryAddresses.ParseMirror(text[(equals + 1)..]));
    }

    private static bool IsNetwork(string text) => text.Contains('/', StringComparison.Ordinal) && IPNetwork.TryParse(text, out _);
}
