namespace Tare.Linux.Netlink;

/// <summary>
/// A network device by its index, which the kernel goes by, and its name, which errors tell. With the index 0 a change or a removal of the device
/// goes by the name: so it can be in one send with the making of the device.
/// </summary>
public readonly record struct LinkId(int Index, string Name)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({Index})";
}

/// <summary>A device to be made: RTM_NEWLINK with struct ifinfomsg.</summary>
/// <param name="Name">At most 15 bytes.</param>
/// <param name="Kind">What it is; null only for the peer of a cable.</param>
public sealed record LinkRequest(string Name, LinkKind? Kind = null) : RouteCommand
{
    private const ushort IFLA_INFO_KIND = 1;

    /// <summary>The index that it is to have, which must be free in its namespace; 0: the kernel chooses. With it addresses and routes can follow in the same send.</summary>
    public int Index { get; init; }

    /// <summary>Its hardware address; null: the kernel chooses.</summary>
    public HardwareAddress? HardwareAddress { get; init; }

    /// <summary>The largest packet, in bytes; 0: what is usual for its kind.</summary>
    public int Mtu { get; init; }

    /// <summary>The bridge whose port it is to be.</summary>
    public LinkId? Master { get; init; }

    /// <summary>The network namespace that it is to be made in; null: the socket's.</summary>
    public Fd? Network { get; init; }

    /// <summary>Whether it is to be up at once.</summary>
    public bool Up { get; init; }

    /// <inheritdoc/>
    public override string Operation => $"create the {Kind?.Name ?? "link"} device {Name}";

    /// <inheritdoc/>
    public override void Write(NetlinkWriter writer)
    {
        writer.Begin(LinkMessage.RTM_NEWLINK, Create);
        WriteBody(writer);
        writer.End();
    }

    /// <summary>struct ifinfomsg and the attributes: what a message has, and what the peer of a cable has.</summary>
    internal void WriteBody(NetlinkWriter writer)
    {
        LinkMessage.WriteHeader(writer, Index, Up ? true : null);
        writer.Text(LinkMessage.IFLA_IFNAME, Name);
        if (HardwareAddress is { } hardware) writer.Attribute(LinkMessage.IFLA_ADDRESS, hardware.ToBytes());
        if (Mtu != 0) writer.UInt32(LinkMessage.IFLA_MTU, (uint)Mtu);
        if (Kind?.ParentIndex is > 0 and var parent) writer.UInt32(LinkMessage.IFLA_LINK, (uint)parent);
        if (Master is { } master) writer.UInt32(LinkMessage.IFLA_MASTER, (uint)master.Index);
        if (Network is not null) writer.UInt32(LinkMessage.IFLA_NET_NS_FD, (uint)Network.Number);
        if (Kind is null) return;
        writer.Nest(LinkMessage.IFLA_LINKINFO, info =>
        {
            info.Text(IFLA_INFO_KIND, Kind.Name);
            Kind.WriteData(info);
        });
    }
}

/// <summary>A change of a device: RTM_NEWLINK without NLM_F_CREATE. What is null stays as it is.</summary>
public sealed record LinkChange(LinkId Link) : RouteCommand
{
    private const ushort IFLA_AF_SPEC = 26;
    private const ushort IFLA_INET6_ADDR_GEN_MODE = 8;
    private const byte IN6_ADDR_GEN_MODE_EUI64 = 0;
    private const byte IN6_ADDR_GEN_MODE_NONE = 1;

    /// <summary>A new name; only for a device that is told by its index.</summary>
    public string? Name { get; init; }

    /// <summary>Up or down.</summary>
    public bool? Up { get; init; }

    /// <summary>The largest packet, in bytes.</summary>
    public int? Mtu { get; init; }

    /// <summary>A new hardware address.</summary>
    public HardwareAddress? HardwareAddress { get; init; }

    /// <summary>The bridge whose port it is to be; with the index 0: none's.</summary>
    public LinkId? Master { get; init; }

    /// <summary>The network namespace that it is to go to, where it is down and has no addresses.</summary>
    public Fd? Network { get; init; }

    /// <summary>A remark for people and for sweeps (IFLA_IFALIAS), at most 255 bytes; the kernel takes none when it makes a device.</summary>
    public string? Alias { get; init; }

    /// <summary>
    /// Whether IPv6 gives it a link-local address by itself when packets begin to pass (IFLA_INET6_ADDR_GEN_MODE); EAFNOSUPPORT: the kernel has no IPv6,
    /// and then nothing else of the command is done either.
    /// </summary>
    public bool? LinkLocal { get; init; }

    /// <inheritdoc/>
    public override string Operation => $"change the network device {Link.Name}";

    /// <inheritdoc/>
    public override void Write(NetlinkWriter writer)
    {
        writer.Begin(LinkMessage.RTM_NEWLINK, Change);
        LinkMessage.WriteTarget(writer, Link, Up);
        if (Name is not null) writer.Text(LinkMessage.IFLA_IFNAME, Name);
        if (HardwareAddress is { } hardware) writer.Attribute(LinkMessage.IFLA_ADDRESS, hardware.ToBytes());
        if (Mtu is { } mtu) writer.UInt32(LinkMessage.IFLA_MTU, (uint)mtu);
        if (Master is { } master) writer.UInt32(LinkMessage.IFLA_MASTER, (uint)master.Index);
        if (Network is not null) writer.UInt32(LinkMessage.IFLA_NET_NS_FD, (uint)Network.Number);
        if (Alias is not null) writer.Text(LinkMessage.IFLA_IFALIAS, Alias);
        if (LinkLocal is { } own) writer.Nest(IFLA_AF_SPEC, spec => spec.Nest(AF_INET6, v6 => v6.Byte(IFLA_INET6_ADDR_GEN_MODE, own ? IN6_ADDR_GEN_MODE_EUI64 : IN6_ADDR_GEN_MODE_NONE)));
        writer.End();
    }
}

/// <summary>A change of a bridge's port: IFLA_INFO_SLAVE_DATA with IFLA_BRPORT_ attributes. What is null stays as it is.</summary>
/// <param name="Port">A device that is a port of a bridge already.</param>
public sealed record BridgePortChange(LinkId Port) : RouteCommand
{
    internal const ushort IFLA_INFO_SLAVE_KIND = 4;
    internal const ushort IFLA_INFO_SLAVE_DATA = 5;
    internal const ushort IFLA_BRPORT_MODE = 4;
    internal const ushort IFLA_BRPORT_ISOLATED = 33;

    /// <summary>Whether a frame may leave by the port that it came by: what a container needs to reach itself by its published port.</summary>
    public bool? Hairpin { get; init; }

    /// <summary>Whether it exchanges nothing with other isolated ports.</summary>
    public bool? Isolated { get; init; }

    /// <inheritdoc/>
    public override string Operation => $"change the bridge port {Port.Name}";

    /// <inheritdoc/>
    public override void Write(NetlinkWriter writer)
    {
        writer.Begin(LinkMessage.RTM_NEWLINK, Change);
        LinkMessage.WriteTarget(writer, Port, up: null);
        writer.Nest(LinkMessage.IFLA_LINKINFO, info => info.Text(IFLA_INFO_SLAVE_KIND, "bridge").Nest(IFLA_INFO_SLAVE_DATA, data =>
        {
            if (Hairpin is { } hairpin) data.Byte(IFLA_BRPORT_MODE, hairpin ? (byte)1 : (byte)0);
            if (Isolated is { } isolated) data.Byte(IFLA_BRPORT_ISOLATED, isolated ? (byte)1 : (byte)0);
        }));
        writer.End();
    }
}

/// <summary>A device to be removed: RTM_DELLINK. The other end of a cable goes with it.</summary>
public sealed record LinkRemoval(LinkId Link) : RouteCommand
{
    /// <inheritdoc/>
    public override string Operation => $"remove the network device {Link.Name}";

    /// <inheritdoc/>
    public override void Write(NetlinkWriter writer)
    {
        writer.Begin(LinkMessage.RTM_DELLINK, Change);
        LinkMessage.WriteTarget(writer, Link, up: null);
        writer.End();
    }
}
