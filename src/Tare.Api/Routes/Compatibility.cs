using Tare.Api.Http;
using Tare.Wire;

namespace Tare.Api.Routes;

/// <summary>
/// What the engine answers, as a client of an older API version knows it: fields that came later are taken away, fields that have gone
/// since are put back. Which of the kept fields are written when they are empty is the serializer's part.
/// </summary>
internal static class Compatibility
{
    internal static SystemInfo Of(SystemInfo info, ApiVersion version) => info with
    {
        Runtimes = version.Before(44) ? WithoutStatus(info.Runtimes) : info.Runtimes,
        Containerd = version.Before(46) ? null : info.Containerd,
        FirewallBackend = version.Before(49) ? null : info.FirewallBackend,
        ContainerdCommit = Of(info.ContainerdCommit, version),
        RuncCommit = Of(info.RuncCommit, version),
        InitCommit = Of(info.InitCommit, version),
        DiscoveredDevices = version.Before(50) ? null : info.DiscoveredDevices,
        BridgeNfIptables = version.Before(50) ? false : null,
        BridgeNfIp6tables = version.Before(50) ? false : null,
    };

    /// <summary>Clients up to API 1.51 find the bar drawn.</summary>
    internal static ProgressMessage Of(ProgressMessage message, ApiVersion version)
        => version.Before(52) && message is { ProgressDetail: { } detail, Progress: null } ? message with { Progress = ProgressBar.Format(detail) } : message;

    internal static EventMessage Of(EventMessage message, ApiVersion version)
    {
        if (!version.Before(52))
            return message with { Status = null, Id = null, From = null };
        return message.Type switch
        {
            EventType.Container => message with { Status = message.Action, Id = message.Actor.ID, From = message.Actor.Attributes?.GetValueOrDefault("image") },
            EventType.Image => message with { Status = message.Action, Id = message.Actor.ID },
            _ => message,
        };
    }

    /// <summary>Whether the version has such events at all.</summary>
    internal static bool Knows(EventMessage message, ApiVersion version)
        => !version.Before(46) || message.Type != EventType.Image || message.Action != EventAction.Create;

    internal static IReadOnlyList<ContainerSummary> Of(IReadOnlyList<ContainerSummary> containers, ApiVersion version)
        => version.Before(52) ? [.. containers.Select(container => Of(container, version))] : containers;

    internal static ContainerInspectResponse Of(ContainerInspectResponse container, ApiVersion version)
    {
        if (!version.Before(52))
            return container;
        var networks = version.Before(45) ? WithShortIds(container) : container.NetworkSettings?.Networks;
        return container with
        {
            ImageManifestDescriptor = version.Before(48) ? null : container.ImageManifestDescriptor,
            Config = container.Config ?? new ContainerConfig(),
            NetworkSettings = Flat((container.NetworkSettings ?? new NetworkSettings()) with { Networks = networks }),
            GraphDriver = container.GraphDriver ?? new DriverData { Name = container.Storage?.RootFS?.Snapshot?.Name ?? string.Empty },
            Storage = null,
        };
    }

    /// <summary>As it is inspected: how many addresses are left is told from 1.52 on.</summary>
    internal static NetworkInspect Of(NetworkInspect network, ApiVersion version) => version.Before(52) ? network with { Status = null } : network;

    /// <summary>As it stands in a list: with its endpoints before 1.28 only; the empty member was written up to 1.51.</summary>
    internal static NetworkInspect Listed(NetworkInspect network, ApiVersion version) => network with
    {
        Containers = version.Before(28) ? network.Containers : version.Before(52) ? new Dictionary<string, EndpointResource>() : null,
        Status = null,
    };

    internal static IReadOnlyList<ImageSummary> Of(IReadOnlyList<ImageSummary> images, ApiVersion version)
        => version.Before(51) ? [.. images.Select(image => Of(image, version))] : images;

    internal static ImageInspect Of(ImageInspect image, ApiVersion version)
    {
        if (!version.Before(52))
            return image;
        return image with
        {
            VirtualSize = version.Before(44) ? image.Size : 0,
            Created = version.Before(44) ? image.Created ?? GoTime.Zero : image.Created,
            Container = version.Before(45) ? string.Empty : null,
            ContainerConfig = version.Before(45) ? new ContainerConfig() : null,
            Descriptor = version.Before(48) ? null : image.Descriptor,
            Config = version.Before(50) ? AsContainer(image.Config) : image.Config ?? new ImageConfig(),
            GraphDriver = image.GraphDriver ?? new DriverData(),
        };
    }

    private static ContainerSummary Of(ContainerSummary container, ApiVersion version) => container with
    {
        HostConfig = version.Before(46) ? container.HostConfig with { Annotations = null } : container.HostConfig,
        ImageManifestDescriptor = version.Before(48) ? null : container.ImageManifestDescriptor,
        Health = null,
    };

    internal static DiskUsage Of(DiskUsage usage, ApiVersion version) => usage with
    {
        // Unlike the list of images, this one has always told how many containers there are.
        Images = usage.Images is { } images && version.Before(51) ? [.. images.Select(image => Of(image, version) with { Containers = image.Containers })] : usage.Images,
        Containers = usage.Containers is { } containers ? Of(containers, version) : null,
    };

    private static ImageSummary Of(ImageSummary image, ApiVersion version)
    {
        var nameless = version.Before(43) && image.RepoTags.Count == 0 && image.RepoDigests.Count == 0;
        return image with
        {
            RepoTags = nameless ? ["<none>:<none>"] : image.RepoTags,
            RepoDigests = nameless ? ["<none>@<none>"] : image.RepoDigests,
            VirtualSize = version.Before(44) ? image.Size : 0,
            Descriptor = version.Before(48) ? null : image.Descriptor,
            Containers = -1,
        };
    }

    private static Commit Of(Commit commit, ApiVersion version) => version.Before(49) ? commit with { Expected = commit.ID } : commit;

    private static SortedDictionary<string, Wire.Runtime>? WithoutStatus(IReadOnlyDictionary<string, Wire.Runtime>? runtimes)
    {
        if (runtimes is null)
            return null;
        var known = new SortedDictionary<string, Wire.Runtime>(StringComparer.Ordinal);
        foreach (var (name, runtime) in runtimes)
            known[name] = runtime with { Status = null };
        return known;
    }

    /// <summary>Up to 1.44 the aliases of an endpoint had the container's short id and host name.</summary>
    private static SortedDictionary<string, EndpointSettings?>? WithShortIds(ContainerInspectResponse container)
    {
        if (container.NetworkSettings?.Networks is not { } networks)
            return null;
        var aliased = new SortedDictionary<string, EndpointSettings?>(StringComparer.Ordinal);
        foreach (var (name, endpoint) in networks)
        {
            aliased[name] = name is "bridge" or "host" or "none" or "default" || endpoint is null
                ? endpoint
                : endpoint with { Aliases = [.. (endpoint.Aliases ?? []).Append(container.Id[..12]).Append(container.Config?.Hostname ?? string.Empty).Distinct()] };
        }

        return aliased;
    }

    /// <summary>Up to 1.51 the endpoint in the network "bridge" was written once more beside the networks.</summary>
    private static NetworkSettings Flat(NetworkSettings settings)
    {
        var bridge = settings.Networks?.GetValueOrDefault("bridge") ?? new EndpointSettings();
        return settings with
        {
            Bridge = string.Empty,
            HairpinMode = false,
            LinkLocalIPv6Address = string.Empty,
            LinkLocalIPv6PrefixLen = 0,
            EndpointID = bridge.EndpointID,
            Gateway = bridge.Gateway,
            GlobalIPv6Address = bridge.GlobalIPv6Address,
            GlobalIPv6PrefixLen = bridge.GlobalIPv6PrefixLen,
            IPAddress = bridge.IPAddress,
            IPPrefixLen = bridge.IPPrefixLen,
            IPv6Gateway = bridge.IPv6Gateway,
            MacAddress = bridge.MacAddress,
        };
    }

    /// <summary>Up to 1.49 an image's configuration had a container's fields, all empty.</summary>
    private static ImageConfig AsContainer(ImageConfig? config) => (config ?? new ImageConfig()) with
    {
        Hostname = string.Empty,
        Domainname = string.Empty,
        AttachStdin = false,
        AttachStdout = false,
        AttachStderr = false,
        Tty = false,
        OpenStdin = false,
        StdinOnce = false,
        Image = string.Empty,
    };
}
