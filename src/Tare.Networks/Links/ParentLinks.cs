using Tare.Errors;
using Tare.Linux;
using Tare.Linux.Netlink;
using Tare.Networks.Endpoints;
using Tare.Networks.Parents;

namespace Tare.Networks.Links;

/// <summary>
/// Gives containers devices on one of the host's (macvlan, ipvlan). They are made in the container's namespace and end with it; on the host there is the device below
/// alone, which is made where it is not there: a VLAN, or one that leads nowhere.
/// </summary>
public sealed class ParentLinks(HostNetwork host, DeviceOwner owner)
{
    private const string Ipvlan = "ipvlan";

    /// <summary>Makes the host's device, if it is not there; everything may be repeated.</summary>
    /// <param name="network">A network with the driver macvlan or ipvlan.</param>
    /// <exception cref="TareException">The device below a VLAN is not there; the name is no VLAN's; the kernel has no such devices.</exception>
    public void Make(Network network) => host.Use(links =>
    {
        if (links.Find(network.Device) is { } device)
        {
            if (IsOwn(device)) links.Execute(new LinkChange(device.Id) { Up = true });
            return 0;
        }

        LinkKind kind = ParentOptions.Read(network.Driver, network.Options).Parent is { } asked ? Vlan(links, network, asked) : new DummyLink();
        links.Execute(
            new LinkRequest(network.Device, kind) { Up = true },
            new LinkChange(new LinkId(0, network.Device)) { Alias = owner.OfNetwork(network.Id) });
        return 0;
    });

    /// <summary>Removes the host's device, if it was made for networks and this is the last on it; nothing when it is gone.</summary>
    /// <param name="network">The network.</param>
    /// <param name="others">All that there are besides.</param>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public void Remove(Network network, IEnumerable<Network> others) => host.Use(links =>
    {
        if (links.Find(network.Device) is not { } device || !IsOwn(device)) return 0;
        RouteCommand command = others.FirstOrDefault(other => other.Device == network.Device && other.Id != network.Id) is { } heir
            ? new LinkChange(device.Id) { Alias = owner.OfNetwork(heir.Id) }
            : new LinkRemoval(device.Id);
        if (links.TryExecute(command)[0] is { Error: not (0 or Errno.ENODEV) } refused) throw refused.ToException(command.Operation);
        return 0;
    });

    /// <summary>Makes a container's device.</summary>
    /// <param name="network">A network with the driver macvlan or ipvlan, whose device there is.</param>
    /// <param name="endpoint">The container's place on it.</param>
    /// <param name="sandbox">The container's network namespace.</param>
    /// <param name="device">The name of the container's device.</param>
    /// <exception cref="TareException">The host's device is gone; the name is taken; the kernel refuses. Nothing is left then.</exception>
    public SandboxLink Attach(Network network, BridgeEndpoint endpoint, SandboxNetwork sandbox, string device)
    {
        var options = ParentOptions.Read(network.Driver, network.Options);
        host.Use(links =>
        {
            // Docker's words.
            var parent = links.Find(network.Device)?.Id ?? throw TareException.Internal($"the requested parent interface {network.Device} was not found on the Docker host");
            var isIpvlan = network.Driver == Ipvlan;
            LinkKind kind = isIpvlan ? new IpvlanLink(parent, options.IpvlanMode, options.IpvlanIsolation) : new MacvlanLink(parent, options.MacvlanMode);
            // With ipvlan all have the hardware address of the device below, and with passthru it gets the container's.
            links.Execute(new LinkRequest(device, kind) { Network = sandbox.Namespace, HardwareAddress = isIpvlan ? null : endpoint.HardwareAddress });
            return 0;
        });
        try
        {
            return new SandboxLink(SandboxLinks.Configure(network, endpoint, sandbox, device), endpoint.IPv6, []);
        }
        catch
        {
            Detach(sandbox, device);
            throw;
        }
    }

    /// <summary>Removes a container's device; nothing when it is gone.</summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static void Detach(SandboxNetwork sandbox, string device) => sandbox.Use(links =>
    {
        var removal = new LinkRemoval(new LinkId(0, device));
        if (links.TryExecute(removal)[0] is { Error: not (0 or Errno.ENODEV) } refused) throw refused.ToException(removal.Operation);
        return 0;
    });

    private static VlanLink Vlan(RouteNetlink links, Network network, string name)
    {
        var (device, id) = ParentOptions.Vlan(name);
        return links.Find(device) is { } below
            ? new VlanLink(below.Id, id)
            : throw TareException.Invalid($"-o parent interface was not found on the host: {device} (network {network.Name})");
    }

    private bool IsOwn(NetworkLink device) => owner.NetworkOf(device.Alias) is not null;
}
