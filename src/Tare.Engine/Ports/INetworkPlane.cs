using System.Net;
using Tare.Linux;
using Tare.Networks;
using Tare.Networks.Dns.Names;
using Tare.Networks.Endpoints;
using Tare.Networks.Filters.Ports;

namespace Tare.Engine.Ports;

/// <summary>What the engine needs of the kernel's networks. Tests put one here that fails where they want.</summary>
internal interface INetworkPlane : IAsyncDisposable
{
    /// <summary>What the host has routes to.</summary>
    IReadOnlyList<IPNetwork> HostRoutes();

    /// <summary>Brings the kernel to what is known: devices, rules and ports of these, and nothing of others that are this engine's.</summary>
    Task RestoreAsync(IReadOnlyCollection<Network> networks, IReadOnlyCollection<BridgeEndpoint> endpoints);

    /// <summary>Makes a network's device and rules, if they are not there.</summary>
    void Make(Network network);

    /// <summary>Removes what there is of a network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="rest">Those that stay, which may share a device with it.</param>
    void Remove(Network network, IEnumerable<Network> rest);

    /// <summary>What of other programs' is in the way of packets to and from containers: a sentence for each.</summary>
    IReadOnlyList<string> Obstacles();

    /// <summary>A network namespace for a container that is about to be started; a loopback device alone is in it.</summary>
    INetworkSandbox Take();

    /// <summary>The network namespace of a container that runs; null when it has ended.</summary>
    /// <param name="pid">Its first process.</param>
    /// <param name="process">The same, held.</param>
    INetworkSandbox? Open(int pid, Fd process);

    /// <summary>The container of a namespace has ended: it is closed some time.</summary>
    void Discard(INetworkSandbox sandbox);

    /// <summary>Reserves ports of the host for a container, and chooses those that are left open.</summary>
    /// <exception cref="Errors.TareException">One is taken. None is reserved then.</exception>
    Task<IReadOnlyList<PublishedPort>> ReserveAsync(string containerId, IReadOnlyList<PortRequest> ports);

    /// <summary>Gives the ports of a container back.</summary>
    Task ReleaseAsync(string containerId);

    /// <summary>Puts a container's device on a network; a failure leaves nothing of it.</summary>
    void Attach(INetworkSandbox sandbox, Network network, BridgeEndpoint endpoint, string device);

    /// <summary>Leads packets from the host to an endpoint's ports, and to it what comes from its own network alone.</summary>
    void Publish(Network network, BridgeEndpoint endpoint);

    /// <summary>Leads a container's ports, which it goes on to have, to another of its endpoints.</summary>
    Task PublishAgainAsync(Network network, BridgeEndpoint endpoint);

    /// <summary>Leads a container's ports from one of its endpoints to another; no packet comes in between.</summary>
    /// <param name="from">The endpoint that had them, without them; both are of bridges.</param>
    /// <param name="to">The endpoint that has them from now on.</param>
    Task MovePortsAsync(BridgeEndpoint from, BridgeEndpoint to);

    /// <summary>Ends what <see cref="Publish"/> has begun, and lets nothing pass to or from the endpoint any more.</summary>
    void Withdraw(Network network, BridgeEndpoint endpoint);

    /// <summary>Makes the kernel forget connections of endpoints that were withdrawn; their addresses may be given out again then.</summary>
    Task ForgetAsync(IReadOnlyList<BridgeEndpoint> endpoints);

    /// <summary>Takes a container's device off a network. It goes with the container's namespace as well.</summary>
    void Detach(INetworkSandbox sandbox, Network network, BridgeEndpoint endpoint, string device);

    /// <summary>Gives the container its ways out; those that it had go.</summary>
    void SetGateways(INetworkSandbox sandbox, Gateway? ipv4, Gateway? ipv6);

    /// <summary>Answers a container's questions for names from now on.</summary>
    Task ServeNamesAsync(INetworkSandbox sandbox, DnsSandbox names);

    /// <summary>Ends <see cref="ServeNamesAsync"/>; nothing happens where it has not begun.</summary>
    Task EndNamesAsync(DnsSandbox names);

    /// <summary>Waits until packets pass the devices of a container: the kernel drops those that come before.</summary>
    Task PassableAsync(INetworkSandbox sandbox);
}

/// <summary>A container's network namespace, held. Disposing it gives it up; the container's processes keep it.</summary>
internal interface INetworkSandbox : IDisposable
{
    Fd Namespace { get; }
}

/// <summary>A way out of a container.</summary>
/// <param name="Address">The next hop.</param>
/// <param name="Device">The container's device.</param>
internal sealed record Gateway(IPAddress Address, string Device);
