using System.Globalization;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups;

/// <summary>Device rules of the runtime specification, in the words of cgroup v1 and as a program for v2.</summary>
internal static class DeviceRules
{
    /// <summary>A rule as <c>devices.allow</c> and <c>devices.deny</c> read it: <c>c 1:3 rwm</c>, <c>a</c> for all.</summary>
    public static string Format(LinuxDeviceCgroup rule)
    {
        var type = rule.Type is null or "" or "a" ? "a" : rule.Type;
        if (type == "a" && rule.Major is null or < 0 && rule.Minor is null or < 0) return "a *:* " + AccessOf(rule);
        return $"{type} {Number(rule.Major)}:{Number(rule.Minor)} {AccessOf(rule)}";
    }

    /// <summary>Rules for a v2 device program: the last one that matches decides, so they are tried from the end.</summary>
    public static IReadOnlyList<DeviceRule> Compile(IReadOnlyList<LinuxDeviceCgroup> rules) => [.. rules.Select(rule => new DeviceRule(
        rule.Allow,
        rule.Type switch
        {
            null or "" or "a" => DeviceKind.Any,
            "b" => DeviceKind.Block,
            "c" or "u" => DeviceKind.Character,
            _ => throw TareException.Invalid($"unknown type of device {rule.Type}"),
        },
        rule.Major is >= 0 ? (uint)rule.Major : null,
        rule.Minor is >= 0 ? (uint)rule.Minor : null,
        AccessBits(AccessOf(rule))))];

    private static string AccessOf(LinuxDeviceCgroup rule) => string.IsNullOrEmpty(rule.Access) ? "rwm" : rule.Access;

    private static DeviceAccess AccessBits(string access)
    {
        DeviceAccess bits = 0;
        foreach (var letter in access)
        {
            bits |= letter switch
            {
                'r' => DeviceAccess.Read,
                'w' => DeviceAccess.Write,
                'm' => DeviceAccess.MakeNode,
                _ => throw TareException.Invalid($"unknown access {letter} in a device rule; use letters of rwm"),
            };
        }
        return bits;
    }

    private static string Number(long? value) => value is >= 0 ? value.Value.ToString(CultureInfo.InvariantCulture) : "*";
}
