using Tare.Oci;

namespace Tare.Images.Pushing;

/// <summary>Something that happened while an image was pushed.</summary>
public abstract record PushEvent;

/// <summary>The state of a layer.</summary>
/// <param name="Layer">Its DiffID.</param>
/// <param name="Stage">What is done with it.</param>
/// <param name="Current">Bytes that have been done, uncompressed.</param>
/// <param name="Total">Bytes in all; 0 when the stage has no progress.</param>
/// <param name="From">The repository it was mounted from, without the registry.</param>
public sealed record PushLayerEvent(Digest Layer, PushStage Stage, long Current = 0, long Total = 0, string From = "") : PushEvent;

/// <summary>A tag is in the registry.</summary>
/// <param name="Tag">The tag.</param>
/// <param name="Digest">The digest of the manifest or index.</param>
/// <param name="Size">Its bytes.</param>
public sealed record PushedTagEvent(string Tag, Digest Digest, long Size) : PushEvent;

/// <summary>What is done with a layer.</summary>
public enum PushStage
{
    /// <summary>It is to be pushed.</summary>
    Preparing,

    /// <summary>Others are pushed before it.</summary>
    Waiting,

    /// <summary>The repository has it.</summary>
    AlreadyExists,

    /// <summary>The registry has taken it from another repository.</summary>
    Mounted,

    /// <summary>It is compressed and sent.</summary>
    Pushing,

    /// <summary>It is in the registry.</summary>
    Pushed,
}
