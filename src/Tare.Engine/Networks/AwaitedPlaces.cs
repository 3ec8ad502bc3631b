using Tare.Engine.Containers;
using Tare.Engine.Create;
using Tare.Networks;
using Network = Tare.Networks.Network;

namespace Tare.Engine.Networks;

/// <summary>
/// The places of containers that were made and not started yet: their addresses are kept for them, and their names lead there as long as nobody
/// live has them. A proxy that is started together with its back end, and looks it up once, finds it whichever comes first.
/// </summary>
internal sealed class AwaitedPlaces(NetworkStore store, NameRecords names)
{
    /// <summary>Keeps addresses for a container that is being made, to be written down with it; null when none can be kept or needs to.</summary>
    public IReadOnlyList<EndpointState>? Keep(ContainerDefinition definition) => Keep(definition, []);

    /// <summary>The container is there: it is found from now on.</summary>
    public void Announce(Container container) => Announce(container, static (_, _) => true);

    /// <summary>What the last engine kept is kept on; what another has got meanwhile is not.</summary>
    public void Restore(Container container) => Announce(container, (network, place) =>
    {
        var (ipv4, ipv6) = place.ToAddresses();
        return store.LeasesOf(network).Keep(ipv4, ipv6, place.Id) == (ipv4, ipv6);
    });

    /// <summary>The places of a container that was connected or disconnected before it was started: those that stay, and new ones.</summary>
    public IReadOnlyList<EndpointState>? Renew(ContainerDefinition definition, IReadOnlyList<EndpointState>? places)
    {
        var wanted = Wanted(definition).Select(one => one.Network.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var place in (places ?? []).Where(place => !wanted.Contains(place.NetworkId))) GiveUp(place);
        return Keep(definition, [.. (places ?? []).Where(place => wanted.Contains(place.NetworkId))]);
    }

    /// <summary>Nobody waits for these any more. Nothing happens to those that were taken.</summary>
    public void GiveUp(IEnumerable<EndpointState>? places)
    {
        foreach (var place in places ?? []) GiveUp(place);
    }

    private void Announce(Container container, Func<Network, EndpointState, bool> isKept)
    {
        foreach (var place in container.State.Awaited ?? [])
        {
            if (store.Catalog.Find(place.NetworkId) is { } network && isKept(network, place)) names.Await(container, network, place, ContainerNetworks.SettingsOf(container.Definition, network));
        }
    }

    private void GiveUp(EndpointState place)
    {
        names.Remove(place.NetworkId, place.Id);
        if (store.Catalog.Find(place.NetworkId) is not { } network) return;
        var (ipv4, ipv6) = place.ToAddresses();
        store.LeasesOf(network).Release(ipv4, place.Id);
        store.LeasesOf(network).Release(ipv6, place.Id);
    }

    private List<EndpointState>? Keep(ContainerDefinition definition, List<EndpointState> places)
    {
        foreach (var (network, settings) in Wanted(definition))
        {
            if (places.Exists(place => place.NetworkId == network.Id)) continue;
            var place = EndpointState.Bare(network);
            var (wanted4, wanted6) = EndpointPlanner.AskedFor(settings);
            var (ipv4, ipv6) = store.LeasesOf(network).Keep(wanted4, wanted6, place.Id);
            if (ipv4 is not null || ipv6 is not null) places.Add(place with { IPv4 = ipv4?.ToString() ?? "", IPv6 = ipv6?.ToString() ?? "" });
        }

        return places.Count > 0 ? places : null;
    }

    /// <summary>Networks without names need no addresses before the start either.</summary>
    private IEnumerable<(Network Network, Wire.EndpointSettings Settings)> Wanted(ContainerDefinition definition)
    {
        if (ContainerModes.IsContainer(definition.HostConfig.NetworkMode, out _)) yield break;
        foreach (var attachment in Attachments.Of(definition))
        {
            if (Attachments.Find(store.Catalog, attachment.Name) is { HasDevice: true } network && Attachments.IsUserDefined(network.Name)) yield return (network, attachment.Settings);
        }
    }
}
