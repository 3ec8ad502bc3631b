using Tare.Api.Http;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Routes;

/// <summary>
/// Settings of network devices (<c>net.ipv4.conf.eth0.forwarding</c>): they belong to the endpoint, since the device is not there before it. Up to 1.47 those
/// of eth0 may be among the container's, and go to its main endpoint.
/// </summary>
internal static class SysctlCompatibility
{
    private const string Option = "com.docker.network.endpoint.sysctls";
    private const string First = "eth0";

    /// <summary>Moves the settings; gives a warning that says so.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>, in Docker's words: the version does not allow them, or they are another device's.</exception>
    internal static IEnumerable<string> Apply(HostConfig host, NetworkingConfig networking, ApiVersion version)
    {
        if (host.NetworkMode == "host" || host.NetworkMode.StartsWith("container:", StringComparison.Ordinal) || host.Sysctls is not { Count: > 0 } all) return [];
        var names = all.Keys.Where(IsOfDevice).Order(StringComparer.Ordinal).ToList();
        if (names.Count == 0) return [];
        if (!version.Before(48)) throw TareException.Invalid($"interface specific sysctl setting \"{names[0]}\" must be supplied using driver option '{Option}'");
        if (names.Find(name => name.Split('.', 5)[3] != First) is { } other)
            throw TareException.Invalid($"unable to determine network endpoint for sysctl {other}, use driver option '{Option}' to set per-interface sysctls");
        var endpoint = CreateCompatibility.MainEndpoint(host, networking, version, "unable to find a network for sysctl " + names[0]);
        var moved = string.Join(',', names.Select(name => $"{InGeneral(name)}={all[name]}"));
        var options = new Dictionary<string, string>(endpoint.DriverOpts ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        var own = options.GetValueOrDefault(Option) ?? "";
        options[Option] = own.Length > 0 ? $"{moved},{own}" : moved;
        endpoint.DriverOpts = options;
        host.Sysctls = all.Count == names.Count ? null : all.Where(entry => !names.Contains(entry.Key)).ToDictionary();
        return [$"Migrated sysctl \"{string.Join(',', names)}\" to DriverOpts{{\"{Option}\":\"{moved}\"}}."];
    }

    private static bool IsOfDevice(string name) => name.Split('.', 5) is ["net", _, _, var device, _] && device.StartsWith("eth", StringComparison.Ordinal);

    private static string InGeneral(string name)
    {
        var parts = name.Split('.', 5);
        parts[3] = "IFNAME";
        return string.Join('.', parts);
    }
}
