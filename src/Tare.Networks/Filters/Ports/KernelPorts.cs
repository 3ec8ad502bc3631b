using System.Globalization;

namespace Tare.Networks.Filters.Ports;

/// <summary>The ports from which the kernel chooses, in the network namespace of the thread that reads: ip(7), ip_local_port_range.</summary>
/// <param name="First">The first.</param>
/// <param name="Last">The last.</param>
/// <param name="Excluded">Those between that an administrator keeps from being chosen (ip_local_reserved_ports).</param>
internal sealed record KernelPorts(ushort First, ushort Last, IReadOnlySet<ushort> Excluded)
{
    // What IANA has for the purpose, and Docker takes where the kernel does not tell.
    private const ushort DefaultFirst = 49153;

    public static KernelPorts Read() => Parse(Setting("ip_local_port_range"), Setting("ip_local_reserved_ports"));

    /// <summary>Of two settings such as <c>32768 60999</c> and <c>8080,9000-9010</c>; what cannot be read counts as not said.</summary>
    public static KernelPorts Parse(string range, string reserved)
    {
        var excluded = new HashSet<ushort>();
        foreach (var part in reserved.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var ends = part.Split('-');
            if (!TryRead(ends[0], out var low) || !TryRead(ends[^1], out var high)) continue;
            for (int port = low; port <= high; port++) excluded.Add((ushort)port);
        }
        var numbers = range.Split((char[])[' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries);
        return numbers.Length == 2 && TryRead(numbers[0], out var first) && TryRead(numbers[1], out var last) && first is > 0 && first <= last
            ? new KernelPorts(first, last, excluded)
            : new KernelPorts(DefaultFirst, ushort.MaxValue, excluded);
    }

    private static bool TryRead(string text, out ushort port) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port);

    private static string Setting(string name)
    {
        try
        {
            return File.ReadAllText("/proc/sys/net/ipv4/" + name);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
