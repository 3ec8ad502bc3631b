using System.Net.Sockets;
using Tare.Linux.Netlink.Tables;
using Tare.Networks.Addresses;
using Tare.Networks.Bridges;
using Tare.Networks.Endpoints;

namespace Tare.Networks.Filters;

/// <summary>A bridge network as the filter knows it: what it puts into the table, and what its endpoints do.</summary>
internal sealed class FilteredNetwork(FilterTable table, Network network)
{
    private readonly BridgeOptions options = BridgeOptions.Read(network.Options, network.IsInternal);

    public string Id => network.Id;

    /// <summary>The chain in which its source addresses are decided; null: it has none, since nothing leaves it.</summary>
    public NftChain? Sources => network.IsInternal ? null : table.SourcesOf(network.Device);

    /// <summary>Whether another description of the network means the same to the filter.</summary>
    public bool IsSameAs(Network other) =>
        network.Device == other.Device && network.IsInternal == other.IsInternal && network.HasIPv4 == other.HasIPv4 && network.HasIPv6 == other.HasIPv6
        && network.Subnets.Select(static subnet => subnet.Network).SequenceEqual(other.Subnets.Select(static subnet => subnet.Network))
        && options == BridgeOptions.Read(other.Options, other.IsInternal);

    /// <summary>Puts it into the table.</summary>
    public void Add(NftBatch batch)
    {
        if (Sources is { } chain)
        {
            batch.Add(chain);
            // A container that reaches itself or its neighbour by the host's address gets answers from the host, which the neighbour would give itself.
            Rule(batch, chain, "back into the bridge by a published port", rule => rule.To(network.Device).Status(NftStatus.DestinationTranslated).Masquerade());
            Rule(batch, chain, "within the bridge", rule => rule.To(network.Device).Then(NftVerdict.Return));
            if (options.Masquerade && options.Gateway4 != GatewayMode.Routed) Rule(batch, chain, "to the outside", rule => options.HostAddress4 is { } host ? rule.TranslateSource(host) : rule.OfFamily(NftFamily.IPv4).Masquerade());
            if (options.Masquerade && options.Gateway6 != GatewayMode.Routed) Rule(batch, chain, "to the outside", rule => options.HostAddress6 is { } host ? rule.TranslateSource(host) : rule.OfFamily(NftFamily.IPv6).Masquerade());
        }
        foreach (var (set, element) in Elements()) batch.AddElements(set, [element]);
    }

    /// <summary>Takes it out of the table.</summary>
    public void Remove(NftBatch batch)
    {
        foreach (var (set, element) in Elements()) batch.RemoveElements(set, [element]);
        if (Sources is { } chain) batch.Remove(chain);
    }

    /// <summary>What an endpoint puts into the table, without repetitions.</summary>
    public IEnumerable<(NftSet Set, NftElement Element)> Of(BridgeEndpoint endpoint)
    {
        if (network.IsInternal) yield break;
        HashSet<(bool, TransportProtocol, ushort)>? opened = null;
        foreach (var port in endpoint.Ports)
        {
            var six = port.HostAddress.AddressFamily == AddressFamily.InterNetworkV6;
            if ((six ? options.Gateway6 : options.Gateway4) != GatewayMode.Routed)
            {
                if (table.Translation(port, endpoint) is { } translation) yield return translation;
                continue;
            }
            // Two ports of the host may lead to one of the container, which is opened once.
            opened ??= [];
            if (table.Opening(port, endpoint) is { } opening && opened.Add((six, port.Protocol, port.ContainerPort))) yield return opening;
        }
    }

    private IEnumerable<(NftSet Set, NftElement Element)> Elements()
    {
        var name = new NftData().AddInterface(network.Device).ToBytes();
        yield return (table.Bridges, new NftElement(name));
        yield return (table.Within, new NftElement(new NftData().AddInterface(network.Device).AddInterface(network.Device).ToBytes(), Verdict: options.InterContainer ? NftVerdict.Accept : table.Guarded));
        yield return (table.To4, new NftElement(name, Verdict: VerdictOf(options.Gateway4)));
        yield return (table.To6, new NftElement(name, Verdict: VerdictOf(options.Gateway6)));
        if (network.IsInternal)
        {
            yield return (table.From, new NftElement(name, Verdict: NftVerdict.Drop));
            yield break;
        }
        foreach (var subnet in network.Subnets)
        {
            var last = AddressMath.ToAddress(AddressMath.Last(subnet.Network), subnet.Family);
            yield return (subnet.Family == AddressFamily.InterNetworkV6 ? table.Sources6 : table.Sources4,
                new NftElement(subnet.Network.BaseAddress.GetAddressBytes(), Verdict: NftVerdict.Jump(table.SourcesOf(network.Device).Name)) { Last = last.GetAddressBytes() });
        }
    }

    private NftVerdict VerdictOf(GatewayMode mode) => network.IsInternal ? NftVerdict.Drop : mode switch
    {
        GatewayMode.NatUnprotected => NftVerdict.Accept,
        GatewayMode.Routed => table.Routed,
        GatewayMode.Isolated => NftVerdict.Drop,
        _ => table.Guarded,
    };

    private static void Rule(NftBatch batch, NftChain chain, string comment, Func<NftRuleBuilder, NftRuleBuilder> build) =>
        batch.Add(new NftRule(chain, build(new NftRuleBuilder(NftFamily.Inet)).Expressions) { Comment = comment });
}
