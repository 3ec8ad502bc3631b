using Tare.Oci;

namespace Tare.Distribution.Endpoints;

/// <summary>Docker Hub has several names: that of its images, that of its registry, and that of its accounts and search.</summary>
internal static class RegistryHosts
{
    internal const string Hub = Reference.DefaultDomain;
    internal const string HubIndex = "index.docker.io";

    private const string HubRegistry = "registry-1.docker.io";

    /// <summary>The host that has the images of a domain.</summary>
    internal static string Of(string domain) => domain is Hub or HubIndex ? HubRegistry : domain;
}
