namespace Tare.Oci.Runtime.Reading;

/// <summary>Network classes and RDMA limits (config-linux.md, "Network" and "RDMA").</summary>
internal static class InterconnectReader
{
    public static LinuxNetworkResources ReadNetwork(ref DocumentReader json)
    {
        uint? classId = null;
        List<LinuxInterfacePriority>? priorities = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "classID"u8)) classId = json.UInt32();
            else if (json.Is(ref members, "priorities"u8)) priorities = ReadPriorities(ref json);
            else json.Skip();
        }

        return new LinuxNetworkResources { ClassId = classId, Priorities = priorities };
    }

    public static Dictionary<string, LinuxRdma> ReadRdma(ref DocumentReader json)
    {
        var limits = new Dictionary<string, LinuxRdma>(StringComparer.Ordinal);
        json.Object("an object of RDMA limits");
        while (json.NextEntry(out var device))
        {
            if (limits.ContainsKey(device)) throw json.Twice();
            uint? handles = null, objects = null;
            var members = json.Object("an RDMA limit, an object");
            while (json.Next(ref members))
            {
                if (json.Is(ref members, "hcaHandles"u8)) handles = json.UInt32();
                else if (json.Is(ref members, "hcaObjects"u8)) objects = json.UInt32();
                else json.Skip();
            }

            limits.Add(device, new LinuxRdma { HcaHandles = handles, HcaObjects = objects });
        }

        return limits;
    }

    private static List<LinuxInterfacePriority> ReadPriorities(ref DocumentReader json)
    {
        var priorities = new List<LinuxInterfacePriority>();
        json.List("a list of priorities of interfaces");
        while (json.NextItem())
        {
            string? name = null;
            uint? priority = null;
            var members = json.Object("the priority of an interface, an object");
            while (json.Next(ref members))
            {
                if (json.Is(ref members, "name"u8)) name = json.String();
                else if (json.Is(ref members, "priority"u8)) priority = json.UInt32();
                else json.Skip();
            }

            priorities.Add(new LinuxInterfacePriority(name ?? throw json.Missing(members, "name"), priority ?? throw json.Missing(members, "priority")));
        }

        return priorities;
    }
}
