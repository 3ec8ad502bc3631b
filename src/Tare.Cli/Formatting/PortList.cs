using System.Text.Json;

namespace Tare.Cli.Formatting;

/// <summary>The ports of a container in one text: <c>0.0.0.0:8080->80/tcp, 443/tcp</c>; neighbours are put together.</summary>
internal static class PortList
{
    public static string Describe(IEnumerable<JsonElement> ports)
    {
        var sorted = ports.Select(port => new Port(port.Text("IP"), (int)port.Number("PrivatePort"), (int)port.Number("PublicPort"), port.Text("Type"))).ToList();
        sorted.Sort((a, b) =>
        {
            if (a.Private != b.Private) return a.Private.CompareTo(b.Private);
            var address = string.CompareOrdinal(a.Address, b.Address);
            if (address != 0) return address;
            return a.Public != b.Public ? a.Public.CompareTo(b.Public) : string.CompareOrdinal(a.Protocol, b.Protocol);
        });
        var parts = new List<string>();
        var mapped = new List<string>();
        var keys = new List<(string Address, string Protocol)>();
        var groups = new Dictionary<(string, string), (int First, int Last)>();
        foreach (var port in sorted)
        {
            if (port.Address.Length > 0 && port.Public != port.Private)
            {
                mapped.Add($"{Join(port.Address, port.Public.ToString())}->{port.Private}/{port.Protocol}");
                continue;
            }

            var key = (port.Address, port.Protocol);
            if (!groups.TryGetValue(key, out var group))
            {
                keys.Add(key);
                groups[key] = (port.Private, port.Private);
            }
            else if (port.Private == group.Last + 1)
            {
                groups[key] = (group.First, port.Private);
            }
            else
            {
                parts.Add(Text(key, group));
                groups[key] = (port.Private, port.Private);
            }
        }

        foreach (var key in keys) parts.Add(Text(key, groups[key]));
        return string.Join(", ", parts.Concat(mapped));
    }

    private static string Text((string Address, string Protocol) key, (int First, int Last) range)
    {
        var ports = range.First == range.Last ? range.First.ToString() : $"{range.First}-{range.Last}";
        return (key.Address.Length > 0 ? $"{Join(key.Address, ports)}->{ports}" : ports) + "/" + key.Protocol;
    }

    private static string Join(string address, string port) => address.Contains(':', StringComparison.Ordinal) ? $"[{address}]:{port}" : $"{address}:{port}";

    private readonly record struct Port(string Address, int Private, int Public, string Protocol);
}
