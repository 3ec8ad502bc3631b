namespace Tare.Linux.Netlink;

/// <summary>What a network device is: the name of its kind and the kind's own data (IFLA_LINKINFO of linux/if_link.h).</summary>
public abstract record LinkKind
{
    internal const ushort IFLA_INFO_DATA = 2;

    /// <summary>The name of the kind (IFLA_INFO_KIND), as <c>ip link add type</c> takes it.</summary>
    public abstract string Name { get; }

    /// <summary>The index of the device that it lies on; 0: none.</summary>
    internal virtual int ParentIndex => 0;

    /// <summary>Writes IFLA_INFO_DATA, where the kind has any.</summary>
    internal virtual void WriteData(NetlinkWriter writer)
    {
    }
}

/// <summary>A bridge.</summary>
public sealed record BridgeLink : LinkKind
{
    /// <inheritdoc/>
    public override string Name => "bridge";
}

/// <summary>A device that swallows what is sent to it.</summary>
public sealed record DummyLink : LinkKind
{
    /// <inheritdoc/>
    public override string Name => "dummy";
}

/// <summary>One end of a cable: veth(4).</summary>
/// <param name="Peer">The other end, of which <see cref="LinkRequest.Kind"/> is not used: name, namespace, index, hardware address, MTU.</param>
public sealed record VethLink(LinkRequest Peer) : LinkKind
{
    private const ushort VETH_INFO_PEER = 1;

    /// <inheritdoc/>
    public override string Name => "veth";

    internal override void WriteData(NetlinkWriter writer) => writer.Nest(IFLA_INFO_DATA, data => data.Nest(VETH_INFO_PEER, Peer.WriteBody));
}

/// <summary>How macvlan devices of one parent see each other (enum macvlan_mode).</summary>
public enum MacvlanMode : uint
{
    Private = 1,
    Vepa = 2,
    Bridge = 4,
    Passthru = 8,
}

/// <summary>A device with a hardware address of its own on another device.</summary>
public sealed record MacvlanLink(LinkId Parent, MacvlanMode Mode) : LinkKind
{
    private const ushort IFLA_MACVLAN_MODE = 1;

    /// <inheritdoc/>
    public override string Name => "macvlan";

    internal override int ParentIndex => Parent.Index;

    internal override void WriteData(NetlinkWriter writer) => writer.Nest(IFLA_INFO_DATA, data => data.UInt32(IFLA_MACVLAN_MODE, (uint)Mode));
}

/// <summary>On which layer ipvlan devices work (enum ipvlan_mode).</summary>
public enum IpvlanMode : ushort
{
    L2,
    L3,
    L3S,
}

/// <summary>How ipvlan devices of one parent see each other (IPVLAN_F_).</summary>
public enum IpvlanIsolation : ushort
{
    Bridge,
    Private = 1,
    Vepa = 2,
}

/// <summary>A device with the hardware address of another, and addresses of its own.</summary>
public sealed record IpvlanLink(LinkId Parent, IpvlanMode Mode, IpvlanIsolation Isolation = IpvlanIsolation.Bridge) : LinkKind
{
    private const ushort IFLA_IPVLAN_MODE = 1;
    private const ushort IFLA_IPVLAN_FLAGS = 2;

    /// <inheritdoc/>
    public override string Name => "ipvlan";

    internal override int ParentIndex => Parent.Index;

    internal override void WriteData(NetlinkWriter writer) =>
        writer.Nest(IFLA_INFO_DATA, data => data.UInt16(IFLA_IPVLAN_MODE, (ushort)Mode).UInt16(IFLA_IPVLAN_FLAGS, (ushort)Isolation));
}

/// <summary>A tagged network (802.1Q) on another device, such as the parent <c>eth0.50</c> of a macvlan network.</summary>
/// <param name="Parent">The device.</param>
/// <param name="Id">1 to 4094.</param>
public sealed record VlanLink(LinkId Parent, ushort Id) : LinkKind
{
    private const ushort IFLA_VLAN_ID = 1;

    /// <inheritdoc/>
    public override string Name => "vlan";

    internal override int ParentIndex => Parent.Index;

    internal override void WriteData(NetlinkWriter writer) => writer.Nest(IFLA_INFO_DATA, data => data.UInt16(IFLA_VLAN_ID, Id));
}
