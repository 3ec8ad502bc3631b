using System.Globalization;
using Tare.Cli.Formatting;
using Tare.Wire;

namespace Tare.Cli.Creation;

/// <summary>Options that name devices: --device, --device-cgroup-rule, --device-read-bps and the like, --gpus.</summary>
internal static class DeviceOptions
{
    /// <summary>path[:path in the container][:rwm].</summary>
    /// <returns>What is wrong with it; null when it was read.</returns>
    public static string? TryParseDevice(string value, out DeviceMapping device)
    {
        device = new DeviceMapping();
        var parts = value.Split(':');
        if (parts.Length > 3 || parts[0].Length == 0) return $"bad format for path: {value}";
        var permissions = "rwm";
        var inside = "";
        if (parts.Length == 2)
        {
            if (IsMode(parts[1])) permissions = parts[1];
            else inside = parts[1];
        }
        else if (parts.Length == 3)
        {
            if (!IsMode(parts[2])) return $"bad mode specified: {parts[2]}";
            (inside, permissions) = (parts[1], parts[2]);
        }

        var target = inside.Length > 0 ? inside : parts[0];
        if (!target.StartsWith('/')) return $"{target} is not an absolute path";
        device = new DeviceMapping { PathOnHost = parts[0], PathInContainer = target, CgroupPermissions = permissions };
        return null;
    }

    /// <summary>Whether it names a device by the Container Device Interface: vendor/class=name.</summary>
    public static bool IsQualifiedName(string value)
    {
        var equals = value.IndexOf('=', StringComparison.Ordinal);
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && equals > slash + 1 && equals < value.Length - 1 && char.IsAsciiLetter(value[0]) && !value.AsSpan(slash + 1, equals - slash - 1).Contains('/');
    }

    /// <summary>--device-cgroup-rule: <c>c 1:3 rwm</c>.</summary>
    public static string? CheckRule(ref string value)
    {
        var words = value.Split(' ');
        var numbers = words.Length == 3 ? words[1].Split(':') : [];
        var valid = words is ["a" or "b" or "c", _, { Length: >= 1 and <= 3 }] && numbers.Length == 2
            && numbers.All(number => number == "*" || (number.Length > 0 && number.All(char.IsAsciiDigit))) && words[2].All(c => c is 'r' or 'w' or 'm');
        return valid ? null : $"invalid device cgroup format '{value}'";
    }

    /// <summary>/dev/path:rate, in bytes or operations per second.</summary>
    public static string? TryParseThrottle(string value, bool inBytes, out ThrottleDevice device)
    {
        device = new ThrottleDevice();
        if (!TrySplit(value, out var path, out var rate)) return $"bad format: {value}";
        if (!path.StartsWith("/dev/", StringComparison.Ordinal)) return $"bad format for device path: {value}";
        if (inBytes)
        {
            if (Units.TryParseSize(rate, out var bytes) is not null || bytes < 0)
                return $"invalid rate for device: {value}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb";
            device = new ThrottleDevice { Path = path, Rate = (ulong)bytes };
            return null;
        }

        if (!ulong.TryParse(rate, NumberStyles.None, CultureInfo.InvariantCulture, out var operations))
            return $"invalid rate for device: {value}. The correct format is <device-path>:<number>. Number must be a positive integer";
        device = new ThrottleDevice { Path = path, Rate = operations };
        return null;
    }

    /// <summary>/dev/path:weight.</summary>
    public static string? TryParseWeight(string value, out WeightDevice device)
    {
        device = new WeightDevice();
        if (!TrySplit(value, out var path, out var text)) return $"bad format: {value}";
        if (!path.StartsWith("/dev/", StringComparison.Ordinal)) return $"bad format for device path: {value}";
        if (!ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var weight) || weight is > 0 and (< 10 or > 1000)) return $"invalid weight for device: {value}";
        device = new WeightDevice { Path = path, Weight = weight };
        return null;
    }

    /// <summary>--gpus: <c>all</c>, a number, or <c>device=0,capabilities=…</c>.</summary>
    public static string? TryParseGpus(string value, out DeviceRequest request)
    {
        request = new DeviceRequest { Options = new Dictionary<string, string>(), Capabilities = [["gpu"]] };
        if (CsvRecord.TryParse(value, out var fields) is { } error) return error;
        var seen = new HashSet<string>();
        foreach (var field in fields)
        {
            var equals = field.IndexOf('=', StringComparison.Ordinal);
            var key = equals < 0 ? field : field[..equals];
            var text = equals < 0 ? field : field[(equals + 1)..];
            if (!seen.Add(key)) return $"gpu request key '{key}' can be specified only once";
            switch (equals < 0 ? "count" : key)
            {
                case "count":
                    seen.Add("count");
                    if (text != "all" && !int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
                        return $"invalid count ({text}): value must be either \"all\" or an integer: invalid syntax";
                    request.Count = text == "all" ? -1 : int.Parse(text, CultureInfo.InvariantCulture);
                    break;
                case "driver":
                    request.Driver = text;
                    break;
                case "device":
                    request.DeviceIDs = text.Split(',');
                    break;
                case "capabilities":
                    request.Capabilities = [[.. text.Split(','), "gpu"]];
                    break;
                case "options":
                    if (CsvRecord.TryParse(text, out var options) is { } wrong) return $"failed to read gpu options: {wrong}";
                    request.Options = KeyValues.ToMap(options);
                    break;
                default:
                    return $"unexpected key '{key}' in '{field}'";
            }
        }

        if (!seen.Contains("count") && request.DeviceIDs is null) request.Count = 1;
        return null;
    }

    private static bool IsMode(string text) => text.Length is > 0 and <= 3 && text.All(c => c is 'r' or 'w' or 'm') && text.Distinct().Count() == text.Length;

    private static bool TrySplit(string value, out string path, out string rest)
    {
        var colon = value.IndexOf(':', StringComparison.Ordinal);
        (path, rest) = colon <= 0 ? ("", "") : (value[..colon], value[(colon + 1)..]);
        return colon > 0;
    }
}
