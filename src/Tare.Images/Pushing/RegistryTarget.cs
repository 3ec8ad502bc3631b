using Tare.Distribution;
using Tare.Oci;

namespace Tare.Images.Pushing;

/// <summary>A repository of a registry, as a push sees it.</summary>
internal sealed class RegistryTarget(RepositoryClient client) : IRemoteTarget
{
    public Reference Name => client.Name;

    public Task<long?> HeadBlobAsync(Digest digest, CancellationToken cancellationToken) => client.HeadBlobAsync(digest, cancellationToken);

    public async Task<bool> HasManifestAsync(Digest digest, CancellationToken cancellationToken) =>
        await client.HeadManifestAsync(digest.ToString(), cancellationToken).ConfigureAwait(false) is not null;

    public async Task<bool> TryMountAsync(Digest blob, string fromRepository, CancellationToken cancellationToken)
    {
        if (await client.BeginUploadAsync(blob, fromRepository, cancellationToken).ConfigureAwait(false) is not { } upload) return true;
        await upload.DisposeAsync().ConfigureAwait(false);
        return false;
    }

    public async Task<IUpload> BeginUploadAsync(CancellationToken cancellationToken) => new Upload(
        await client.BeginUploadAsync(default, null, cancellationToken).ConfigureAwait(false) ?? throw new InvalidOperationException("a registry has mounted nothing"));

    public Task<Digest> PutManifestAsync(string tagOrDigest, string mediaType, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        client.PutManifestAsync(tagOrDigest, mediaType, content, cancellationToken);

    private sealed class Upload(BlobUpload upload) : IUpload
    {
        public int MinimumChunkLength => upload.MinimumChunkLength;

        public Task AppendAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken) => upload.AppendAsync(chunk, cancellationToken);

        public Task FinishAsync(Digest digest, ReadOnlyMemory<byte> last, CancellationToken cancellationToken) => upload.FinishAsync(digest, last, cancellationToken);

        public ValueTask DisposeAsync() => upload.DisposeAsync();
    }
}
