using Tare.Distribution;
using Tare.Oci.Images;

namespace Tare.Images.Pulling;

/// <summary>A repository of a registry, as a pull sees it.</summary>
internal sealed class RegistrySource(RepositoryClient client, Credentials credentials) : IRemoteRepository
{
    public string Name => client.Name.Name;

    public object Scope { get; } = (client.Name.Name, credentials);

    public Task<RemoteManifest> GetManifestAsync(string tagOrDigest, CancellationToken cancellationToken) => client.GetManifestAsync(tagOrDigest, cancellationToken);

    public Task<Stream> OpenBlobAsync(OciDescriptor blob, CancellationToken cancellationToken) => client.OpenBlobAsync(blob, cancellationToken);
}
