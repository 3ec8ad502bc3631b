using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tare.Errors;
using Tare.Linux;
using Tare.Linux.Netlink;
using Tare.Networks.Bridges;

namespace Tare.Networks.Links;

/// <summary>
/// The devices of bridge networks on the host. A device that was there before under the name that a user gives is used as it is, and stays (as with Docker);
/// one of this engine's own says so in its remark. Everything may be repeated, and mends what a crash has left.
/// </summary>
public sealed class BridgeDevices(HostNetwork host, DeviceOwner owner)
{
    private const string Bridge = "bridge";
    private const string Veth = "veth";
    private const byte RTPROT_RA = 9;

    private static readonly IPNetwork LinkLocal = new(IPAddress.Parse("fe80::"), 64);

    // As Docker's. The kernel asks for a container's hardware from the device's link-local address, and one of the kernel's own making is none until it is known to
    // be nobody else's (RFC 4862, 5.4): what came from outside in the second after the first container had come was lost.
    private static readonly NetworkAddress OwnLinkLocal = NetworkAddress.Of(IPAddress.Parse("fe80::1"), 64);

    /// <summary>Whether the host is made to pass packets on; where it is not, somebody else has seen to that (<c>--ip-forward=false</c>).</summary>
    public bool EnablesForwarding { get; init; } = true;

    /// <summary>Makes the bridge, or mends it to what it should be.</summary>
    /// <param name="network">A network with the driver bridge.</param>
    /// <exception cref="TareException">The name belongs to another kind of device; the kernel refuses. What was not there before is not there then.</exception>
    public void Make(Network network) => host.Use(links =>
    {
        var options = BridgeOptions.Read(network.Options, network.IsInternal);
        var device = links.Find(network.Device);
        var isNew = device is null;
        if (device is null)
        {
            links.Execute(
                new LinkRequest(network.Device, new BridgeLink()) { HardwareAddress = MacAddresses.OfBridge(network.Id), Mtu = options.Mtu },
                new LinkChange(new LinkId(0, network.Device)) { Alias = owner.OfNetwork(network.Id) });
            device = links.Find(network.Device) ?? throw new LinuxException($"find the bridge {network.Device} that was just made", Errno.ENODEV);
        }

        // Docker's words.
        if (device.Kind != Bridge) throw TareException.Internal($"existing interface {network.Device} is not a bridge");
        try
        {
            Mend(links, device, isNew, network, options);
        }
        catch when (isNew)
        {
            links.TryExecute(new LinkRemoval(device.Id));
            throw;
        }

        return 0;
    });

    /// <summary>Removes the bridge, unless it was there before the network; nothing when it is gone.</summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public void Remove(Network network) => host.Use(links =>
    {
        if (links.Find(network.Device) is not { } device || owner.NetworkOf(device.Alias) != network.Id) return 0;
        var removal = new LinkRemoval(device.Id);
        if (links.TryExecute(removal)[0] is { Error: not (0 or Errno.ENODEV) } refused) throw refused.ToException(removal.Operation);
        return 0;
    });

    /// <summary>Removes the devices of this engine's that nobody claims: bridges of networks and host ends of endpoints that are not known.</summary>
    /// <param name="networks">The ids of the networks that there are.</param>
    /// <param name="endpoints">The ids of the endpoints whose containers may be running.</param>
    /// <returns>The names of what was removed.</returns>
    /// <exception cref="LinuxException">The kernel refuses to tell, or the first of those that it refuses to remove; the others are gone.</exception>
    public IReadOnlyList<string> Sweep(IReadOnlySet<string> networks, IReadOnlySet<string> endpoints) => host.Use(links =>
    {
        var all = links.Links();
        var bridges = all.Where(link => owner.NetworkOf(link.Alias) is not null).Select(link => link.Id.Index).ToHashSet();
        var names = endpoints.Select(Endpoints.BridgeEndpoint.DeviceOf).ToHashSet();
        var lost = all.Where(link => owner.NetworkOf(link.Alias) is { } network ? !networks.Contains(network)
            : owner.EndpointOf(link.Alias) is { } endpoint ? !endpoints.Contains(endpoint)
            // One that was made and not yet marked; what users have put onto our bridges stays.
            : link is { Kind: Veth, Alias: null } && bridges.Contains(link.MasterIndex) && Endpoints.BridgeEndpoint.IsDevice(link.Id.Name) && !names.Contains(link.Id.Name)).ToList();
        var removals = lost.Select(RouteCommand (link) => new LinkRemoval(link.Id)).ToArray();
        var answers = links.TryExecute(removals);
        for (var i = 0; i < removals.Length; i++)
        {
            if (answers[i].Error != Errno.ENODEV) answers[i].Check(removals[i].Operation);
        }

        return (IReadOnlyList<string>)lost.ConvertAll(link => link.Id.Name);
    });

    private void Mend(RouteNetlink links, NetworkLink device, bool isNew, Network network, BridgeOptions options)
    {
        var isOwn = isNew || owner.NetworkOf(device.Alias) == network.Id;
        Configure(network, options, isOwn);
        var commands = new List<RouteCommand>();
        var addresses = isNew ? [] : links.Addresses(device.Id.Index);
        if (network.HasIPv4 && options is { InhibitIPv4: false, Gateway4: not GatewayMode.Isolated }) commands.AddRange(Addresses4(device.Id, addresses, network));
        if (network.HasIPv6 && options.Gateway6 != GatewayMode.Isolated)
        {
            commands.AddRange(Addresses6(device.Id, addresses, network));
            if (isOwn && !addresses.Any(address => IsSame(address, OwnLinkLocal))) commands.AddRange([new LinkChange(device.Id) { LinkLocal = false }, new AddressRequest(device.Id, OwnLinkLocal)]);
        }

        var change = new LinkChange(device.Id) { Up = true };
        if (options.Mtu > 0 && options.Mtu != device.Mtu) change = change with { Mtu = options.Mtu };
        if (isOwn && !isNew && device.HardwareAddress != MacAddresses.OfBridge(network.Id)) change = change with { HardwareAddress = MacAddresses.OfBridge(network.Id) };
        commands.Add(change);
        links.Execute([.. commands]);
        if (EnablesForwarding) Forward(links, network);
    }

    /// <summary>The settings of the device; those of one that is somebody else's only where the network does not work without.</summary>
    private void Configure(Network network, BridgeOptions options, bool isOwn)
    {
        var (v4, v6) = ($"ipv4/conf/{network.Device}/", $"ipv6/conf/{network.Device}/");
        // What comes to a published port at 127.0.0.1 leaves by the bridge with that source, and is translated on the way.
        if (network.HasIPv4) host.Set(v4 + "route_localnet", "1");
        var hasAddress = network.HasIPv6 && options.Gateway6 != GatewayMode.Isolated;
        if (isOwn) host.Set(v6 + "accept_ra", "0");
        if (isOwn || network.HasIPv6) host.Set(v6 + "disable_ipv6", hasAddress ? "0" : "1");
    }

    /// <summary>As Docker, an address that is not the gateway's gives way only where it stands in the gateway's subnet, or before all others.</summary>
    private static IEnumerable<RouteCommand> Addresses4(LinkId device, IReadOnlyList<NetworkAddress> existing, Network network)
    {
        foreach (var subnet in network.Subnets.Where(subnet => subnet is { Family: AddressFamily.InterNetwork, Gateway: not null }))
        {
            var wanted = NetworkAddress.Of(subnet.Gateway!, subnet.Network.PrefixLength);
            var own = existing.Where(address => address.Address?.AddressFamily == AddressFamily.InterNetwork).ToList();
            if (own.Any(address => IsSame(address, wanted))) continue;
            if ((own.Find(address => subnet.Network.Contains(address.Address!)) ?? own.FirstOrDefault()) is { } other) yield return new AddressRemoval(device, other);
            yield return new AddressRequest(device, wanted);
        }
    }

    private static IEnumerable<RouteCommand> Addresses6(LinkId device, IReadOnlyList<NetworkAddress> existing, Network network)
    {
        var wanted = network.Subnets.Where(subnet => subnet is { Family: AddressFamily.InterNetworkV6, Gateway: not null })
            .Select(subnet => NetworkAddress.Of(subnet.Gateway!, subnet.Network.PrefixLength)).ToList();
        var own = existing.Where(address => address.Address is { AddressFamily: AddressFamily.InterNetworkV6 } found && !LinkLocal.Contains(found) && !found.IsIPv6Multicast).ToList();
        foreach (var address in own.Where(address => !wanted.Exists(other => IsSame(other, address)))) yield return new AddressRemoval(device, address);
        foreach (var address in wanted.Where(address => !own.Exists(other => IsSame(other, address)))) yield return new AddressRequest(device, address);
    }

    private static bool IsSame(NetworkAddress one, NetworkAddress other) => one.PrefixLength == other.PrefixLength && Equals(one.Address, other.Address);

    private void Forward(RouteNetlink links, Network network)
    {
        if (network.HasIPv4) host.Set("ipv4/ip_forward", "1");
        if (!network.HasIPv6 || NetworkSettings.Read(host.Namespace, "ipv6/conf/all/forwarding") == "1") return;
        // A host that passes packets on does not listen to routers any more, and would lose the way out that it has learnt from one.
        foreach (var index in links.Routes().Where(static route => route.Protocol == RTPROT_RA).Select(static route => route.LinkIndex).Distinct())
        {
            if (links.Find(index) is not { } uplink) continue;
            var path = string.Create(CultureInfo.InvariantCulture, $"ipv6/conf/{uplink.Id.Name}/accept_ra");
            if (NetworkSettings.Read(host.Namespace, path) == "1") host.Set(path, "2");
        }

        host.Set("ipv6/conf/all/forwarding", "1");
    }
}
