using System.Net;
using System.Net.Sockets;
using Tare.Errors;
using Tare.Networks.Endpoints;
using Tare.Wire;

namespace Tare.Engine.Networks;

/// <summary>What the user wants of a container's device besides addresses that the engine gives it: settings of the kernel, and link-local addresses.</summary>
internal static class DeviceSettings
{
    private const string Option = "com.docker.network.endpoint.sysctls";

    private static readonly IPNetwork LinkLocal4 = IPNetwork.Parse("169.254.0.0/16");
    private static readonly IPNetwork LinkLocal6 = IPNetwork.Parse("fe80::/64");

    /// <summary>Names what is no setting of a device.</summary>
    /// <returns>What is wrong, in Docker's words.</returns>
    public static IEnumerable<string> FaultsOf(EndpointSettings settings)
    {
        if (settings.DriverOpts?.GetValueOrDefault(Option) is not { } text) return [];
        return text.Split(',').Where(entry => !IsOfDevice(entry))
            .Select(entry => $"unrecognised network interface sysctl '{entry}'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'");
    }

    /// <summary>An endpoint with what its device needs.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="settings">What the user wants.</param>
    /// <param name="device">The name of the container's device.</param>
    /// <exception cref="TareException">InvalidArgument: an address is not link-local, a setting has no value; in Docker's words.</exception>
    public static BridgeEndpoint WithDevice(this BridgeEndpoint endpoint, EndpointSettings settings, string device) => endpoint with
    {
        LinkLocals = [.. (settings.IPAMConfig?.LinkLocalIPs ?? []).Select(LinkLocal)],
        Settings = settings.DriverOpts?.GetValueOrDefault(Option) is { Length: > 0 } text ? [.. text.Split(',').Select(entry => Setting(entry, device))] : [],
    };

    private static bool IsOfDevice(string entry) =>
        entry.Split('.', 5) is ["net", "ipv4" or "ipv6" or "mpls", { Length: > 0 } kind, var device, _]
        && kind.All(char.IsAsciiLetterLower) && device.Equals("IFNAME", StringComparison.OrdinalIgnoreCase);

    private static (IPAddress, int) LinkLocal(string text)
    {
        var address = IPAddress.Parse(text);
        var network = address.AddressFamily == AddressFamily.InterNetwork ? LinkLocal4 : LinkLocal6;
        return network.Contains(address) ? (address, network.PrefixLength) : throw TareException.Invalid($"invalid link local IP address: {text}");
    }

    private static (string Path, string Value) Setting(string entry, string device)
    {
        var equals = entry.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0) throw TareException.Invalid($"expected sysctl '{entry}' to have format name=value");
        var parts = entry[..equals].Split('.', 5);
        var path = $"{parts[1]}/{parts[2]}/{device}/{parts[4].Replace('.', '/')}";
        // Nothing leads out of the device's folder.
        return parts[4].Contains('/', StringComparison.Ordinal) || path.Split('/').Any(part => part is "" or "." or "..")
            ? throw TareException.Invalid($"/proc/sys/net/{path} is not a sysctl file")
            : (path, entry[(equals + 1)..]);
    }
}
