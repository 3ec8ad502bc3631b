using Tare.Distribution;
using Tare.Oci;

namespace Tare.Images.Pushing;

/// <summary>A repository that images are pushed to. The contracts are those of the client of registries.</summary>
internal interface IRemoteTarget
{
    /// <summary>The name, without a tag.</summary>
    Reference Name { get; }

    Task<long?> HeadBlobAsync(Digest digest, CancellationToken cancellationToken);

    Task<bool> HasManifestAsync(Digest digest, CancellationToken cancellationToken);

    /// <summary>Has the registry take a blob from another of its repositories.</summary>
    /// <returns>Whether it has.</returns>
    Task<bool> TryMountAsync(Digest blob, string fromRepository, CancellationToken cancellationToken);

    /// <summary>Begins to send a blob.</summary>
    Task<IUpload> BeginUploadAsync(CancellationToken cancellationToken);

    Task<Digest> PutManifestAsync(string tagOrDigest, string mediaType, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);
}

/// <summary>A blob on its way to a registry (<see cref="BlobUpload"/>). Disposed unfinished it is taken back.</summary>
internal interface IUpload : IAsyncDisposable
{
    int MinimumChunkLength { get; }

    Task AppendAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken);

    Task FinishAsync(Digest digest, ReadOnlyMemory<byte> last, CancellationToken cancellationToken);
}
