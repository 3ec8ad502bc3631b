using Tare.Networks;
using Tare.Networks.Endpoints;
using Tare.Networks.Links;

namespace Tare.Engine.Networks.Kernel;

/// <summary>The drivers <c>macvlan</c> and <c>ipvlan</c>: containers are neighbours of the host's, with addresses of the outside, and nothing is published.</summary>
internal sealed class ParentDriver(ParentLinks links) : INetworkDriver
{
    /// <inheritdoc/>
    public void MakeDevice(Network network) => links.Make(network);

    /// <inheritdoc/>
    public void Make(Network network) => MakeDevice(network);

    /// <inheritdoc/>
    public void Remove(Network network, IEnumerable<Network> rest) => links.Remove(network, rest);

    /// <inheritdoc/>
    public SandboxLink Attach(Network network, BridgeEndpoint endpoint, SandboxNetwork sandbox, string device) => links.Attach(network, endpoint, sandbox, device);

    /// <inheritdoc/>
    public void Publish(BridgeEndpoint endpoint)
    {
        // It is reached as it is.
    }

    /// <inheritdoc/>
    public void Withdraw(BridgeEndpoint endpoint)
    {
        // Its packets end with its device.
    }

    /// <inheritdoc/>
    public void Detach(BridgeEndpoint endpoint, SandboxNetwork sandbox, string device) => ParentLinks.Detach(sandbox, device);
}
