using Tare.Engine.Create;
using Tare.Wire;

namespace Tare.Engine.Containers;

/// <summary>What a container is, from its creation on. Only an update replaces it, and then whole.</summary>
internal sealed record ContainerDefinition
{
    /// <summary>64 hexadecimal digits.</summary>
    public required string Id { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>Digest of the image's configuration; empty for a container that was made without an image.</summary>
    public required string ImageId { get; init; }

    /// <summary>The configuration, with the image's merged in.</summary>
    public required ContainerConfig Config { get; init; }

    public required HostConfig HostConfig { get; init; }

    public required IReadOnlyList<ContainerMount> Mounts { get; init; }

    /// <summary>What the user said of networks, for inspect.</summary>
    public NetworkingConfig? Networking { get; init; }

    /// <summary>The id's first twelve digits, as lists show it.</summary>
    public string ShortId => Id[..12];
}
