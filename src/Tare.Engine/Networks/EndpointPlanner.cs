using System.Net;
using Tare.Engine.Containers;
using Tare.Errors;
using Tare.Linux.Netlink;
using Tare.Networks;
using Tare.Networks.Links;
using Tare.Wire;
using Network = Tare.Networks.Network;

namespace Tare.Engine.Networks;

/// <summary>Decides a container's place on a network: its addresses, its device. Addresses are taken, and nothing else is done.</summary>
internal sealed class EndpointPlanner(NetworkStore store)
{
    /// <summary>Takes a place. It is given back by <see cref="Return"/>.</summary>
    /// <param name="network">The network.</param>
    /// <param name="definition">The container.</param>
    /// <param name="settings">What the user wants there.</param>
    /// <param name="number">Of the device.</param>
    /// <param name="awaited">The place that is kept for the container there.</param>
    /// <exception cref="TareException">An address that is asked for is taken or of no subnet, or none is left.</exception>
    public EndpointState Take(Network network, ContainerDefinition definition, EndpointSettings settings, int number, EndpointState? awaited)
    {
        var bare = EndpointState.Bare(network);
        if (!network.HasDevice) return bare;
        var leases = store.LeasesOf(network);
        var (ipv4, ipv6) = (awaited ?? bare).ToAddresses();
        if (awaited is not null && leases.TakeKept(ipv4, ipv6, awaited.Id))
        {
            bare = bare with { Id = awaited.Id };
        }
        else
        {
            var (wanted4, wanted6) = AskedFor(settings);
            (ipv4, ipv6) = leases.Take(wanted4, wanted6);
        }

        var (subnet4, subnet6) = (SubnetOf(ipv4), SubnetOf(ipv6));
        return bare with
        {
            Number = number,
            Device = settings.DriverOpts?.GetValueOrDefault("com.docker.network.endpoint.ifname") is { Length: > 0 } name
                ? name
                : SandboxLinks.NameOf(network, number),
            MacAddress = MacOf(definition, settings, network, ipv4, ipv6),
            IPv4 = ipv4?.ToString() ?? "",
            PrefixLength4 = subnet4?.Network.PrefixLength ?? 0,
            Gateway4 = network.IsInternal ? "" : RouterOf(subnet4)?.ToString() ?? "",
            IPv6 = ipv6?.ToString() ?? "",
            PrefixLength6 = subnet6?.Network.PrefixLength ?? 0,
            Gateway6 = network.IsInternal ? "" : RouterOf(subnet6)?.ToString() ?? "",
        };

        // That an auxiliary address is the way out is said to bridges alone.
        IPAddress? RouterOf(Tare.Networks.Addresses.Subnet? subnet) => network.IsBridge ? subnet?.Router : subnet?.Gateway;

        Tare.Networks.Addresses.Subnet? SubnetOf(IPAddress? address) => address is null ? null : network.Subnets.First(subnet => subnet.Network.Contains(address));
    }

    /// <summary>Gives a place back.</summary>
    public void Return(Network network, EndpointState endpoint)
    {
        if (!endpoint.HasDevice) return;
        var leases = store.LeasesOf(network);
        var (ipv4, ipv6) = endpoint.ToAddresses();
        leases.Return(ipv4);
        leases.Return(ipv6);
    }

    /// <summary>Notes a place that a container has had since before this engine.</summary>
    public void Keep(Network network, EndpointState endpoint)
    {
        if (!endpoint.HasDevice) return;
        var leases = store.LeasesOf(network);
        var (ipv4, ipv6) = endpoint.ToAddresses();
        if (ipv4 is not null) leases.TryTake(ipv4);
        if (ipv6 is not null) leases.TryTake(ipv6);
    }

    /// <summary>The addresses that the user asks for.</summary>
    public static (IPAddress? IPv4, IPAddress? IPv6) AskedFor(EndpointSettings settings) =>
        (EndpointState.AddressOf(settings.IPAMConfig?.IPv4Address ?? ""), EndpointState.AddressOf(settings.IPAMConfig?.IPv6Address ?? ""));

    private static string MacOf(ContainerDefinition definition, EndpointSettings settings, Network network, IPAddress? ipv4, IPAddress? ipv6)
    {
        var own = definition.HostConfig.NetworkMode == network.Name || definition.HostConfig.NetworkMode == network.Id ? definition.Config.MacAddress : null;
        if (settings.MacAddress.Length > 0 || own is { Length: > 0 })
        {
            var text = settings.MacAddress.Length > 0 ? settings.MacAddress : own!;
            return HardwareAddress.TryParse(text, out var given) ? given.ToString() : throw TareException.Invalid($"invalid MAC address {text}");
        }

        return MacAddresses.OfEndpoint(ipv4, ipv6).ToString();
    }
}
