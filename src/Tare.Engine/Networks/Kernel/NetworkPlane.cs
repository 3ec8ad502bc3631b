using System.Collections.Concurrent;
using System.Net;
using Tare.Engine.Ports;
using Tare.Errors;
using Tare.Keeper;
using Tare.Linux;
using Tare.Networks;
using Tare.Networks.Dns.Names;
using Tare.Networks.Endpoints;
using Tare.Networks.Filters.Ports;
using Tare.Networks.Links;

namespace Tare.Engine.Networks.Kernel;

/// <summary>Drivers, ports and names: the kernel's side of networks, put together.</summary>
internal sealed class NetworkPlane : INetworkPlane
{
    // A bridge of a user that looks for loops takes half a minute, and Docker does not wait for it.
    private static readonly TimeSpan Readiness = TimeSpan.FromSeconds(1);

    private readonly IKeeper keeper;
    private readonly Func<SandboxNetwork> takeNamespace;
    private readonly Action<EngineLogLevel, string> log;
    private readonly HostNetwork host = new();
    private readonly BridgeDevices devices;
    private readonly BridgeDriver bridges;
    private readonly ParentDriver parents;
    private readonly LinkReadiness readiness;
    private readonly PortBook ports;
    private readonly NameService names;
    private readonly Lock gate = new();
    private readonly ConcurrentDictionary<string, Network> made = new(StringComparer.Ordinal);
    private readonly DiscardedNamespaces discarded = new();

    /// <param name="engineId">What tells this engine from others on the host.</param>
    /// <param name="filterName">The name of the table of its packet filter.</param>
    /// <param name="keeper">Holds what must outlive the engine.</param>
    /// <param name="poller">Waits for descriptors.</param>
    /// <param name="takeNamespace">Gives a network namespace that was made ahead.</param>
    /// <param name="nameOf">The name of a container, for messages.</param>
    /// <param name="opensOthers">Whether rules may be put into other programs' packet filters.</param>
    /// <param name="enablesForwarding">Whether the host is made to pass packets on.</param>
    /// <param name="log">Is told what nobody waits for.</param>
    public NetworkPlane(string engineId, string filterName, IKeeper keeper, Poller poller, Func<SandboxNetwork> takeNamespace, Func<string, string> nameOf, bool opensOthers, bool enablesForwarding, Action<EngineLogLevel, string> log)
    {
        (this.keeper, this.takeNamespace, this.log) = (keeper, takeNamespace, log);
        var owner = new DeviceOwner(engineId);
        devices = new BridgeDevices(host, owner) { EnablesForwarding = enablesForwarding };
        bridges = new BridgeDriver(devices, new SandboxLinks(host, owner), new HeldFilter(filterName, keeper, poller, log), new OtherFirewalls(filterName, opensOthers, log), poller, log);
        parents = new ParentDriver(new ParentLinks(host, owner));
        readiness = new LinkReadiness(host, poller);
        ports = new PortBook(keeper, nameOf, log);
        names = new NameService(keeper, log);
    }

    /// <inheritdoc/>
    public IReadOnlyList<IPNetwork> HostRoutes() => Tare.Networks.Links.HostRoutes.Read(host);

    /// <inheritdoc/>
    public async Task RestoreAsync(IReadOnlyCollection<Network> networks, IReadOnlyCollection<BridgeEndpoint> endpoints)
    {
        var kept = (await keeper.HoldingsAsync(CancellationToken.None)).ToDictionary(holding => holding.Name, StringComparer.Ordinal);
        var ofBridges = networks.Where(network => network.IsBridge).ToDictionary(network => network.Id, StringComparer.Ordinal);
        foreach (var network in networks) TryMakeDevice(network);
        await bridges.RestoreAsync(TakeFilter(kept), ofBridges.Values, [.. endpoints.Where(endpoint => ofBridges.ContainsKey(endpoint.NetworkId))]);
        devices.Sweep(networks.Select(network => network.Id).ToHashSet(StringComparer.Ordinal), endpoints.Select(endpoint => endpoint.Id).ToHashSet(StringComparer.Ordinal));
        foreach (var endpoint in endpoints)
        {
            if (kept.Remove(NameService.Prefix + endpoint.ContainerId, out var questions) && questions.Descriptors is [var datagrams, var connections]) names.Keep(endpoint.ContainerId, datagrams, connections);
            if (endpoint.Ports.Count > 0) await ports.ResumeAsync(endpoint, kept.Remove(PortBook.Prefix + endpoint.ContainerId, out var taken) ? taken.Descriptors : []);
        }

        // What is left is of containers that have ended meanwhile.
        foreach (var (name, left) in kept.Where(entry => entry.Key.StartsWith(NameService.Prefix, StringComparison.Ordinal) || entry.Key.StartsWith(PortBook.Prefix, StringComparison.Ordinal)))
        {
            left.Dispose();
            await keeper.ReleaseAsync(name, CancellationToken.None);
        }
    }

    /// <inheritdoc/>
    public void Make(Network network)
    {
        if (made.ContainsKey(network.Id)) return;
        lock (gate)
        {
            DriverOf(network).Make(network);
            made[network.Id] = network;
        }
    }

    /// <inheritdoc/>
    public void Remove(Network network, IEnumerable<Network> rest)
    {
        made.TryRemove(network.Id, out _);
        DriverOf(network).Remove(network, rest);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Obstacles() => bridges.Obstacles();

    /// <inheritdoc/>
    public INetworkSandbox Take()
    {
        discarded.Postpone();
        return new KernelSandbox(takeNamespace());
    }

    /// <inheritdoc/>
    public void Discard(INetworkSandbox sandbox)
    {
        // Its descriptors are of no use any more, and take memory.
        ((KernelSandbox)sandbox).Network.Relax();
        discarded.Add(sandbox);
    }

    /// <inheritdoc/>
    public INetworkSandbox? Open(int pid, Fd process)
    {
        Fd network;
        try
        {
            network = Namespaces.Of(pid, "net");
        }
        catch (LinuxException)
        {
            return null;
        }

        // The number may be another's by now: while the process lives it is not.
        if (!Polling.WaitReadable(process, 0)) return new KernelSandbox(new SandboxNetwork(network));
        network.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<PublishedPort>> ReserveAsync(string containerId, IReadOnlyList<PortRequest> ports) => this.ports.ReserveAsync(containerId, ports);

    /// <inheritdoc/>
    public Task ReleaseAsync(string containerId) => ports.ReleaseAsync(containerId);

    /// <inheritdoc/>
    public void Attach(INetworkSandbox sandbox, Network network, BridgeEndpoint endpoint, string device)
    {
        var own = (KernelSandbox)sandbox;
        try
        {
            own.New.Add(AttachTo(own, network, endpoint, device));
        }
        catch (TareException) when (made.TryRemove(network.Id, out _))
        {
            // Somebody may have removed its device, or changed it: it is made anew, or mended, and this tells whether that was it.
            Make(network);
            own.New.Add(AttachTo(own, network, endpoint, device));
        }
    }

    private SandboxLink AttachTo(KernelSandbox own, Network network, BridgeEndpoint endpoint, string device) =>
        DriverOf(network).Attach(network, endpoint, own.Network, device);

    /// <inheritdoc/>
    public void Publish(Network network, BridgeEndpoint endpoint) => DriverOf(network).Publish(endpoint);

    /// <inheritdoc/>
    public Task PublishAgainAsync(Network network, BridgeEndpoint endpoint)
    {
        Publish(network, endpoint);
        return ports.LeadAsync(endpoint);
    }

    /// <inheritdoc/>
    public Task MovePortsAsync(BridgeEndpoint from, BridgeEndpoint to)
    {
        bridges.Publish(from, to);
        return ports.LeadAsync(to);
    }

    /// <inheritdoc/>
    public void Withdraw(Network network, BridgeEndpoint endpoint) => DriverOf(network).Withdraw(endpoint);

    /// <inheritdoc/>
    public Task ForgetAsync(IReadOnlyList<BridgeEndpoint> endpoints) => bridges.ForgetAsync(endpoints);

    /// <inheritdoc/>
    public void Detach(INetworkSandbox sandbox, Network network, BridgeEndpoint endpoint, string device) =>
        DriverOf(network).Detach(endpoint, ((KernelSandbox)sandbox).Network, device);

    /// <inheritdoc/>
    public void SetGateways(INetworkSandbox sandbox, Gateway? ipv4, Gateway? ipv6) =>
        SandboxLinks.SetGateways(((KernelSandbox)sandbox).Network, Of(ipv4), Of(ipv6));

    /// <inheritdoc/>
    public Task ServeNamesAsync(INetworkSandbox sandbox, DnsSandbox names) => this.names.BeginAsync(sandbox, names);

    /// <inheritdoc/>
    public Task EndNamesAsync(DnsSandbox names) => this.names.EndAsync(names);

    /// <inheritdoc/>
    public async Task PassableAsync(INetworkSandbox sandbox)
    {
        var own = (KernelSandbox)sandbox;
        foreach (var link in own.New) await readiness.WaitAsync(link, own.Network, Readiness, CancellationToken.None);
        own.New.Clear();
        own.Network.Relax();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        discarded.Dispose();
        names.Dispose();
        ports.Dispose();
        await bridges.DisposeAsync();
        host.Dispose();
    }

    /// <summary>A network whose device cannot be made now, since another has the name or the parent is not there, is no reason to go without the others.</summary>
    private void TryMakeDevice(Network network)
    {
        try
        {
            DriverOf(network).MakeDevice(network);
            made[network.Id] = network;
        }
        catch (TareException e)
        {
            log(EngineLogLevel.Error, $"network {network.Name} is not there until a container needs it: {e.Message}");
        }
    }

    private INetworkDriver DriverOf(Network network) => network.IsBridge ? bridges : parents;

    private static Fd? TakeFilter(Dictionary<string, Holding> kept) => kept.Remove(HeldFilter.Holding, out var holding) && holding.Descriptors is [var socket, ..] ? socket : null;

    private static SandboxGateway? Of(Gateway? gateway) => gateway is null ? null : new SandboxGateway(gateway.Device, gateway.Address);
}
