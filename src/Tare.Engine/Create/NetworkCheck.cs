using Tare.Engine.Containers;
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

    /// <summary>Refuses what makes no sense, and warns of the network that does not exist yet. One that is unknown is told at the start.</summary>
    public static void Check(HostConfig host, NetworkingConfig? networking, List<string> warnings)
    {
        var mode = host.NetworkMode;
        foreach (var (name, endpoint) in networking?.EndpointsConfig ?? new Dictionary<string, EndpointSettings?>())
        {
            if (endpoint is null) throw TareException.Invalid($"invalid config for network {name}: EndpointsConfig is nil");
            if (!Known.Contains(name)) continue;
            if (endpoint.IPAMConfig is { } addresses && (addresses.IPv4Address is not null || addresses.IPv6Address is not null))
                throw TareException.Invalid($"invalid config for network {name}: user specified IP address is supported on user defined networks only");
            if (endpoint.Aliases is { Count: > 0 })
                throw TareException.Invalid($"invalid config for network {name}: network-scoped alias is supported only for containers in user defined networks");
        }
        if (mode != "bridge") return;
        var ports = host.PortBindings is { Count: > 0 } || host.PublishAllPorts ? " and its ports are not published" : "";
        warnings.Add($"bridge networks are not supported yet: the container has no network{ports}; use --network host or none");
    }

    /// <summary>
    /// Refuses to start in a network that does not exist. Not earlier, as Docker: the network may be made between create and start, and
    /// clients take "not found" at create for a missing image, which they then pull.
    /// </summary>
    /// <exception cref="TareException"><see cref="ErrorKind.NotFound"/>.</exception>
    public static void CheckStart(ContainerDefinition definition)
    {
        IEnumerable<string> wanted = definition.Networking?.EndpointsConfig?.Keys ?? [];
        var mode = definition.HostConfig.NetworkMode;
        if (!ContainerModes.IsContainer(mode, out _)) wanted = wanted.Prepend(mode);
        if (wanted.FirstOrDefault(name => !Known.Contains(name)) is { } unknown)
            throw TareException.NotFound($"failed to set up container networking: network {unknown} not found");
    }
}
