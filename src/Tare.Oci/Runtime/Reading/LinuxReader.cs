namespace Tare.Oci.Runtime.Reading;

/// <summary>What is particular to Linux (config-linux.md).</summary>
internal static class LinuxReader
{
    public static LinuxSpec Read(ref DocumentReader json)
    {
        List<LinuxIdMapping>? uidMappings = null, gidMappings = null;
        Dictionary<string, string>? sysctl = null;
        LinuxResources? resources = null;
        string? cgroupsPath = null, rootfsPropagation = null, mountLabel = null;
        List<LinuxNamespace>? namespaces = null;
        List<LinuxDevice>? devices = null;
        Dictionary<string, LinuxNetDevice>? netDevices = null;
        LinuxSeccomp? seccomp = null;
        List<string>? maskedPaths = null, readonlyPaths = null;
        LinuxIntelRdt? intelRdt = null;
        LinuxMemoryPolicy? memoryPolicy = null;
        LinuxPersonality? personality = null;
        Dictionary<string, LinuxTimeOffset>? timeOffsets = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "namespaces"u8)) namespaces = ReadNamespaces(ref json);
            else if (json.Is(ref members, "uidMappings"u8)) uidMappings = MountReader.ReadMappings(ref json);
            else if (json.Is(ref members, "gidMappings"u8)) gidMappings = MountReader.ReadMappings(ref json);
            else if (json.Is(ref members, "sysctl"u8)) sysctl = json.Texts();
            else if (json.Is(ref members, "resources"u8)) resources = ResourcesReader.Read(ref json);
            else if (json.Is(ref members, "cgroupsPath"u8)) cgroupsPath = json.String();
            else if (json.Is(ref members, "devices"u8)) devices = DevicesReader.Read(ref json);
            else if (json.Is(ref members, "netDevices"u8)) netDevices = DevicesReader.ReadNetwork(ref json);
            else if (json.Is(ref members, "seccomp"u8)) seccomp = SeccompReader.Read(ref json);
            else if (json.Is(ref members, "rootfsPropagation"u8)) rootfsPropagation = json.String();
            else if (json.Is(ref members, "maskedPaths"u8)) maskedPaths = json.Strings();
            else if (json.Is(ref members, "readonlyPaths"u8)) readonlyPaths = json.Strings();
            else if (json.Is(ref members, "mountLabel"u8)) mountLabel = json.String();
            else if (json.Is(ref members, "intelRdt"u8)) intelRdt = MachineReader.ReadIntelRdt(ref json);
            else if (json.Is(ref members, "memoryPolicy"u8)) memoryPolicy = MachineReader.ReadMemoryPolicy(ref json);
            else if (json.Is(ref members, "personality"u8)) personality = MachineReader.ReadPersonality(ref json);
            else if (json.Is(ref members, "timeOffsets"u8)) timeOffsets = MachineReader.ReadTimeOffsets(ref json);
            else json.Skip();
        }

        return new LinuxSpec
        {
            Namespaces = namespaces,
            UidMappings = uidMappings,
            GidMappings = gidMappings,
            Sysctl = sysctl,
            Resources = resources,
            CgroupsPath = cgroupsPath,
            Devices = devices,
            NetDevices = netDevices,
            Seccomp = seccomp,
            RootfsPropagation = rootfsPropagation,
            MaskedPaths = maskedPaths,
            ReadonlyPaths = readonlyPaths,
            MountLabel = mountLabel,
            IntelRdt = intelRdt,
            MemoryPolicy = memoryPolicy,
            Personality = personality,
            TimeOffsets = timeOffsets,
        };
    }

    private static List<LinuxNamespace> ReadNamespaces(ref DocumentReader json)
    {
        var namespaces = new List<LinuxNamespace>();
        json.List("a list of namespaces");
        while (json.NextItem())
        {
            string? type = null, path = null;
            var members = json.Object("a namespace, an object");
            while (json.Next(ref members))
            {
                if (json.Is(ref members, "type"u8)) type = json.String();
                else if (json.Is(ref members, "path"u8)) path = json.String();
                else json.Skip();
            }

            namespaces.Add(new LinuxNamespace { Type = type ?? throw json.Missing(members, "type"), Path = path });
        }

        return namespaces;
    }
}
