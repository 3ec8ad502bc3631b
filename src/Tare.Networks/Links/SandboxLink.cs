using System.Net;
using Tare.Linux.Netlink;

namespace Tare.Networks.Links;

/// <summary>A device of a container, as it was made.</summary>
/// <param name="Device">In the container's namespace.</param>
/// <param name="IPv6">Its address of IPv6; null: none.</param>
/// <param name="HostDevices">What has to let packets pass on the host besides: the name of its other end, and of the bridge.</param>
public sealed record SandboxLink(LinkId Device, IPAddress? IPv6, IReadOnlyList<string> HostDevices);

/// <summary>A container's way out.</summary>
/// <param name="Device">The name of the device that it leads over.</param>
/// <param name="Address">The router; null: everything is on the device's own network, as with ipvlan of layer 3.</param>
public sealed record SandboxGateway(string Device, IPAddress? Address);
