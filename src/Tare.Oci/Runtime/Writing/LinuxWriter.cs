namespace Tare.Oci.Runtime.Writing;

/// <summary>What is particular to Linux (config-linux.md).</summary>
internal static class LinuxWriter
{
    public static void Write(DocumentWriter json, LinuxSpec linux)
    {
        json.Object("linux"u8);
        ConfigWriter.WriteMappings(json, "uidMappings"u8, linux.UidMappings);
        ConfigWriter.WriteMappings(json, "gidMappings"u8, linux.GidMappings);
        json.Texts("sysctl"u8, linux.Sysctl);
        if (linux.Resources is { } resources) ResourcesWriter.Write(json, resources);
        json.Text("cgroupsPath"u8, linux.CgroupsPath);
        if (linux.Namespaces is { } namespaces) WriteNamespaces(json, namespaces);
        if (linux.Devices is { } devices) WriteDevices(json, devices);
        if (linux.NetDevices is { } netDevices) WriteNetDevices(json, netDevices);
        if (linux.Seccomp is { } seccomp) SeccompWriter.Write(json, seccomp);
        json.Text("rootfsPropagation"u8, linux.RootfsPropagation);
        json.Texts("maskedPaths"u8, linux.MaskedPaths);
        json.Texts("readonlyPaths"u8, linux.ReadonlyPaths);
        json.Text("mountLabel"u8, linux.MountLabel);
        if (linux.IntelRdt is { } intelRdt) WriteIntelRdt(json, intelRdt);
        if (linux.MemoryPolicy is { } memoryPolicy)
        {
            json.Object("memoryPolicy"u8);
            json.Text("mode"u8, memoryPolicy.Mode);
            json.Text("nodes"u8, memoryPolicy.Nodes);
            json.Texts("flags"u8, memoryPolicy.Flags);
            json.EndObject();
        }

        if (linux.Personality is { } personality)
        {
            json.Object("personality"u8);
            json.Text("domain"u8, personality.Domain);
            json.Texts("flags"u8, personality.Flags);
            json.EndObject();
        }

        if (linux.TimeOffsets is { } timeOffsets) WriteTimeOffsets(json, timeOffsets);
        json.EndObject();
    }

    private static void WriteNamespaces(DocumentWriter json, IReadOnlyList<LinuxNamespace> namespaces)
    {
        json.List("namespaces"u8);
        foreach (var ns in namespaces)
        {
            json.Object();
            json.Text("type"u8, ns.Type);
            json.Text("path"u8, ns.Path);
            json.EndObject();
        }

        json.EndList();
    }

    private static void WriteDevices(DocumentWriter json, IReadOnlyList<LinuxDevice> devices)
    {
        json.List("devices"u8);
        foreach (var device in devices)
        {
            json.Object();
            json.Text("path"u8, device.Path);
            json.Text("type"u8, device.Type);
            json.Number("major"u8, device.Major);
            json.Number("minor"u8, device.Minor);
            json.Unsigned("fileMode"u8, device.FileMode);
            json.Unsigned("uid"u8, device.Uid);
            json.Unsigned("gid"u8, device.Gid);
            json.EndObject();
        }

        json.EndList();
    }

    private static void WriteNetDevices(DocumentWriter json, IReadOnlyDictionary<string, LinuxNetDevice> devices)
    {
        json.Object("netDevices"u8);
        foreach (var name in DocumentWriter.Sorted(devices.Keys, devices.Count))
        {
            json.Entry(name);
            json.Text("name"u8, devices[name].Name);
            json.EndObject();
        }

        json.EndObject();
    }

    private static void WriteIntelRdt(DocumentWriter json, LinuxIntelRdt intelRdt)
    {
        json.Object("intelRdt"u8);
        json.Text("closID"u8, intelRdt.ClosId);
        json.Texts("schemata"u8, intelRdt.Schemata);
        json.Text("l3CacheSchema"u8, intelRdt.L3CacheSchema);
        json.Text("memBwSchema"u8, intelRdt.MemBwSchema);
        json.FlagIfSet("enableCMT"u8, intelRdt.EnableCmt);
        json.FlagIfSet("enableMBM"u8, intelRdt.EnableMbm);
        json.FlagIfSet("enableMonitoring"u8, intelRdt.EnableMonitoring);
        json.EndObject();
    }

    private static void WriteTimeOffsets(DocumentWriter json, IReadOnlyDictionary<string, LinuxTimeOffset> offsets)
    {
        json.Object("timeOffsets"u8);
        foreach (var clock in DocumentWriter.Sorted(offsets.Keys, offsets.Count))
        {
            json.Entry(clock);
            json.Number("secs"u8, offsets[clock].Secs);
            json.Unsigned("nanosecs"u8, offsets[clock].Nanosecs);
            json.EndObject();
        }

        json.EndObject();
    }
}
