using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Create;

/// <summary>The words that name a namespace: <c>host</c>, <c>none</c>, <c>container:NAME</c> and so on.</summary>
internal static class ContainerModes
{
    private const string ContainerPrefix = "container:";

    /// <summary>Whether the word joins the namespace of another container; its name or id, perhaps empty.</summary>
    public static bool IsContainer(string mode, out string container)
    {
        var found = mode.StartsWith(ContainerPrefix, StringComparison.Ordinal);
        container = found ? mode[ContainerPrefix.Length..] : "";
        return found;
    }

    /// <summary>The word with the container's id in place of its name, so that it can be renamed.</summary>
    public static string ByContainerId(string mode, Func<string, string?> idOf) =>
        IsContainer(mode, out var container) && idOf(container) is { } id ? ContainerPrefix + id : mode;

    /// <summary>Refuses words that are none, and what cannot go together.</summary>
    public static void Validate(ContainerConfig config, HostConfig host)
    {
        ValidateNetwork(config, host);
        if (host.UTSMode == "host" && config.Hostname.Length > 0) throw TareException.Invalid("conflicting options: hostname and the UTS mode");
        if (host.NetworkMode == "host" && host.Links is { Count: > 0 })
            throw TareException.Invalid("conflicting options: host type networking can't be used with links. This would result in undefined behavior");
        if (host.IpcMode is not ("" or "none" or "private" or "host" or "shareable") && !IsContainer(host.IpcMode, out _))
            throw TareException.Invalid($"invalid IPC mode: {host.IpcMode}");
        if (host.PidMode is not ("" or "host") && !(IsContainer(host.PidMode, out var pid) && pid.Length > 0))
            throw TareException.Invalid($"invalid PID mode: {host.PidMode}");
        if (host.UTSMode is not ("" or "host")) throw TareException.Invalid($"invalid UTS mode: {host.UTSMode}");
        if (host.UsernsMode is not ("" or "host")) throw TareException.Invalid($"invalid user namespace mode: {host.UsernsMode}");
        if (host.CgroupnsMode is not ("" or "private" or "host")) throw TareException.Invalid($"invalid cgroup namespace mode: {host.CgroupnsMode}");
        if (host.Isolation is not ("" or "default")) throw TareException.Invalid($"invalid isolation '{host.Isolation}' on linux");
        if (host.Cgroup.Length > 0) throw TareException.NotImplemented($"cgroup mode \"{host.Cgroup}\" is not supported: use --cgroup-parent to place the container");
    }

    private static void ValidateNetwork(ContainerConfig config, HostConfig host)
    {
        if (host.NetworkMode != "container" && !IsContainer(host.NetworkMode, out _)) return;
        IsContainer(host.NetworkMode, out var other);
        if (other.Length == 0) throw TareException.Invalid("invalid network mode: invalid container format container:<name|id>");
        if (config.Hostname.Length > 0) throw TareException.Invalid("conflicting options: hostname and the network mode");
        if (host.Links is { Count: > 0 })
            throw TareException.Invalid("conflicting options: container type network can't be used with links. This would result in undefined behavior");
        if (host.Dns is { Count: > 0 }) throw TareException.Invalid("conflicting options: dns and the network mode");
        if (host.ExtraHosts is { Count: > 0 }) throw TareException.Invalid("conflicting options: custom host-to-IP mapping and the network mode");
        if (host.PortBindings is { Count: > 0 } || host.PublishAllPorts)
            throw TareException.Invalid("conflicting options: port publishing and the container type network mode");
        if (config.ExposedPorts is { Count: > 0 }) throw TareException.Invalid("conflicting options: port exposing and the container type network mode");
    }
}
