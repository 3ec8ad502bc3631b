using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Images;

/// <summary>How to make an image of a container's changes.</summary>
public sealed record CommitOptions
{
    /// <summary>The container, which has writable directories in the store.</summary>
    public required string ContainerId { get; init; }

    /// <summary>The image that it was made from.</summary>
    public required Digest Parent { get; init; }

    /// <summary>How containers of the new image run.</summary>
    public required OciContainerConfig Config { get; init; }

    /// <summary>What the container runs, for the history.</summary>
    public string CreatedBy { get; init; } = "";

    public string Author { get; init; } = "";

    public string Message { get; init; } = "";

    /// <summary>The new image's name.</summary>
    public Reference? Reference { get; init; }
}
