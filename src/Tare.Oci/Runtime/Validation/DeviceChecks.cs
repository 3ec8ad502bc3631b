using System.Text;
namespace Tare.Oci.Runtime.Validation;

/// <summary>Device nodes and network devices (config-linux.md, "Devices" and "Network Devices").</summary>
internal static class DeviceChecks
{
    // The kernel's IFNAMSIZ, without the NUL byte at the end.
    private const int LongestName = 15;

    public static void Check(LinuxSpec linux, NamespaceSet namespaces, SpecContext context, List<string> warnings)
    {
        if (linux.Devices is { Count: > 0 } nodes) CheckNodes(nodes, warnings);
        if (linux.NetDevices is { Count: > 0 } devices) CheckNetwork(devices, namespaces, context);
    }

    private static void CheckNodes(IReadOnlyList<LinuxDevice> devices, List<string> warnings)
    {
        var paths = new HashSet<string>(devices.Count, StringComparer.Ordinal);
        for (var i = 0; i < devices.Count; i++)
        {
            CheckNode(devices[i], i, warnings);
            if (!paths.Add(devices[i].Path)) warnings.Add($"linux.devices[{i}] is not the first for {devices[i].Path}, and the first one is made");
        }
    }

    private static void CheckNode(LinuxDevice device, int i, List<string> warnings)
    {
        if (device.Type is not ("c" or "u" or "b" or "p"))
            throw Sentence.Invalid($"linux.devices[{i}].type is \"{device.Type}\", but must be one of c and u for a character device, b for a block device and p for a fifo");
        if (device.Path.Length == 0) throw Sentence.Invalid($"linux.devices[{i}].path is empty: set it to an absolute path inside the container");
        if (Texts.IsCut(device.Path)) throw Texts.Cut($"linux.devices[{i}].path");
        if (!Texts.IsAbsolute(device.Path)) warnings.Add($"linux.devices[{i}].path is \"{device.Path}\" and taken for \"/{device.Path}\": it should be absolute");
        // Its numbers have no meaning for a fifo. The kernel has 12 bits for the one and 20 for the other.
        if (device.Type != "p" && (device.Major is < 0 or > 0xFFF || device.Minor is < 0 or > 0xFFFFF))
            throw Sentence.Invalid($"linux.devices[{i}] for {device.Path} has the numbers {device.Major}:{device.Minor}, but they go from 0:0 to {0xFFF}:{0xFFFFF}");
    }

    private static void CheckNetwork(IReadOnlyDictionary<string, LinuxNetDevice> devices, NamespaceSet namespaces, SpecContext context)
    {
        if (!namespaces.Has(LinuxNamespaceTypes.Network))
            throw Sentence.Invalid("linux.netDevices has devices, but the container has no network namespace to move them to: add one of type \"network\" to linux.namespaces, or remove linux.netDevices");
        if (context.Rootless || context.RootlessCgroups)
            throw Sentence.Invalid("linux.netDevices has devices, which a user who is not root cannot move: remove linux.netDevices");
        foreach (var (name, device) in devices)
        {
            if (!IsName(name)) throw Sentence.Invalid($"linux.netDevices has the device \"{name}\", which cannot be a name: {NameRule}");
            if (!string.IsNullOrEmpty(device.Name) && !IsName(device.Name))
                throw Sentence.Invalid($"linux.netDevices[\"{name}\"].name is \"{device.Name}\", which cannot be a name: {NameRule}");
        }
    }

    private static string NameRule => $"it has up to {LongestName} bytes, no '/', ':' and blanks, and is not '.' or '..'";

    // The kernel's dev_valid_name.
    private static bool IsName(string name)
    {
        if (name is "" or "." or ".." || Encoding.UTF8.GetByteCount(name) > LongestName) return false;
        foreach (var character in name)
        {
            if (character is '/' or ':' or '\0' or ' ' or (>= '\t' and <= '\r')) return false;
        }

        return true;
    }
}
