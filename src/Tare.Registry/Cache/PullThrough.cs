#pragma warning disable CA1822
using Tare.Oci;
using Tare.Registry.Configuration;
using Tare.Registry.Http;

namespace Tare.Registry.Cache;

/// <summary>Registries whose content is fetched and kept.</summary>
internal sealed class PullThrough(ConfigFile config)
{
    /// <summary>The upstream that a repository belongs to; null for one of our own.</summary>
    internal UpstreamConfig? UpstreamOf(string repository) => config.Current.Upstreams.Count == 0 ? null : null;

    internal Task<bool> ServeBlobAsync(Exchange exchange, UpstreamConfig upstream, Digest digest) => Task.FromResult(false);

    internal Task RefreshManifestAsync(string repository, UpstreamConfig upstream, string reference, CancellationToken cancellationToken) => Task.CompletedTask;
}
