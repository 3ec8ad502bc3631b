namespace Tare.Oci.Runtime.Reading;

/// <summary>What the process sees and gets of the machine (config-linux.md: intelRdt, memoryPolicy, personality, timeOffsets).</summary>
internal static class MachineReader
{
    public static LinuxIntelRdt ReadIntelRdt(ref DocumentReader json)
    {
        string? closId = null, l3CacheSchema = null, memBwSchema = null;
        List<string>? schemata = null;
        bool enableCmt = false, enableMbm = false, enableMonitoring = false;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "closID"u8)) closId = json.String();
            else if (json.Is(ref members, "schemata"u8)) schemata = json.Strings();
            else if (json.Is(ref members, "l3CacheSchema"u8)) l3CacheSchema = json.String();
            else if (json.Is(ref members, "memBwSchema"u8)) memBwSchema = json.String();
            else if (json.Is(ref members, "enableCMT"u8)) enableCmt = json.Bool();
            else if (json.Is(ref members, "enableMBM"u8)) enableMbm = json.Bool();
            else if (json.Is(ref members, "enableMonitoring"u8)) enableMonitoring = json.Bool();
            else json.Skip();
        }

        return new LinuxIntelRdt
        {
            ClosId = closId,
            Schemata = schemata,
            L3CacheSchema = l3CacheSchema,
            MemBwSchema = memBwSchema,
            EnableCmt = enableCmt,
            EnableMbm = enableMbm,
            EnableMonitoring = enableMonitoring,
        };
    }

    public static LinuxMemoryPolicy ReadMemoryPolicy(ref DocumentReader json)
    {
        string? mode = null, nodes = null;
        List<string>? flags = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "mode"u8)) mode = json.String();
            else if (json.Is(ref members, "nodes"u8)) nodes = json.String("a list of nodes, such as \"0-3,7\"");
            else if (json.Is(ref members, "flags"u8)) flags = json.Strings();
            else json.Skip();
        }

        return new LinuxMemoryPolicy { Mode = mode ?? throw json.Missing(members, "mode"), Nodes = nodes, Flags = flags };
    }

    public static LinuxPersonality ReadPersonality(ref DocumentReader json)
    {
        string? domain = null;
        List<string>? flags = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "domain"u8)) domain = json.String();
            else if (json.Is(ref members, "flags"u8)) flags = json.Strings();
            else json.Skip();
        }

        return new LinuxPersonality { Domain = domain ?? throw json.Missing(members, "domain"), Flags = flags };
    }

    public static Dictionary<string, LinuxTimeOffset> ReadTimeOffsets(ref DocumentReader json)
    {
        var offsets = new Dictionary<string, LinuxTimeOffset>(StringComparer.Ordinal);
        json.Object("an object of time offsets");
        while (json.NextEntry(out var clock))
        {
            if (offsets.ContainsKey(clock)) throw json.Twice();
            long seconds = 0;
            uint nanoseconds = 0;
            var members = json.Object("a time offset, an object");
            while (json.Next(ref members))
            {
                if (json.Is(ref members, "secs"u8)) seconds = json.Int64("a number of seconds");
                else if (json.Is(ref members, "nanosecs"u8)) nanoseconds = json.UInt32("a number of nanoseconds");
                else json.Skip();
            }

            offsets.Add(clock, new LinuxTimeOffset(seconds, nanoseconds));
        }

        return offsets;
    }
}
