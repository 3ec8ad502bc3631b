using System.Net;
using System.Net.Sockets;
using Tare.Engine.Containers;
using Tare.Engine.Create;
using Tare.Errors;
using Tare.Linux.Netlink;
using Tare.Networks;
using Tare.Networks.Catalogs;
using Tare.Wire;
using Network = Tare.Networks.Network;

namespace Tare.Engine.Networks;

/// <summary>One network that a container is to be on.</summary>
/// <param name="Name">The network, as the user has called it.</param>
/// <param name="Settings">What the user wants there.</param>
internal sealed record Attachment(string Name, EndpointSettings Settings);

/// <summary>Which networks a container is to be on, and whether that can be.</summary>
internal static class Attachments
{
    /// <summary>
    /// What a container is created with: without a word of networks, the one of its mode. A container that shares another's network has none of
    /// its own.
    /// </summary>
    public static NetworkingConfig Complete(HostConfig host, NetworkingConfig? given)
    {
        if (ContainerModes.IsContainer(host.NetworkMode, out _)) return new NetworkingConfig { EndpointsConfig = new Dictionary<string, EndpointSettings?>() };
        if (given?.EndpointsConfig is { Count: > 0 } endpoints) return new NetworkingConfig { EndpointsConfig = endpoints.ToDictionary(entry => entry.Key, entry => (EndpointSettings?)(entry.Value ?? new EndpointSettings())) };
        return new NetworkingConfig { EndpointsConfig = new Dictionary<string, EndpointSettings?> { [host.NetworkMode] = new() } };
    }

    /// <summary>The networks in the order in which the container gets its devices: that of its mode is eth0.</summary>
    public static IReadOnlyList<Attachment> Of(ContainerDefinition definition) =>
    [
        .. (definition.Networking?.EndpointsConfig ?? Complete(definition.HostConfig, null).EndpointsConfig!)
            .OrderBy(entry => entry.Key == definition.HostConfig.NetworkMode ? 0 : 1)
            .ThenBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => new Attachment(entry.Key, entry.Value ?? new EndpointSettings())),
    ];

    /// <summary>Checks what is asked for of one network.</summary>
    /// <param name="name">The network, as the user has called it.</param>
    /// <param name="network">The network; null when there is none yet, which is told at the start.</param>
    /// <param name="settings">What is asked for.</param>
    /// <exception cref="TareException">InvalidArgument, in Docker's words.</exception>
    public static void Check(string name, Network? network, EndpointSettings settings)
    {
        var faults = new List<string>();
        var (ip4, ip6) = (settings.IPAMConfig?.IPv4Address ?? "", settings.IPAMConfig?.IPv6Address ?? "");
        if (!IsUserDefined(network?.Name ?? name))
        {
            if (ip4.Length > 0 || ip6.Length > 0) faults.Add("user specified IP address is supported on user defined networks only");
            if (settings.Aliases is { Count: > 0 }) faults.Add("network-scoped aliases are only supported for user-defined networks");
        }

        CheckAddress(ip4, AddressFamily.InterNetwork, "IPv4", network, faults);
        CheckAddress(ip6, AddressFamily.InterNetworkV6, "IPv6", network, faults);
        foreach (var local in settings.IPAMConfig?.LinkLocalIPs ?? [])
        {
            if (!IPAddress.TryParse(local, out var address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)) faults.Add($"invalid link-local IP address: {local}");
        }

        faults.AddRange(DeviceSettings.FaultsOf(settings));
        if (settings.MacAddress.Length > 0 && !HardwareAddress.TryParse(settings.MacAddress, out _)) faults.Add($"invalid MAC address {settings.MacAddress}: six bytes in hexadecimal, such as 02:42:ac:11:00:02");
        if (faults.Count > 0) throw TareException.Invalid("invalid endpoint settings:\n" + (faults.Count == 1 ? faults[0] : string.Join('\n', faults.Select(fault => "* " + fault))));
    }

    /// <summary>Whether a network may come to the others that a container has.</summary>
    /// <exception cref="TareException">InvalidArgument, in Docker's words.</exception>
    public static void CheckTogether(Network network, IEnumerable<Network> others)
    {
        foreach (var other in others)
        {
            if (network.Driver == "host" && other.Driver != "host") throw TareException.Invalid("cannot connect container to host network - container must be created in host network mode");
            if (other.Driver == "host")
                throw TareException.Invalid("container sharing network namespace with another container or host cannot be connected to any other network");
            if (network.Name == PredefinedNetworks.None || other.Name == PredefinedNetworks.None)
                throw TareException.Invalid("container cannot be connected to multiple networks with one of the networks in private (none) mode");
        }
    }

    /// <summary>Whether a network has names: the predefined ones have none.</summary>
    public static bool IsUserDefined(string name) => !PredefinedNetworks.IsName(name);

    /// <summary>The network of a name that is written <c>default</c> too.</summary>
    public static Network? Find(NetworkCatalog catalog, string name)
    {
        try
        {
            return catalog.Get(name == "default" ? PredefinedNetworks.Bridge : name);
        }
        catch (TareException e) when (e.Kind == ErrorKind.NotFound)
        {
            return null;
        }
    }

    private static void CheckAddress(string text, AddressFamily family, string what, Network? network, List<string> faults)
    {
        if (text.Length == 0) return;
        if (!IPAddress.TryParse(text, out var address) || address.AddressFamily != family || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)) faults.Add($"invalid {what} address: {text}");
        else if (network is not null && IsUserDefined(network.Name)) CheckSubnet(address, network, faults);
    }

    private static void CheckSubnet(IPAddress address, Network network, List<string> faults)
    {
        const string NoneAskedFor = "user specified IP address is supported only when connecting to networks with user configured subnets";
        var configured = network.Subnets.Where(subnet => subnet.Family == address.AddressFamily && !subnet.IsFromPool).ToList();
        if (configured.Count == 0)
        {
            if (!faults.Contains(NoneAskedFor)) faults.Add(NoneAskedFor);
        }
        else if (!configured.Exists(subnet => subnet.Network.Contains(address)))
        {
            faults.Add($"no configured subnet or ip-range contain the IP address {address}");
        }
    }
}
