using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Create;

/// <summary>
/// What a request asks of networks. There are none, host and another container's; who asks for the default bridge gets no network for now,
/// and is told so in one line.
/// </summary>
internal static class NetworkCheck
{
    private static readonly string[] Known = ["none", "host", "bridge", "default"];

    /// <summary>Refuses networks that do not exist, and warns of the one that does not exist yet.</summary>
    public static void Check(HostConfig host, NetworkingConfig? networking, List<string> warnings)
    {
        var mode = host.NetworkMode;
        if (!Known.Contains(mode) && !ContainerModes.IsContainer(mode, out _)) throw NoSuch(mode);
        foreach (var (name, endpoint) in networking?.EndpointsConfig ?? new Dictionary<string, EndpointSettings?>())
        {
            if (endpoint is null) throw TareException.Invalid($"invalid config for network {name}: EndpointsConfig is nil");
            if (!Known.Contains(name)) throw NoSuch(name);
            if (endpoint.IPAMConfig is { } addresses && (addresses.IPv4Address is not null || addresses.IPv6Address is not null))
                throw TareException.Invalid($"invalid config for network {name}: user specified IP address is supported on user defined networks only");
            if (endpoint.Aliases is { Count: > 0 })
                throw TareException.Invalid($"invalid config for network {name}: network-scoped alias is supported only for containers in user defined networks");
        }
        if (mode != "bridge") return;
        var ports = host.PortBindings is { Count: > 0 } || host.PublishAllPorts ? " and its ports are not published" : "";
        warnings.Add($"bridge networks are not supported yet: the container has no network{ports}; use --network host or none");
    }

    private static TareException NoSuch(string name) => TareException.NotFound($"network {name} not found");
}
