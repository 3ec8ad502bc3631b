using Tare.Engine.Ports;
using Tare.Networks.Dns.Names;

namespace Tare.Engine.Networks;

/// <summary>What the engine holds of a running container's networks. The namespace is discarded when the container has left its networks.</summary>
/// <param name="sandbox">Its network namespace.</param>
/// <param name="containerId">The container's id.</param>
internal sealed class LiveNetwork(INetworkSandbox sandbox, string containerId)
{
    /// <summary>Its network namespace.</summary>
    public INetworkSandbox Sandbox => sandbox;

    /// <summary>What it sees of names.</summary>
    public DnsSandbox Names { get; } = new(containerId);

    /// <summary>Whether its questions are answered here. Changed by the holder of the container's gate.</summary>
    public bool HasNames { get; set; }
}
