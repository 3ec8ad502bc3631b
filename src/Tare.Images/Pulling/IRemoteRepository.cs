using Tare.Distribution;
using Tare.Oci.Images;

namespace Tare.Images.Pulling;

/// <summary>A repository that images are pulled from. The contracts are those of the client of registries.</summary>
internal interface IRemoteRepository
{
    /// <summary>The canonical name, without a tag.</summary>
    string Name { get; }

    /// <summary>Who asks, of whom: what two pulls share is only shared where this is equal.</summary>
    object Scope { get; }

    Task<RemoteManifest> GetManifestAsync(string tagOrDigest, CancellationToken cancellationToken);

    Task<Stream> OpenBlobAsync(OciDescriptor blob, CancellationToken cancellationToken);
}
