using Tare.Oci;

namespace Tare.Images.Pulling;

/// <summary>Something that happened while an image was pulled.</summary>
public abstract record PullEvent;

/// <summary>The state of a layer.</summary>
/// <param name="Layer">The layer's blob.</param>
/// <param name="Stage">What is done with it.</param>
/// <param name="Current">Bytes that have been done, compressed.</param>
/// <param name="Total">Bytes in all; 0 when the stage has no progress.</param>
public sealed record PullLayerEvent(Digest Layer, PullStage Stage, long Current = 0, long Total = 0) : PullEvent;

/// <summary>What a reference has turned out to be.</summary>
/// <param name="Digest">The digest of the manifest or index.</param>
public sealed record PullResolvedEvent(Digest Digest) : PullEvent;

/// <summary>What is done with a layer, in order.</summary>
public enum PullStage
{
    /// <summary>The layer is in the store.</summary>
    AlreadyExists,

    /// <summary>The layer is to be fetched.</summary>
    PullingLayer,

    /// <summary>Others are fetched before it.</summary>
    Waiting,

    /// <summary>It comes, and is extracted while it does.</summary>
    Downloading,

    /// <summary>All of it is here; its digest is compared.</summary>
    VerifyingChecksum,

    /// <summary>It is what it was to be.</summary>
    DownloadComplete,

    /// <summary>The rest of it is extracted.</summary>
    Extracting,

    /// <summary>It is in the store.</summary>
    PullComplete,
}
