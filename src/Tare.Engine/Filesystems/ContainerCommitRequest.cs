using Tare.Wire;

namespace Tare.Engine.Filesystems;

/// <summary>How to make an image of a container.</summary>
public sealed record ContainerCommitRequest
{
    /// <summary>Name of the image, or empty.</summary>
    public string Repository { get; init; } = "";

    /// <summary>Its tag, or empty.</summary>
    public string Tag { get; init; } = "";

    public string Author { get; init; } = "";

    public string Comment { get; init; } = "";

    /// <summary>Whether the container's processes are frozen meanwhile.</summary>
    public bool Pause { get; init; } = true;

    /// <summary>Dockerfile instructions such as <c>CMD ["sh"]</c>.</summary>
    public IReadOnlyList<string> Changes { get; init; } = [];

    /// <summary>What the image says of its containers, filled up from the container; null takes the container's own.</summary>
    public ContainerConfig? Config { get; init; }
}
