namespace Tare.Oci.Runtime.Reading;

/// <summary>Device nodes and network devices (config-linux.md, "Devices" and "Network Devices").</summary>
internal static class DevicesReader
{
    public static List<LinuxDevice> Read(ref DocumentReader json)
    {
        var devices = new List<LinuxDevice>();
        json.List("a list of devices");
        while (json.NextItem())
        {
            string? path = null, type = null;
            long major = 0, minor = 0;
            uint? fileMode = null, uid = null, gid = null;
            var members = json.Object("a device, an object");
            while (json.Next(ref members))
            {
                if (json.Is(ref members, "path"u8)) path = json.String();
                else if (json.Is(ref members, "type"u8)) type = json.String();
                else if (json.Is(ref members, "major"u8)) major = json.Int64();
                else if (json.Is(ref members, "minor"u8)) minor = json.Int64();
                else if (json.Is(ref members, "fileMode"u8)) fileMode = json.UInt32("a file mode, in decimal");
                else if (json.Is(ref members, "uid"u8)) uid = json.UInt32("an id");
                else if (json.Is(ref members, "gid"u8)) gid = json.UInt32("an id");
                else json.Skip();
            }

            devices.Add(new LinuxDevice
            {
                Path = path ?? throw json.Missing(members, "path"),
                Type = type ?? throw json.Missing(members, "type"),
                Major = major,
                Minor = minor,
                FileMode = fileMode,
                Uid = uid,
                Gid = gid,
            });
        }

        return devices;
    }

    public static Dictionary<string, LinuxNetDevice> ReadNetwork(ref DocumentReader json)
    {
        var devices = new Dictionary<string, LinuxNetDevice>(StringComparer.Ordinal);
        json.Object("an object of network devices");
        while (json.NextEntry(out var host))
        {
            if (devices.ContainsKey(host)) throw json.Twice();
            string? name = null;
            var members = json.Object("a network device, an object");
            while (json.Next(ref members))
            {
                if (json.Is(ref members, "name"u8)) name = json.String();
                else json.Skip();
            }

            devices.Add(host, new LinuxNetDevice { Name = name });
        }

        return devices;
    }
}
