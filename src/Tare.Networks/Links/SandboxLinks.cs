using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tare.Errors;
using Tare.Linux;
using Tare.Linux.Netlink;
using Tare.Networks.Bridges;
using Tare.Networks.Endpoints;

namespace Tare.Networks.Links;

/// <summary>Connects containers with bridges. For any number of threads, as long as each container's changes come one after the other.</summary>
public sealed class SandboxLinks(HostNetwork host, DeviceOwner owner)
{
    /// <summary>How the device of a container is called in a network that does not say it otherwise.</summary>
    /// <param name="network">The network.</param>
    /// <param name="number">The lowest that is free among the container's devices with the same beginning.</param>
    public static string NameOf(Network network, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{BridgeOptions.Read(network.Options, network.IsInternal).ContainerPrefix}{number}");

    /// <summary>Connects a container with a bridge, by a cable whose one end is the bridge's port and whose other is the container's device.</summary>
    /// <param name="network">A network with the driver bridge, whose device there is.</param>
    /// <param name="endpoint">The container's place on it.</param>
    /// <param name="sandbox">The container's network namespace.</param>
    /// <param name="device">The name of the container's device (<see cref="NameOf"/>).</param>
    /// <returns>What <see cref="LinkReadiness"/> waits for.</returns>
    /// <exception cref="TareException">The bridge is gone; the name is taken; the kernel refuses. Nothing is left then.</exception>
    public SandboxLink Attach(Network network, BridgeEndpoint endpoint, SandboxNetwork sandbox, string device)
    {
        var options = BridgeOptions.Read(network.Options, network.IsInternal);
        MakePair(network, options, endpoint, sandbox, device);
        try
        {
            return new SandboxLink(Configure(network, endpoint, sandbox, device), endpoint.IPv6, [endpoint.HostDevice, network.Device]);
        }
        catch
        {
            Detach(endpoint);
            throw;
        }
    }

    /// <summary>Removes a container's device and its other end; nothing when they are gone, as they are with the namespace.</summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public void Detach(BridgeEndpoint endpoint) => Try(new LinkRemoval(new LinkId(0, endpoint.HostDevice)));

    /// <summary>
    /// Sees to it that nothing passes any more, in a fraction of the time that <see cref="Detach"/> takes: so the addresses can be given out again. The devices are still to be
    /// removed, by <see cref="Detach"/> or with the namespace. Nothing when they are gone.
    /// </summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public void Silence(BridgeEndpoint endpoint) => Try(new LinkChange(new LinkId(0, endpoint.HostDevice)) { Up = false });

    /// <summary>Sets a container's ways out, in the place of those that were set before.</summary>
    /// <param name="sandbox">The container's network namespace.</param>
    /// <param name="ipv4">That of IPv4; null: none. A default route that somebody in the container has made stays then.</param>
    /// <param name="ipv6">That of IPv6; null: none.</param>
    /// <exception cref="TareException">A device is not there; the kernel refuses: the router is on none of the device's networks.</exception>
    public static void SetGateways(SandboxNetwork sandbox, SandboxGateway? ipv4, SandboxGateway? ipv6) => sandbox.Use(links =>
    {
        var commands = new RouteCommand[] { Gateway(links, NetworkRoute.AnyV4, ipv4), Gateway(links, NetworkRoute.AnyV6, ipv6) };
        var answers = links.TryExecute(commands);
        for (var i = 0; i < commands.Length; i++)
        {
            // None was set, or with IPv6, the kernel has none.
            if (commands[i] is RouteRemoval && answers[i].Error is Errno.ESRCH or Errno.EAFNOSUPPORT or Errno.EOPNOTSUPP) continue;
            answers[i].Check(commands[i].Operation);
        }

        return 0;
    });

    /// <summary>
    /// Tells everybody on the network which hardware the container's addresses are now at. It is needed where an address was another hardware's before: that is, when somebody has
    /// asked for a hardware address (<see cref="MacAddresses"/>). Packets have to pass already.
    /// </summary>
    /// <param name="link">The container's device.</param>
    /// <param name="endpoint">Its place.</param>
    /// <param name="sandbox">The container's network namespace.</param>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static void Announce(SandboxLink link, BridgeEndpoint endpoint, SandboxNetwork sandbox)
    {
        var settings = new List<string>();
        if (endpoint.IPv4 is not null) settings.Add($"ipv4/conf/{link.Device.Name}/arp_notify");
        if (endpoint.IPv6 is not null) settings.Add($"ipv6/conf/{link.Device.Name}/ndisc_notify");
        NetworkSettings.Write(sandbox.Namespace, settings.ConvertAll(static path => (path, "1")));
        try
        {
            // The kernel announces a device's addresses when its hardware address is set, be it to what it was.
            sandbox.Use(links =>
            {
                links.Execute(new LinkChange(link.Device) { HardwareAddress = endpoint.HardwareAddress });
                return 0;
            });
        }
        finally
        {
            NetworkSettings.Write(sandbox.Namespace, settings.ConvertAll(static path => (path, "0")));
        }
    }

    /// <summary>Makes the cable: everything on the host in one send.</summary>
    internal void MakePair(Network network, BridgeOptions options, BridgeEndpoint endpoint, SandboxNetwork sandbox, string device) => host.Use(links =>
    {
        if (links.Find(network.Device) is not { Kind: "bridge" } bridge)
            throw TareException.Internal($"the bridge {network.Device} of the network {network.Name} is gone: restart the engine, which makes it again");
        var port = new LinkId(0, endpoint.HostDevice);
        var peer = new LinkRequest(device) { Network = sandbox.Namespace, HardwareAddress = endpoint.HardwareAddress, Mtu = options.Mtu };
        // Nothing passes until the other end is up: so it is isolated in time.
        RouteCommand[] commands =
        [
            new LinkRequest(endpoint.HostDevice, new VethLink(peer)) { Master = bridge.Id, Mtu = options.Mtu, Up = true },
            new LinkChange(port) { Alias = owner.OfEndpoint(endpoint.Id) },
            new BridgePortChange(port) { Hairpin = true, Isolated = !options.InterContainer },
            // The host has its address on the bridge. Without IPv6 in the kernel there is nothing to turn off.
            new LinkChange(port) { LinkLocal = false },
        ];
        var answers = links.TryExecute(commands);
        answers[0].Check(commands[0].Operation);
        if (answers.Skip(1).SkipLast(1).All(static answer => answer.IsSuccess)) return 0;
        Detach(endpoint);
        answers[1].Check(commands[1].Operation);
        answers[2].Check(commands[2].Operation);
        return 0;
    });

    /// <summary>Sets up the container's end.</summary>
    internal static LinkId Configure(Network network, BridgeEndpoint endpoint, SandboxNetwork sandbox, string device) => sandbox.Use(links =>
    {
        // The kernel takes an index for the other end only with one for this end as well, and the host's are not ours to choose.
        var link = links.Find(device)?.Id ?? throw new LinuxException($"find the network device {device} that was just made", Errno.ENODEV);
        // Where the network has no IPv6, nobody on it gives the container addresses or routes of IPv6 either.
        var off = sandbox.TrySetIPv6(device, "disable_ipv6", endpoint.IPv6 is null ? "1" : "0");
        if (off != 0 && (off != Errno.ENOENT || endpoint.IPv6 is not null)) throw new LinuxException($"turn IPv6 {(endpoint.IPv6 is null ? "off" : "on")} for {device}", off);
        if (endpoint.Settings.Count > 0) Set(sandbox, endpoint.Settings);
        var commands = new List<RouteCommand>(3 + endpoint.LinkLocals.Count) { new LinkChange(link) { Up = true } };
        if (endpoint.IPv4 is { } v4) commands.Add(new AddressRequest(link, NetworkAddress.Of(v4, PrefixOf(network, v4))));
        if (endpoint.IPv6 is { } v6) commands.Add(new AddressRequest(link, NetworkAddress.Of(v6, PrefixOf(network, v6))));
        commands.AddRange(endpoint.LinkLocals.Select(one => new AddressRequest(link, NetworkAddress.Of(one.Address, one.Prefix))));
        links.Execute([.. commands]);
        return link;
    });

    /// <summary>Before the device is up: what it does at first is as they say.</summary>
    private static void Set(SandboxNetwork sandbox, IReadOnlyList<(string Path, string Value)> settings)
    {
        try
        {
            NetworkSettings.Write(sandbox.Namespace, settings);
        }
        catch (LinuxException e) when (e.Error == Errno.ENOENT)
        {
            var missing = settings.FirstOrDefault(setting => NetworkSettings.Read(sandbox.Namespace, setting.Path) is null);
            throw TareException.Invalid($"/proc/sys/net/{missing.Path} is not a sysctl file");
        }
    }

    private void Try(RouteCommand command)
    {
        var answer = host.Use(links => links.TryExecute(command)[0]);
        if (answer.Error != Errno.ENODEV) answer.Check(command.Operation);
    }

    private static int PrefixOf(Network network, IPAddress address) =>
        network.Subnets.FirstOrDefault(subnet => subnet.Network.Contains(address))?.Network.PrefixLength
            ?? throw TareException.Invalid($"no configured subnet contains IP address {address}");

    private static RouteCommand Gateway(RouteNetlink links, IPNetwork destination, SandboxGateway? gateway)
    {
        var route = new NetworkRoute(destination);
        if (gateway is null) return new RouteRemoval(route with { Scope = RouteScope.Nowhere });
        var device = links.Find(gateway.Device) ?? throw TareException.Internal($"the container has no network device {gateway.Device}");
        route = route with { LinkIndex = device.Id.Index, Gateway = gateway.Address };
        if (gateway.Address is null && destination.BaseAddress.AddressFamily == AddressFamily.InterNetwork) route = route with { Scope = RouteScope.Link };
        return new RouteRequest(route) { Replace = true };
    }
}
