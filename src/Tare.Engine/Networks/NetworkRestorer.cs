using Tare.Engine.Containers;
using Tare.Errors;
using Tare.Networks;

namespace Tare.Engine.Networks;

/// <summary>Brings networks back when an engine starts: what the last one left half done is swept, what the machine has lost is made again.</summary>
internal sealed class NetworkRestorer(NetworkParts parts, ContainerNetworks networks, EngineOptions options)
{
    /// <summary>Restores all of it, for the containers that were adopted. A machine without the means for networks runs containers without them.</summary>
    /// <exception cref="TareException">The default bridge cannot be as the user's options say.</exception>
    public async Task RestoreAsync(IReadOnlyCollection<Container> containers)
    {
        var live = containers.Where(container => container.Live?.Network is not null).ToList();
        SettleDefaultBridge(live);
        try
        {
            var joined = live.SelectMany(container => networks.JoinedOf(container).Where(one => one.Endpoint.HasDevice).Select(one => (one.Network, Endpoint: one.Endpoint.ToEndpoint(container.Id)))).ToList();
            foreach (var network in parts.Store.Unfinished.Where(network => network.HasDevice)) parts.Plane.Remove(network, parts.Store.Catalog.All);
            var used = joined.Select(one => one.Network.Id).ToHashSet(StringComparer.Ordinal);
            var wanted = parts.Store.Catalog.All.Where(network => network.HasDevice && (network.Name != PredefinedNetworks.Bridge || used.Contains(network.Id))).ToList();
            await parts.Plane.RestoreAsync(wanted, [.. joined.Select(one => one.Endpoint)]);
            foreach (var network in parts.Store.Unfinished) parts.Store.End(network);
            foreach (var container in live) await networks.ResumeNamesAsync(container, container.Live!.Network!);
            foreach (var container in live) await CatchUpAsync(container, container.Live!.Network!);
        }
        catch (TareException e)
        {
            options.Log(EngineLogLevel.Error, $"networks cannot be restored: {e.Message}");
        }
    }

    /// <summary>The default bridge changes with its options when nobody is on it, as with Docker and containers that outlive the engine.</summary>
    private void SettleDefaultBridge(List<Container> live)
    {
        var store = parts.Store;
        if (store.IsDefaultBridgeAsWanted || store.DefaultBridge is not { } bridge) return;
        if (live.Find(container => networks.JoinedOf(container).Any(one => one.Network.Id == bridge.Id)) is { } user)
            options.Log(EngineLogLevel.Warning, $"there are running containers on the default bridge (such as {user.Name}), updated network configuration will not take effect: start the engine again when they have ended");
        else store.RenewDefaultBridge();
    }

    private async Task CatchUpAsync(Container container, LiveNetwork live)
    {
        try
        {
            await networks.CatchUpAsync(container, live);
        }
        catch (TareException e)
        {
            options.Log(EngineLogLevel.Warning, $"container {container.Id}: a change of its networks that was under way cannot be ended: {e.Message}");
        }
    }
}
