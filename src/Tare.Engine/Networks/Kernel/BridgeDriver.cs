using Tare.Errors;
using Tare.Linux;
using Tare.Networks;
using Tare.Networks.Endpoints;
using Tare.Networks.Links;

namespace Tare.Engine.Networks.Kernel;

/// <summary>The driver <c>bridge</c>: a device for each network, a cable to each container, and a packet filter for all of them.</summary>
internal sealed class BridgeDriver(BridgeDevices devices, SandboxLinks links, HeldFilter filter, OtherFirewalls others, Poller poller, Action<EngineLogLevel, string> log)
    : INetworkDriver, IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private Network? predefined;
    private Task watching = Task.CompletedTask;

    /// <summary>What of other programs' is in the way of packets: a sentence for each.</summary>
    public IReadOnlyList<string> Obstacles() => others.Obstacles();

    /// <summary>Brings the packet filter to what is known; the devices are there.</summary>
    /// <param name="socket">The one that the last engine's packet filter belongs to.</param>
    /// <param name="networks">All bridges.</param>
    /// <param name="endpoints">Those on them.</param>
    public async Task RestoreAsync(Fd? socket, IReadOnlyCollection<Network> networks, IReadOnlyCollection<BridgeEndpoint> endpoints)
    {
        if (socket is not null || networks.Count > 0) await filter.RestoreAsync(socket, networks, endpoints);
        others.Begin(networks.Select(network => network.Device));
        watching = others.WatchAsync(poller, stopping.Token);
    }

    /// <inheritdoc/>
    public void MakeDevice(Network network)
    {
        devices.Make(network);
        if (network.Name == PredefinedNetworks.Bridge) predefined = network;
    }

    /// <inheritdoc/>
    public void Make(Network network)
    {
        MakeDevice(network);
        filter.Get().Add(network);
        others.Add(network.Device);
    }

    /// <inheritdoc/>
    public void Remove(Network network, IEnumerable<Network> rest)
    {
        filter.Current?.Remove(network);
        devices.Remove(network);
        others.Remove(network.Device);
    }

    /// <inheritdoc/>
    public SandboxLink Attach(Network network, BridgeEndpoint endpoint, SandboxNetwork sandbox, string device) => links.Attach(network, endpoint, sandbox, device);

    /// <inheritdoc/>
    public void Publish(BridgeEndpoint endpoint) => filter.Get().Add(endpoint);

    /// <summary>As <see cref="Publish(BridgeEndpoint)"/>, of two at once: what the first had, the second may have.</summary>
    public void Publish(BridgeEndpoint first, BridgeEndpoint second) => filter.Get().Add(first, second);

    /// <inheritdoc/>
    public void Withdraw(BridgeEndpoint endpoint)
    {
        filter.Current?.Withdraw(endpoint);
        links.Silence(endpoint);
    }

    /// <summary>Makes the kernel forget connections of endpoints that were withdrawn.</summary>
    public Task ForgetAsync(IReadOnlyList<BridgeEndpoint> endpoints) => filter.ForgetAsync(endpoints);

    /// <inheritdoc/>
    public void Detach(BridgeEndpoint endpoint, SandboxNetwork sandbox, string device) => links.Detach(endpoint);

    /// <summary>An engine that ends without containers on its bridges leaves the host as it was, but for the devices of networks that somebody has made.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await watching;
        others.Dispose();
        try
        {
            if (await filter.TryLeaveAsync() && predefined is { } network) devices.Remove(network);
        }
        catch (TareException e)
        {
            log(EngineLogLevel.Warning, $"something of the engine's networks is left on the host: {e.Message}");
        }

        await filter.DisposeAsync();
        stopping.Dispose();
    }
}
