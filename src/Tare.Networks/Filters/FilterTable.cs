using System.Net;
using Tare.Linux.Netlink.Tables;
using Tare.Networks.Endpoints;

namespace Tare.Networks.Filters;

/// <summary>
/// What is in the table whatever networks there are: chains and their rules, which never change, and the sets and maps that networks and endpoints
/// are put into. A packet costs the same few lookups with one network and with a thousand.
/// </summary>
internal sealed class FilterTable
{
    private const byte Icmp = 1;
    private const byte Icmp6 = 58;

    private static readonly IPNetwork Loopback4 = IPNetwork.Parse("127.0.0.0/8");
    private static readonly IPNetwork Loopback6 = IPNetwork.Parse("::1/128");

    private readonly NftChain raw;
    private readonly NftChain before;
    private readonly NftChain output;
    private readonly NftChain after;
    private readonly NftChain forward;
    private readonly NftChain published;
    private readonly NftChain guarded;
    private readonly NftChain routed;

    public FilterTable(string name, NftTableFlags flags)
    {
        Table = new NftTable(NftFamily.Inet, name, flags);
        raw = new NftChain(Table, "raw-prerouting", new NftBase(NftChainType.Filter, NftHook.PreRouting, NftPriority.Raw));
        before = new NftChain(Table, "nat-prerouting", new NftBase(NftChainType.Nat, NftHook.PreRouting, NftPriority.DestinationNat));
        output = new NftChain(Table, "nat-output", new NftBase(NftChainType.Nat, NftHook.Output, NftPriority.DestinationNat));
        after = new NftChain(Table, "nat-postrouting", new NftBase(NftChainType.Nat, NftHook.PostRouting, NftPriority.SourceNat));
        forward = new NftChain(Table, "forward", new NftBase(NftChainType.Filter, NftHook.Forward, NftPriority.Filter));
        published = new NftChain(Table, "published");
        guarded = new NftChain(Table, "guarded");
        routed = new NftChain(Table, "routed");
        Bridges = new NftSet(Table, "bridges", NftType.InterfaceName);
        Within = VerdictsOf("within", NftType.InterfaceName, NftType.InterfaceName);
        From = VerdictsOf("from", NftType.InterfaceName);
        (To4, To6) = (VerdictsOf("to4", NftType.InterfaceName), VerdictsOf("to6", NftType.InterfaceName));
        (Sources4, Sources6) = (VerdictsOf("sources4", NftType.IPv4Address) with { Intervals = true }, VerdictsOf("sources6", NftType.IPv6Address) with { Intervals = true });
        (Anywhere4, Anywhere6) = (PortsOf("anywhere4", NftType.IPv4Address, false), PortsOf("anywhere6", NftType.IPv6Address, false));
        (At4, At6) = (PortsOf("at4", NftType.IPv4Address, true), PortsOf("at6", NftType.IPv6Address, true));
        Open4 = new NftSet(Table, "open4", NftType.IPv4Address, NftType.Protocol, NftType.Service);
        Open6 = new NftSet(Table, "open6", NftType.IPv6Address, NftType.Protocol, NftType.Service);
    }

    public NftTable Table { get; }

    /// <summary>All bridges.</summary>
    public NftSet Bridges { get; }

    /// <summary>What becomes of what is forwarded within a bridge.</summary>
    public NftSet Within { get; }

    /// <summary>What becomes of what leaves a bridge; bridges with a way out are not in it.</summary>
    public NftSet From { get; }

    /// <summary>What becomes of new connections to a bridge from elsewhere.</summary>
    public NftSet To4 { get; }

    public NftSet To6 { get; }

    /// <summary>The chain that says which source address what comes from a subnet gets.</summary>
    public NftSet Sources4 { get; }

    public NftSet Sources6 { get; }

    /// <summary>Where a port leads, whatever address of the host it was sent to.</summary>
    public NftSet Anywhere4 { get; }

    public NftSet Anywhere6 { get; }

    /// <summary>Where a port of one address of the host leads.</summary>
    public NftSet At4 { get; }

    public NftSet At6 { get; }

    /// <summary>Ports of containers that are reached at the container's own address.</summary>
    public NftSet Open4 { get; }

    public NftSet Open6 { get; }

    /// <summary>Only what was sent to a published port goes on; the rest is dropped.</summary>
    public NftVerdict Guarded => NftVerdict.Goto(guarded.Name);

    /// <summary>As <see cref="Guarded"/>, and the open ports of containers, and ICMP.</summary>
    public NftVerdict Routed => NftVerdict.Goto(routed.Name);

    /// <summary>All sets and maps.</summary>
    public IReadOnlyList<NftSet> Sets => [Bridges, Within, From, To4, To6, Sources4, Sources6, Anywhere4, Anywhere6, At4, At6, Open4, Open6];

    /// <summary>The chains that are there whatever networks there are.</summary>
    public IReadOnlyList<NftChain> Chains => [raw, before, output, after, forward, published, guarded, routed];

    /// <summary>The chain of a network in which its source addresses are decided.</summary>
    public NftChain SourcesOf(string device) => new(Table, "source-" + device);

    /// <summary>Makes the table with nothing in its sets.</summary>
    public void Define(NftBatch batch)
    {
        batch.Add(Table);
        foreach (var set in Sets) batch.Add(set);
        foreach (var chain in Chains) batch.Add(chain);
        DefineRules(batch);
    }

    /// <summary>Puts the rules into chains that have none.</summary>
    public void DefineRules(NftBatch batch)
    {
        // Bridges route addresses of the loopback network (route_localnet), for ports that the host reaches at 127.0.0.1.
        Add(raw, "the host's loopback addresses are not for containers", rule => rule.Destination(Loopback4).In(Bridges, default, not: false, NftField.InputName).Count().Then(NftVerdict.Drop));
        Add(raw, "nor may they claim one", rule => rule.Source(Loopback4).In(Bridges, default, not: false, NftField.InputName).Count().Then(NftVerdict.Drop));

        // Nobody else's packets come from outside with such an address, unless another program has set route_localnet.
        Add(before, "only the host itself has loopback addresses", rule => rule.Destination(Loopback4).Then(NftVerdict.Return));
        Add(before, "published ports", rule => rule.ToThisHost().Then(NftVerdict.Jump(published.Name)));
        Add(output, "what comes from ::1 cannot leave the host, and is relayed", rule => rule.Destination(Loopback6).Then(NftVerdict.Return));
        Add(output, "published ports", rule => rule.ToThisHost().Then(NftVerdict.Jump(published.Name)));
        Add(published, "of one address", rule => rule.TranslateDestinationBy(At4, NftFamily.IPv4, NftField.DestinationAddress, NftField.TransportProtocol, NftField.DestinationPort));
        Add(published, "of any address", rule => rule.TranslateDestinationBy(Anywhere4, NftFamily.IPv4, NftField.TransportProtocol, NftField.DestinationPort));
        Add(published, "of one address", rule => rule.TranslateDestinationBy(At6, NftFamily.IPv6, NftField.DestinationAddress, NftField.TransportProtocol, NftField.DestinationPort));
        Add(published, "of any address", rule => rule.TranslateDestinationBy(Anywhere6, NftFamily.IPv6, NftField.TransportProtocol, NftField.DestinationPort));

        Add(after, "answers find the way back", rule => rule.Source(Loopback4).In(Bridges, default, not: false, NftField.OutputName).Masquerade());
        Add(after, "what containers send", rule => rule.In(Sources4, NftFamily.IPv4, not: false, NftField.SourceAddress));
        Add(after, "what containers send", rule => rule.In(Sources6, NftFamily.IPv6, not: false, NftField.SourceAddress));

        Add(forward, "known connections", rule => rule.State(NftStates.Established | NftStates.Related).Then(NftVerdict.Accept));
        Add(forward, "within a bridge", rule => rule.In(Within, default, not: false, NftField.InputName, NftField.OutputName));
        Add(forward, "out of internal networks", rule => rule.In(From, default, not: false, NftField.InputName));
        Add(forward, "to bridges", rule => rule.OfFamily(NftFamily.IPv4).In(To4, default, not: false, NftField.OutputName));
        Add(forward, "to bridges", rule => rule.OfFamily(NftFamily.IPv6).In(To6, default, not: false, NftField.OutputName));

        Add(routed, "ICMP", rule => rule.OfFamily(NftFamily.IPv4).Protocol(Icmp).Then(NftVerdict.Accept));
        Add(routed, "ICMP", rule => rule.OfFamily(NftFamily.IPv6).Protocol(Icmp6).Then(NftVerdict.Accept));
        Add(routed, "published ports", rule => rule.In(Open4, NftFamily.IPv4, not: false, NftField.DestinationAddress, NftField.TransportProtocol, NftField.DestinationPort).Then(NftVerdict.Accept));
        Add(routed, "published ports", rule => rule.In(Open6, NftFamily.IPv6, not: false, NftField.DestinationAddress, NftField.TransportProtocol, NftField.DestinationPort).Then(NftVerdict.Accept));
        Add(routed, null, rule => rule.Then(NftVerdict.Goto(guarded.Name)));
        Add(guarded, "published ports", rule => rule.Status(NftStatus.DestinationTranslated).Then(NftVerdict.Accept));
        Add(guarded, "unpublished ports, and other bridges", rule => rule.Count().Then(NftVerdict.Drop));

        void Add(NftChain chain, string? comment, Func<NftRuleBuilder, NftRuleBuilder> build) =>
            batch.Add(new NftRule(chain, build(new NftRuleBuilder(NftFamily.Inet)).Expressions) { Comment = comment });
    }

    /// <summary>The key and the value of a published port, and where they belong; null: its address cannot be translated to one of the endpoint.</summary>
    public (NftSet Set, NftElement Element)? Translation(PublishedPort port, BridgeEndpoint endpoint)
    {
        var six = port.HostAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        if ((six ? endpoint.IPv6 : endpoint.IPv4) is not { } target || port.HostPort == 0 || port.HostAddress.Equals(IPAddress.IPv6Loopback)) return null;
        var anywhere = port.HostAddress.Equals(IPAddress.Any) || port.HostAddress.Equals(IPAddress.IPv6Any);
        var key = new NftData();
        if (!anywhere) key.Add(port.HostAddress);
        key.AddProtocol((byte)port.Protocol).AddPort(port.HostPort);
        var value = new NftData().Add(target).AddPort(port.ContainerPort);
        var set = (anywhere, six) switch { (true, false) => Anywhere4, (true, true) => Anywhere6, (false, false) => At4, _ => At6 };
        return (set, new NftElement(key.ToBytes(), value.ToBytes()));
    }

    /// <summary>The key of a port that is reached at the container's own address; null: the container has no address of the family.</summary>
    public (NftSet Set, NftElement Element)? Opening(PublishedPort port, BridgeEndpoint endpoint)
    {
        var six = port.HostAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        if ((six ? endpoint.IPv6 : endpoint.IPv4) is not { } target) return null;
        return (six ? Open6 : Open4, new NftElement(new NftData().Add(target).AddProtocol((byte)port.Protocol).AddPort(port.ContainerPort).ToBytes()));
    }

    private NftSet VerdictsOf(string name, params IReadOnlyList<NftType> key) => new(Table, name, key) { Value = [NftType.Verdict] };

    private NftSet PortsOf(string name, NftType address, bool withAddress)
    {
        IReadOnlyList<NftType> key = withAddress ? [address, NftType.Protocol, NftType.Service] : [NftType.Protocol, NftType.Service];
        return new NftSet(Table, name, key) { Value = [address, NftType.Service] };
    }
}
