using Tare.Networks;
using Tare.Networks.Endpoints;
using Tare.Networks.Links;

namespace Tare.Engine.Networks.Kernel;

/// <summary>What the kernel has for networks of one kind. Everything may be repeated, and a failure leaves nothing.</summary>
internal interface INetworkDriver
{
    /// <summary>Makes the host's device of a network, or mends it: what is left of it after the machine was started anew.</summary>
    void MakeDevice(Network network);

    /// <summary>Makes all that a network needs on the host, or mends it.</summary>
    void Make(Network network);

    /// <summary>Removes that.</summary>
    /// <param name="network">The network.</param>
    /// <param name="rest">Those that stay, which may share a device with it.</param>
    void Remove(Network network, IEnumerable<Network> rest);

    /// <summary>Gives a container its device.</summary>
    SandboxLink Attach(Network network, BridgeEndpoint endpoint, SandboxNetwork sandbox, string device);

    /// <summary>Leads what comes from outside to an endpoint.</summary>
    void Publish(BridgeEndpoint endpoint);

    /// <summary>Lets nothing pass to or from an endpoint any more.</summary>
    void Withdraw(BridgeEndpoint endpoint);

    /// <summary>Takes a container's device away.</summary>
    void Detach(BridgeEndpoint endpoint, SandboxNetwork sandbox, string device);
}
