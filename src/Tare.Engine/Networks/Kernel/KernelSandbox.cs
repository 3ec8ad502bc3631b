using Tare.Engine.Ports;
using Tare.Linux;
using Tare.Networks.Links;

namespace Tare.Engine.Networks.Kernel;

/// <summary>A container's network namespace, and the devices that were put into it.</summary>
internal sealed class KernelSandbox(SandboxNetwork network) : INetworkSandbox
{
    /// <summary>The namespace with what changes it.</summary>
    public SandboxNetwork Network => network;

    /// <summary>The devices that nobody has waited for yet.</summary>
    public List<SandboxLink> New { get; } = [];

    /// <inheritdoc/>
    public Fd Namespace => Network.Namespace;

    /// <inheritdoc/>
    public void Dispose() => Network.Dispose();
}
