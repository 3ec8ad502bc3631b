using System.Globalization;
using Tare.Wire;

namespace Tare.Cli.Creation;

/// <summary>--network: a name, or <c>name=N,alias=A,ip=…</c>.</summary>
internal sealed class NetworkOption
{
    public string Target { get; private set; } = "";

    public List<string> Aliases { get; } = [];

    public List<string> LinkLocalAddresses { get; } = [];

    public Dictionary<string, string> DriverOptions { get; } = [];

    public List<string> Links { get; } = [];

    public string IPv4 { get; set; } = "";

    public string IPv6 { get; set; } = "";

    public string MacAddress { get; set; } = "";

    public int GatewayPriority { get; private set; }

    /// <summary>Whether it is a network that somebody made, not one of the modes.</summary>
    public bool IsUserDefined => Target is not ("default" or "bridge" or "host" or "none") && !Target.StartsWith("container:", StringComparison.Ordinal);

    public static NetworkOption Default => new() { Target = "default" };

    /// <returns>What is wrong with it; null when it was read.</returns>
    public static string? TryParse(string value, out NetworkOption option)
    {
        option = new NetworkOption();
        if (!HasFields(value))
        {
            option.Target = value;
            return null;
        }

        if (CsvRecord.TryParse(value, out var fields) is { } error) return error;
        foreach (var field in fields)
        {
            // Names are compared in lower case, and so are the values: that is how Docker does it.
            var lower = field.ToLowerInvariant();
            var equals = lower.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0) return $"invalid field {field}";
            if (option.Field(lower[..equals].Trim(), lower[(equals + 1)..].Trim()) is { } wrong) return wrong;
        }

        return option.Target.Length == 0 ? "network name/id is not specified" : null;
    }

    public EndpointSettings ToEndpoint() => new()
    {
        Aliases = Aliases.Count > 0 ? Aliases : null,
        Links = Links.Count > 0 ? Links : null,
        DriverOpts = DriverOptions.Count > 0 ? DriverOptions : null,
        GwPriority = GatewayPriority,
        MacAddress = MacAddress,
        IPAMConfig = IPv4.Length > 0 || IPv6.Length > 0 || LinkLocalAddresses.Count > 0
            ? new EndpointIPAMConfig { IPv4Address = IPv4, IPv6Address = IPv6, LinkLocalIPs = LinkLocalAddresses.Count > 0 ? LinkLocalAddresses : null } : null,
    };

    /// <summary>Whether it says more than a name.</summary>
    public bool HasSettings => Aliases.Count + Links.Count + DriverOptions.Count + LinkLocalAddresses.Count > 0 || GatewayPriority != 0 || (MacAddress + IPv4 + IPv6).Length > 0;

    /// <summary>Whether there is word=word in it.</summary>
    private static bool HasFields(string value)
    {
        for (var i = 1; i < value.Length - 1; i++)
        {
            if (value[i] == '=' && IsWord(value[i - 1]) && IsWord(value[i + 1])) return true;
        }

        return false;

        static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';
    }

    private string? Field(string key, string value)
    {
        switch (key)
        {
            case "name":
                Target = value;
                return null;
            case "alias":
                Aliases.Add(value);
                return null;
            case "ip":
                IPv4 = value;
                return null;
            case "ip6":
                IPv6 = value;
                return null;
            case "mac-address":
                MacAddress = value;
                return null;
            case "link-local-ip":
                LinkLocalAddresses.Add(value);
                return null;
            case "driver-opt":
                var equals = value.IndexOf('=', StringComparison.Ordinal);
                if (equals <= 0) return "invalid key value pair format in driver options";
                DriverOptions[value[..equals].Trim()] = value[(equals + 1)..].Trim();
                return null;
            case "gw-priority":
                if (!long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var priority)) return $"invalid gw-priority ({value}): invalid syntax";
                GatewayPriority = (int)Math.Clamp(priority, int.MinValue, int.MaxValue);
                return null;
            default:
                return $"invalid field key {key}";
        }
    }
}
