using Tare.Errors;
using Tare.Images.Catalogs;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Images.Pulling;

/// <summary>An image in a registry: its manifest and its configuration, and the index that it was chosen from.</summary>
/// <param name="Index">The index, or <see langword="null"/>.</param>
/// <param name="IndexManifests">What the index lists.</param>
/// <param name="Document">The manifest's bytes.</param>
/// <param name="Manifest">The manifest.</param>
internal sealed record RemoteImage(ImageDocument? Index, IReadOnlyList<Digest> IndexManifests, ImageDocument Document, OciManifest Manifest)
{
    private const int MaxDepth = 4;
    private const int MaxLayers = 500;

    /// <summary>What the name stands for in its registry.</summary>
    internal Digest Target => Index?.Digest ?? Document.Digest;

    /// <summary>Finds the image that a tag or digest means for a platform.</summary>
    /// <exception cref="TareException">NotFound: there is none, or none for the platform; InvalidArgument: a document is malformed, or is no image's.</exception>
    internal static async Task<RemoteImage> ResolveAsync(IRemoteRepository repository, string tagOrDigest, OciPlatform platform, CancellationToken cancellationToken)
    {
        var remote = await repository.GetManifestAsync(tagOrDigest, cancellationToken).ConfigureAwait(false);
        ImageDocument? index = null;
        IReadOnlyList<Digest> listed = [];
        for (var depth = 0; MediaTypes.IsIndex(remote.MediaType); depth++)
        {
            if (depth == MaxDepth) throw TareException.Invalid($"the indexes of {repository.Name} lie too deep in each other");
            var document = Documents.Parse(remote.Content, ImageJson.Default.OciIndex, $"the index {remote.Digest}");
            index ??= new ImageDocument(remote.MediaType, remote.Digest, remote.Content);
            if (listed.Count == 0) listed = [.. document.Manifests.Select(manifest => Digest.Parse(manifest.Digest))];
            var chosen = Platforms.Choose(document.Manifests, platform)
                ?? throw TareException.NotFound($"no matching manifest for {PlatformSpecifier.Format(platform)} in the manifest list entries");
            remote = await repository.GetManifestAsync(Digest.Parse(chosen.Digest).ToString(), cancellationToken).ConfigureAwait(false);
            if (remote.Content.Length != chosen.Size) throw TareException.Invalid($"the manifest {remote.Digest} has {remote.Content.Length} bytes where its index says {chosen.Size}");
        }

        if (!MediaTypes.IsManifest(remote.MediaType)) throw TareException.Invalid($"unsupported manifest media type {remote.MediaType} of {repository.Name}: it is no image");
        var manifest = Documents.Parse(remote.Content, ImageJson.Default.OciManifest, $"the manifest {remote.Digest}");
        Check(manifest, repository.Name);
        return new RemoteImage(index, listed, new ImageDocument(remote.MediaType, remote.Digest, remote.Content), manifest);
    }

    private static void Check(OciManifest manifest, string name)
    {
        if (manifest.Config.MediaType is not (null or MediaTypes.OciConfig or MediaTypes.DockerConfig))
            throw TareException.Invalid($"Encountered remote \"{manifest.Config.MediaType}\"(unknown) when fetching {name}: it is an artifact and no image");
        if (manifest.Layers.Count > MaxLayers) throw TareException.Invalid($"the image {name} has {manifest.Layers.Count} layers, more than the {MaxLayers} that can be stacked");
        foreach (var layer in manifest.Layers)
        {
            if (layer.Size < 0) throw TareException.Invalid($"the layer {layer.Digest} of {name} has a negative size");
            if (layer.MediaType is { } type && (type.Contains(".foreign.", StringComparison.Ordinal) || type.Contains(".nondistributable.", StringComparison.Ordinal)))
                throw TareException.NotImplemented($"the layer {layer.Digest} of {name} is a foreign layer ({type}), which its registry does not have and which is not fetched from elsewhere");
        }
    }
}
