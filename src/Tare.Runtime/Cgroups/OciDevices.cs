using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups;

/// <summary>Device rules of an OCI runtime.</summary>
public static class OciDevices
{
    private static readonly LinuxDeviceCgroup[] Always =
    [
        Allow("c", null, null, "m"),
        Allow("b", null, null, "m"),
        Allow("c", 1, 3, "rwm"),
        Allow("c", 1, 8, "rwm"),
        Allow("c", 1, 7, "rwm"),
        Allow("c", 5, 0, "rwm"),
        Allow("c", 1, 5, "rwm"),
        Allow("c", 1, 9, "rwm"),
        Allow("c", 136, null, "rwm"),
        Allow("c", 5, 2, "rwm"),
        Allow("c", 10, 200, "rwm"),
    ];

    /// <summary>
    /// The rules of a specification, and after them what every container may do whatever they say, as with runc: make any node, use
    /// the default devices (config-linux.md), terminals and <c>/dev/net/tun</c>.
    /// </summary>
    public static IReadOnlyList<LinuxDeviceCgroup> WithDefaults(IReadOnlyList<LinuxDeviceCgroup>? rules) => [.. rules ?? [], .. Always];

    private static LinuxDeviceCgroup Allow(string type, long? major, long? minor, string access) =>
        new() { Allow = true, Type = type, Major = major, Minor = minor, Access = access };
}
