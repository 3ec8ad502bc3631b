using System.Net;
using Tare.Linux.Netlink;

namespace Tare.Networks.Endpoints;

/// <summary>A container's place on a bridge: everything is decided, and nothing of the kernel's needs to be there yet.</summary>
public sealed record BridgeEndpoint
{
    private const string DeviceStart = "veth";
    private const int DeviceDigits = 11;

    /// <summary>64 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>The id of its network.</summary>
    public required string NetworkId { get; init; }

    /// <summary>The id of its container.</summary>
    public required string ContainerId { get; init; }

    /// <summary>The device's address.</summary>
    public required HardwareAddress HardwareAddress { get; init; }

    /// <summary>Its address in the network's subnet of IPv4, whose length is that of the subnet; null when it has none.</summary>
    public IPAddress? IPv4 { get; init; }

    /// <summary>As <see cref="IPv4"/>, of IPv6.</summary>
    public IPAddress? IPv6 { get; init; }

    /// <summary>Further addresses of its device, which nobody else may have on the link, with the lengths of their networks.</summary>
    public IReadOnlyList<(IPAddress Address, int Prefix)> LinkLocals { get; init; } = [];

    /// <summary>Settings of its device: paths below /proc/sys/net, and values (proc_sys_net(5)).</summary>
    public IReadOnlyList<(string Path, string Value)> Settings { get; init; } = [];

    /// <summary>The ports of the host that lead to it.</summary>
    public IReadOnlyList<PublishedPort> Ports { get; init; } = [];

    /// <summary>The device on the host's side, which is called after the endpoint: whoever finds it knows whose it is.</summary>
    public string HostDevice => DeviceOf(Id);

    /// <summary>What <see cref="HostDevice"/> is for the endpoint with an id.</summary>
    internal static string DeviceOf(string id) => DeviceStart + id[..DeviceDigits];

    /// <summary>Whether a name may be that of some endpoint's device.</summary>
    internal static bool IsDevice(string name) =>
        name.Length == DeviceStart.Length + DeviceDigits && name.StartsWith(DeviceStart, StringComparison.Ordinal) && name[DeviceStart.Length..].All(char.IsAsciiHexDigitLower);
}
