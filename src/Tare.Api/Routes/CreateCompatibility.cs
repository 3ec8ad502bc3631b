using Tare.Api.Http;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Routes;

/// <summary>
/// Requests of older clients, as the newest version means them: what a version did not know is ignored or refused as Docker does it,
/// and defaults that have changed since keep their old meaning.
/// </summary>
internal static class CreateCompatibility
{
    /// <summary>Whether a request says nothing about the container itself.</summary>
    internal static bool HasNoConfig(ContainerCreateRequest request)
        => request with { HostConfig = null, NetworkingConfig = null } == new ContainerCreateRequest();

    /// <summary>Changes a request to create a container; gives warnings for the user.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>: the version does not allow it.</exception>
    internal static IReadOnlyList<string> Apply(ContainerCreateRequest request, ApiVersion version)
    {
        var host = request.HostConfig ??= new HostConfig();
        var networking = request.NetworkingConfig ??= new NetworkingConfig();
        var mounts = host.Mounts ?? [];
        if (version.Before(40) && host.IpcMode.Length == 0)
            host.IpcMode = "shareable";
        foreach (var mount in mounts)
            Apply(mount, version);
        if (version.Before(42))
            host.ConsoleSize = [0, 0];
        if (version.Before(43))
            host.Annotations = null;
        if (version.Before(44))
        {
            if (request.Healthcheck is { } health)
                health.StartInterval = 0;
            if (networking.EndpointsConfig is { Count: > 1 } several)
                throw TareException.Invalid($"Container cannot be created with multiple network endpoints: {string.Join(", ", several.Keys)}");
        }

        if (version.Before(48))
        {
            foreach (var endpoint in Endpoints(networking))
                endpoint.GwPriority = 0;
        }

        if (host.PidsLimit <= 0)
            host.PidsLimit = null;
        return
        [
            .. mounts.Where(mount => mount.Type == "image").Select(_ => "Image mount is an experimental feature"),
            .. VolumeDriverWarning(host, mounts, version),
            .. MoveMacAddress(request, host, networking, version),
            .. SysctlCompatibility.Apply(host, networking, version),
        ];
    }

    /// <summary>Changes a request to update a container.</summary>
    internal static void Apply(ContainerUpdateRequest request, ApiVersion version)
    {
        if (version.Before(40))
            request.PidsLimit = null;
        else if (request.PidsLimit <= 0)
            request.PidsLimit = 0;
        if (version.Before(55))
        {
            request.BlkioWeightDevice = null;
            request.BlkioDeviceReadBps = null;
            request.BlkioDeviceWriteBps = null;
            request.BlkioDeviceReadIOps = null;
            request.BlkioDeviceWriteIOps = null;
        }
    }

    private static void Apply(Mount mount, ApiVersion version)
    {
        if (version.Before(42))
            ForgetLaterOptions(mount, version);
        else
            RefuseForeignOptions(mount);

        if (version.Before(44) && mount.Type == "bind")
        {
            if (mount.BindOptions?.ReadOnlyForceRecursive == true)
                throw TareException.Invalid("BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer");
            if (mount.ReadOnly)
                (mount.BindOptions ??= new MountBindOptions()).ReadOnlyNonRecursive = true;
        }

        if (version.Before(45) && mount.VolumeOptions?.Subpath is not null)
            throw TareException.Invalid("VolumeOptions.Subpath needs API v1.45 or newer");
        if (version.Before(48) && mount.Type == "image")
            throw TareException.Invalid("Mount type \"Image\" needs API v1.48 or newer");
    }

    private static void ForgetLaterOptions(Mount mount, ApiVersion version)
    {
        if (mount.BindOptions is { } bind)
        {
            bind.CreateMountpoint = false;
            if (version.Before(40))
                bind.NonRecursive = false;
        }

        if (mount.Type != "volume")
            mount.VolumeOptions = null;
        if (mount.Type != "tmpfs")
            mount.TmpfsOptions = null;
    }

    private static void RefuseForeignOptions(Mount mount)
    {
        var type = Query.Quote(mount.Type ?? string.Empty);
        if (mount.VolumeOptions is not null && mount.Type != "volume")
            throw TareException.Invalid($"VolumeOptions must not be specified on mount type {type}");
        if (mount.BindOptions is not null && mount.Type != "bind")
            throw TareException.Invalid($"BindOptions must not be specified on mount type {type}");
        if (mount.TmpfsOptions is not null && mount.Type != "tmpfs")
            throw TareException.Invalid($"TmpfsOptions must not be specified on mount type {type}");
    }

    private static IEnumerable<string> VolumeDriverWarning(HostConfig host, IReadOnlyList<Mount> mounts, ApiVersion version)
    {
        if (host.VolumeDriver.Length > 0 && !version.Before(48) && mounts.Any(mount => mount.Type == "volume" && mount.VolumeOptions?.DriverConfig?.Name is null))
            yield return "WARNING: the container-wide volume-driver configuration is ignored for volumes specified via 'mount'. Use '--mount type=volume,volume-driver=...' instead";
    }

    /// <summary>Up to 1.43 the MAC address was the container's and not the endpoint's; from 1.52 on the old place is refused.</summary>
    private static IReadOnlyList<string> MoveMacAddress(ContainerCreateRequest request, HostConfig host, NetworkingConfig networking, ApiVersion version)
    {
        if (request.MacAddress is not { } address)
        {
            if (version.Before(44))
            {
                foreach (var endpoint in Endpoints(networking))
                    endpoint.MacAddress = string.Empty;
            }

            return [];
        }

        if (!version.Before(52))
            throw TareException.Invalid("container-wide MAC address no longer supported; use endpoint-specific MAC address instead");
        var hasEndpoint = host.NetworkMode is not ("none" or "host") && !host.NetworkMode.StartsWith("container:", StringComparison.Ordinal);
        if (!hasEndpoint && version.Before(44))
            throw TareException.Invalid("conflicting options: mac-address and the network mode");
        if (hasEndpoint)
        {
            var endpoint = MainEndpoint(host, networking, version, "unable to migrate container-wide MAC address to a specific network");
            endpoint.MacAddress = CheckedAddress(endpoint, version, address);
        }

        request.MacAddress = null;
        return version.Before(44) ? [] : ["The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead."];
    }

    private static string CheckedAddress(EndpointSettings endpoint, ApiVersion version, string address)
    {
        var own = endpoint.MacAddress;
        if (!version.Before(44) && own.Length > 0 && !own.Equals(address, StringComparison.OrdinalIgnoreCase))
            throw TareException.Invalid("the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty");
        return address;
    }

    /// <summary>The endpoint that the network mode names, made if there is none.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>: there are others, and not that one; the message begins with <paramref name="failure"/>.</exception>
    internal static EndpointSettings MainEndpoint(HostConfig host, NetworkingConfig networking, ApiVersion version, string failure)
    {
        var name = host.NetworkMode.Length == 0 ? "default" : host.NetworkMode;
        var endpoints = new SortedDictionary<string, EndpointSettings?>(StringComparer.Ordinal);
        foreach (var (key, endpoint) in networking.EndpointsConfig ?? new Dictionary<string, EndpointSettings?>())
            endpoints[key] = endpoint;

        // Before 1.44 the only endpoint is the main one, by whatever name or id of the network it goes.
        var main = version.Before(44) && endpoints.Count == 1 ? endpoints.Keys.First() : name;
        if (endpoints.Count > 0 && !endpoints.ContainsKey(main))
            throw TareException.Invalid(failure + ": HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks");
        var found = endpoints.GetValueOrDefault(main) ?? new EndpointSettings();
        endpoints[main] = found;
        networking.EndpointsConfig = endpoints;
        return found;
    }

    private static IEnumerable<EndpointSettings> Endpoints(NetworkingConfig networking)
        => networking.EndpointsConfig?.Values.OfType<EndpointSettings>() ?? [];
}
