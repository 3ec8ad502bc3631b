using System.Collections.Concurrent;
using System.Net;
using Tare.Engine.Common;
using Tare.Engine.Ports;
using Tare.Errors;
using Tare.Keeper;
using Tare.Linux;
using Tare.Networks;
using Tare.Networks.Dns.Names;
using Tare.Networks.Endpoints;
using Tare.Networks.Filters;
using Tare.Networks.Filters.Ports;
using Tare.Networks.Links;

namespace Tare.Engine.Networks.Kernel;

/// <summary>Bridges, cables, the packet filter, ports and names: the kernel's side of networks, put together.</summary>
internal sealed class NetworkPlane : INetworkPlane
{
    private const string FilterHolding = "filter";

    // A bridge of a user that looks for loops takes half a minute, and Docker does not wait for it.
    private static readonly TimeSpan Readiness = TimeSpan.FromSeconds(1);

    private readonly IKeeper keeper;
    private readonly Poller poller;
    private readonly Func<SandboxNetwork> takeNamespace;
    private readonly Action<EngineLogLevel, string> log;
    private readonly HostNetwork host = new();
    private readonly BridgeDevices devices;
    private readonly SandboxLinks links;
    private readonly ParentLinks parents;
    private readonly LinkReadiness readiness;
    private readonly PortBook ports;
    private readonly NameService names;
    private readonly string filterName;
    private readonly OtherFirewalls others;
    private readonly Lock gate = new();
    private readonly ConcurrentDictionary<string, Network> made = new(StringComparer.Ordinal);
    private readonly DiscardedNamespaces discarded = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly GatheredWork<BridgeEndpoint> forgetting;
    private BridgeFilter? filter;
    private Task watching = Task.CompletedTask;
    private Task watchingOthers = Task.CompletedTask;

    /// <param name="engineId">What tells this engine from others on the host.</param>
    /// <param name="filterName">The name of the table of its packet filter.</param>
    /// <param name="keeper">Holds what must outlive the engine.</param>
    /// <param name="poller">Waits for descriptors.</param>
    /// <param name="takeNamespace">Gives a network namespace that was made ahead.</param>
    /// <param name="nameOf">The name of a container, for messages.</param>
    /// <param name="opensOthers">Whether rules may be put into other programs' packet filters.</param>
    /// <param name="log">Is told what nobody waits for.</param>
    public NetworkPlane(string engineId, string filterName, IKeeper keeper, Poller poller, Func<SandboxNetwork> takeNamespace, Func<string, string> nameOf, bool opensOthers, Action<EngineLogLevel, string> log)
    {
        others = new OtherFirewalls(filterName, opensOthers, log);
        (this.filterName, this.keeper, this.poller, this.takeNamespace, this.log) = (filterName, keeper, poller, takeNamespace, log);
        var owner = new DeviceOwner(engineId);
        devices = new BridgeDevices(host, owner);
        links = new SandboxLinks(host, owner);
        parents = new ParentLinks(host, owner);
        readiness = new LinkReadiness(host, poller);
        ports = new PortBook(keeper, nameOf, log);
        names = new NameService(keeper, log);
        forgetting = new GatheredWork<BridgeEndpoint>(endpoints => filter!.Forget(endpoints));
    }

    /// <inheritdoc/>
    public IReadOnlyList<IPNetwork> HostRoutes() => Tare.Networks.Links.HostRoutes.Read(host);

    /// <inheritdoc/>
    public async Task RestoreAsync(IReadOnlyCollection<Network> networks, IReadOnlyCollection<BridgeEndpoint> endpoints)
    {
        var kept = (await keeper.HoldingsAsync(CancellationToken.None)).ToDictionary(holding => holding.Name, StringComparer.Ordinal);
        var socket = TakeFilter(kept);
        if (socket is not null || networks.Count > 0)
        {
            foreach (var network in networks)
            {
                MakeDevice(network);
                made[network.Id] = network;
            }

            filter = socket is null ? BridgeFilter.Open(filterName) : BridgeFilter.Adopt(filterName, socket);
            var bridges = networks.Where(network => network.IsBridge).Select(network => network.Id).ToHashSet(StringComparer.Ordinal);
            filter.Restore([.. networks.Where(network => network.IsBridge)], [.. endpoints.Where(endpoint => bridges.Contains(endpoint.NetworkId))]);
            await HoldAsync(filter.Descriptor);
            Watch(filter);
        }

        devices.Sweep(networks.Select(network => network.Id).ToHashSet(StringComparer.Ordinal), endpoints.Select(endpoint => endpoint.Id).ToHashSet(StringComparer.Ordinal));
        foreach (var endpoint in endpoints)
        {
            if (kept.Remove(NameService.Prefix + endpoint.ContainerId, out var questions) && questions.Descriptors is [var datagrams, var connections]) names.Keep(endpoint.ContainerId, datagrams, connections);
            if (endpoint.Ports.Count > 0) await ports.ResumeAsync(endpoint, kept.Remove(PortBook.Prefix + endpoint.ContainerId, out var taken) ? taken.Descriptors : []);
        }

        others.Begin(networks.Select(network => network.Device));
        watchingOthers = others.WatchAsync(poller, stopping.Token);

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
            MakeDevice(network);
            if (network.IsBridge)
            {
                Filter().Add(network);
                others.Add(network.Device);
            }

            made[network.Id] = network;
        }
    }

    /// <inheritdoc/>
    public void Remove(Network network, IEnumerable<Network> rest)
    {
        made.TryRemove(network.Id, out _);
        if (!network.IsBridge)
        {
            parents.Remove(network, rest);
            return;
        }

        filter?.Remove(network);
        devices.Remove(network);
        others.Remove(network.Device);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Obstacles() => others.Obstacles();

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
        network.IsBridge ? links.Attach(network, endpoint, own.Network, device) : parents.Attach(network, endpoint, own.Network, device);

    /// <inheritdoc/>
    public void Publish(Network network, BridgeEndpoint endpoint)
    {
        if (network.IsBridge) Filter().Add(endpoint);
    }

    /// <inheritdoc/>
    public Task PublishAgainAsync(Network network, BridgeEndpoint endpoint)
    {
        Publish(network, endpoint);
        return ports.LeadAsync(endpoint);
    }

    /// <inheritdoc/>
    public void Withdraw(Network network, BridgeEndpoint endpoint)
    {
        if (!network.IsBridge) return;
        filter?.Withdraw(endpoint);
        links.Silence(endpoint);
    }

    /// <inheritdoc/>
    public Task ForgetAsync(IReadOnlyList<BridgeEndpoint> endpoints) => filter is null ? Task.CompletedTask : forgetting.AddAsync(endpoints);

    /// <inheritdoc/>
    public void Detach(INetworkSandbox sandbox, Network network, BridgeEndpoint endpoint, string device)
    {
        if (network.IsBridge) links.Detach(endpoint);
        else ParentLinks.Detach(((KernelSandbox)sandbox).Network, device);
    }

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
        await stopping.CancelAsync();
        await watching;
        await watchingOthers;
        others.Dispose();
        discarded.Dispose();
        names.Dispose();
        ports.Dispose();
        if (filter is { HasEndpoints: false }) await LeaveHostAsync(filter);
        filter?.Dispose();
        host.Dispose();
        stopping.Dispose();
    }

    /// <summary>An engine that ends without containers on its bridges leaves the host as it was, but for the devices of networks that somebody has made.</summary>
    private async Task LeaveHostAsync(BridgeFilter unused)
    {
        try
        {
            unused.Clear();
            await keeper.ReleaseAsync(FilterHolding, CancellationToken.None);
            foreach (var network in made.Values.Where(network => network.Name == PredefinedNetworks.Bridge)) devices.Remove(network);
        }
        catch (TareException e)
        {
            log(EngineLogLevel.Warning, $"something of the engine's networks is left on the host: {e.Message}");
        }
    }

    private void MakeDevice(Network network)
    {
        if (network.IsBridge) devices.Make(network);
        else parents.Make(network);
    }

    private static Fd? TakeFilter(Dictionary<string, Holding> kept) => kept.Remove(FilterHolding, out var holding) && holding.Descriptors is [var socket, ..] ? socket : null;

    private static SandboxGateway? Of(Gateway? gateway) => gateway is null ? null : new SandboxGateway(gateway.Device, gateway.Address);

    /// <summary>The packet filter, made when it is first needed: a machine without networks of containers has no table of ours.</summary>
    private BridgeFilter Filter()
    {
        lock (gate)
        {
            if (filter is not null) return filter;
            var made = BridgeFilter.Open(filterName);
            try
            {
                made.Restore([], []);
            }
            catch
            {
                made.Dispose();
                throw;
            }

            filter = made;
            HoldAsync(filter.Descriptor).GetAwaiter().GetResult();
            Watch(filter);
            return filter;
        }
    }

    private Task HoldAsync(Fd socket) => keeper.HoldAsync(FilterHolding, [socket], CancellationToken.None);

    private void Watch(BridgeFilter made) => watching = Task.Run(() => WatchAsync(made, stopping.Token));

    /// <summary>Restores the packet filter whenever somebody else has changed it.</summary>
    private async Task WatchAsync(BridgeFilter made, CancellationToken cancellationToken)
    {
        try
        {
            using var watch = new FilterWatch(made);
            while (true)
            {
                var culprit = await watch.WaitForDamageAsync(poller, cancellationToken);
                log(EngineLogLevel.Warning, $"the packet filter's table inet {made.Name} was changed by {culprit ?? "another program"}: it is restored");
                made.Restore();
            }
        }
        catch (OperationCanceledException)
        {
            // The engine ends.
        }
        catch (TareException e)
        {
            log(EngineLogLevel.Error, $"changes of the packet filter's table inet {made.Name} are not noticed any more: {e.Message}");
        }
    }
}
