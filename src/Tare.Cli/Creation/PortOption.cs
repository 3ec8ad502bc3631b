using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tare.Wire;

namespace Tare.Cli.Creation;

/// <summary>--publish and --expose: ports of a container, and where on the host they are found.</summary>
internal sealed class PortOption
{
    private readonly SortedSet<string> _exposed = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, List<PortBinding>> _bindings = new(StringComparer.Ordinal);

    public IReadOnlySet<string>? Exposed => _exposed.Count > 0 ? _exposed : null;

    public IReadOnlyDictionary<string, IReadOnlyList<PortBinding>?>? Bindings
        => _bindings.Count == 0 ? null : _bindings.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<PortBinding>?)pair.Value);

    /// <summary>[[address:]host port[-port]:]container port[-port][/protocol], or published=…,target=…,protocol=….</summary>
    /// <returns>What is wrong with it; null when it was read.</returns>
    public string? TryPublish(string value)
    {
        if (value.Contains('=', StringComparison.Ordinal))
        {
            var parameters = new Dictionary<string, string> { ["protocol"] = "tcp" };
            foreach (var parameter in value.Split(','))
            {
                var equals = parameter.IndexOf('=', StringComparison.Ordinal);
                if (equals <= 0) return $"invalid publish opts format (should be name=value but got '{parameter}')";
                parameters[parameter[..equals]] = parameter[(equals + 1)..];
            }

            value = $"{parameters.GetValueOrDefault("published")}:{parameters.GetValueOrDefault("target")}/{parameters["protocol"]}";
        }

        var parts = value.Split(':');
        var address = parts.Length > 2 ? string.Join(':', parts[..^2]) : "";
        var host = parts.Length > 1 ? parts[^2] : "";
        var (protocol, container) = SplitProtocol(parts[^1]);
        if (address.StartsWith('['))
        {
            if (!address.EndsWith(']')) return $"invalid IP address {address}: address {address}:: missing ']' in address";
            address = address[1..^1];
        }

        if (address.Length > 0 && !TryAddress(address, out _)) return $"invalid IP address: {address}";
        if (container.Length == 0) return $"no port specified: {value}<empty>";
        if (!TryRange(container, out var first, out var last)) return $"invalid containerPort: {container}";
        int hostFirst = 0, hostLast = 0;
        if (host.Length > 0 && !TryRange(host, out hostFirst, out hostLast)) return $"invalid hostPort: {host}";
        // Several host ports for one container port: the engine chooses.
        if (host.Length > 0 && last - first != hostLast - hostFirst && first != last) return $"invalid ranges specified for container and host Ports: {container} and {host}";
        if (protocol.ToLowerInvariant() is not ("tcp" or "udp" or "sctp")) return $"invalid proto: {protocol}";
        for (var i = 0; i <= last - first; i++)
        {
            var hostPort = host.Length == 0 ? "" : first == last && hostFirst != hostLast ? $"{hostFirst}-{hostLast}" : (hostFirst + i).ToString(CultureInfo.InvariantCulture);
            var port = $"{first + i}/{protocol.ToLowerInvariant()}";
            _exposed.Add(port);
            if (!_bindings.TryGetValue(port, out var list)) _bindings[port] = list = [];
            list.Add(new PortBinding { HostIp = address, HostPort = hostPort });
        }

        return null;
    }

    /// <summary>port[-port][/protocol].</summary>
    public string? TryExpose(string value)
    {
        if (value.Contains(':', StringComparison.Ordinal)) return $"invalid port format for --expose: {value}";
        var (protocol, ports) = SplitProtocol(value);
        if (RangeError(ports) is { } error) return $"invalid range format for --expose: {value}, error: {error}";
        TryRange(ports, out var first, out var last);
        for (var port = first; port <= last; port++) _exposed.Add($"{port}/{protocol}");
        return null;
    }

    private static (string Protocol, string Port) SplitProtocol(string text)
    {
        var parts = text.Split('/');
        if (parts[0].Length == 0) return ("", "");
        return (parts.Length == 1 || parts[1].Length == 0 ? "tcp" : parts[1], parts[0]);
    }

    private static bool TryRange(string text, out int first, out int last)
    {
        (first, last) = (0, 0);
        if (RangeError(text) is not null) return false;
        var parts = text.Split('-');
        first = int.Parse(parts[0], CultureInfo.InvariantCulture);
        last = parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : first;
        return true;
    }

    private static string? RangeError(string text)
    {
        if (text.Length == 0) return "empty string specified for ports";
        var parts = text.Split('-');
        foreach (var part in parts.Take(2))
        {
            if (part.Length == 0 || !part.All(char.IsAsciiDigit)) return $"strconv.ParseUint: parsing {Formatting.GoText.Quote(part)}: invalid syntax";
            if (!ushort.TryParse(part, out _)) return $"strconv.ParseUint: parsing {Formatting.GoText.Quote(part)}: value out of range";
        }

        return parts.Length > 1 && ushort.Parse(parts[1], CultureInfo.InvariantCulture) < ushort.Parse(parts[0], CultureInfo.InvariantCulture)
            ? $"invalid range specified for port: {text}" : null;
    }

    /// <summary>Whether Go's net.ParseIP takes it, with the address in its shortest form.</summary>
    public static bool TryAddress(string text, out string address)
    {
        address = "";
        if (text.Contains('%', StringComparison.Ordinal) || text.Contains('[', StringComparison.Ordinal) || !IPAddress.TryParse(text, out var parsed)) return false;
        // To .NET a number with a zero in front is octal, and 1.2.3 is 1.2.0.3; Go takes four decimal numbers.
        if (parsed.AddressFamily == AddressFamily.InterNetwork && text.Split('.') is var parts && (parts.Length != 4 || parts.Any(part => part.AsSpan().ContainsAnyExceptInRange('0', '9') || part is ['0', _, ..]))) return false;
        address = parsed.IsIPv4MappedToIPv6 ? parsed.MapToIPv4().ToString() : parsed.ToString();
        return true;
    }
}
