using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups.Systemd;

/// <summary>Device rules as systemd has them: a list of what is allowed (systemd.resource-control(5), DeviceAllow).</summary>
internal static class UnitDevices
{
    private const string Entries = "a(ss)";

    /// <summary>The properties for some rules. What systemd cannot say is allowed by the control group's own program or lists, which are set after it.</summary>
    public static IEnumerable<UnitProperty> Of(IReadOnlyList<LinuxDeviceCgroup> rules, int version, Action<string>? warn)
    {
        var policy = DevicePolicy.Of(rules);

        // An empty list clears what is there.
        yield return new UnitProperty("DeviceAllow", new BusValue(Entries, Array.Empty<object>()));
        if (policy is { AllowsByDefault: true, Exceptions.Count: 0 })
        {
            yield return new UnitProperty("DevicePolicy", BusValue.Of("auto"));
            yield break;
        }
        yield return new UnitProperty("DevicePolicy", BusValue.Of("strict"));
        if (policy.AllowsByDefault)
        {
            warn?.Invoke("systemd has no rules that deny single devices: it denies all until the control group's own rules are set");
            yield break;
        }
        var entries = new List<object>();
        foreach (var (key, access) in policy.Exceptions)
        {
            if (PathOf(key, version) is { } path) entries.Add(new object[] { path, DevicePolicy.Format(key, access)[(DevicePolicy.Format(key, access).LastIndexOf(' ') + 1)..] });
            else warn?.Invoke($"systemd has no rule for {DevicePolicy.Format(key, access)}: it is set in the control group alone");
        }
        yield return new UnitProperty("DeviceAllow", new BusValue(Entries, entries));
    }

    /// <summary>A device by number needs no node since systemd 240; a major number needed a name from /proc/devices before.</summary>
    private static string? PathOf(DeviceKey key, int version)
    {
        var kind = key.Type == 'b' ? "block" : "char";
        if (key.Major < 0) return key.Minor < 0 ? kind + "-*" : null;
        if (key.Minor < 0) return version >= 240 ? $"{kind}-{key.Major}" : null;
        var path = $"/dev/{kind}/{key.Major}:{key.Minor}";
        return version >= 240 || FileFacts.KindOf(path) != FileKind.Missing ? path : null;
    }
}
