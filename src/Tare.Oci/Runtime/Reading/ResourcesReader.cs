namespace Tare.Oci.Runtime.Reading;

/// <summary>The limits of a cgroup (config-linux.md, "Control groups").</summary>
internal static class ResourcesReader
{
    private const string Bytes = "a number of bytes";
    private const string Microseconds = "a number of microseconds";

    public static LinuxResources Read(ref DocumentReader json)
    {
        List<LinuxDeviceCgroup>? devices = null;
        LinuxMemory? memory = null;
        LinuxCpu? cpu = null;
        LinuxPids? pids = null;
        LinuxBlockIo? blockIo = null;
        List<LinuxHugepageLimit>? hugepageLimits = null;
        LinuxNetworkResources? network = null;
        Dictionary<string, LinuxRdma>? rdma = null;
        Dictionary<string, string>? unified = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "devices"u8)) devices = ReadDevices(ref json);
            else if (json.Is(ref members, "memory"u8)) memory = ReadMemory(ref json);
            else if (json.Is(ref members, "cpu"u8)) cpu = ReadCpu(ref json);
            else if (json.Is(ref members, "pids"u8)) pids = ReadPids(ref json);
            else if (json.Is(ref members, "blockIO"u8)) blockIo = BlockIoReader.Read(ref json);
            else if (json.Is(ref members, "hugepageLimits"u8)) hugepageLimits = ReadHugepageLimits(ref json);
            else if (json.Is(ref members, "network"u8)) network = InterconnectReader.ReadNetwork(ref json);
            else if (json.Is(ref members, "rdma"u8)) rdma = InterconnectReader.ReadRdma(ref json);
            else if (json.Is(ref members, "unified"u8)) unified = json.Texts();
            else json.Skip();
        }

        return new LinuxResources
        {
            Devices = devices,
            Memory = memory,
            Cpu = cpu,
            Pids = pids,
            BlockIo = blockIo,
            HugepageLimits = hugepageLimits,
            Network = network,
            Rdma = rdma,
            Unified = unified,
        };
    }

    private static List<LinuxDeviceCgroup> ReadDevices(ref DocumentReader json)
    {
        var devices = new List<LinuxDeviceCgroup>();
        json.List("a list of device rules");
        while (json.NextItem())
        {
            var allow = false;
            string? type = null, access = null;
            long? major = null, minor = null;
            var members = json.Object("a device rule, an object");
            while (json.Next(ref members))
            {
                if (json.Is(ref members, "allow"u8)) allow = json.Bool();
                else if (json.Is(ref members, "type"u8)) type = json.String();
                else if (json.Is(ref members, "major"u8)) major = json.Int64();
                else if (json.Is(ref members, "minor"u8)) minor = json.Int64();
                else if (json.Is(ref members, "access"u8)) access = json.String();
                else json.Skip();
            }

            devices.Add(new LinuxDeviceCgroup { Allow = allow, Type = type, Major = major, Minor = minor, Access = access });
        }

        return devices;
    }

    private static LinuxMemory ReadMemory(ref DocumentReader json)
    {
        long? limit = null, reservation = null, swap = null, kernel = null, kernelTcp = null;
        ulong? swappiness = null;
        bool? disableOomKiller = null, useHierarchy = null, checkBeforeUpdate = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "limit"u8)) limit = json.Int64(Bytes);
            else if (json.Is(ref members, "reservation"u8)) reservation = json.Int64(Bytes);
            else if (json.Is(ref members, "swap"u8)) swap = json.Int64(Bytes);
            else if (json.Is(ref members, "kernel"u8)) kernel = json.Int64(Bytes);
            else if (json.Is(ref members, "kernelTCP"u8)) kernelTcp = json.Int64(Bytes);
            else if (json.Is(ref members, "swappiness"u8)) swappiness = json.UInt64();
            else if (json.Is(ref members, "disableOOMKiller"u8)) disableOomKiller = json.Bool();
            else if (json.Is(ref members, "useHierarchy"u8)) useHierarchy = json.Bool();
            else if (json.Is(ref members, "checkBeforeUpdate"u8)) checkBeforeUpdate = json.Bool();
            else json.Skip();
        }

        return new LinuxMemory
        {
            Limit = limit,
            Reservation = reservation,
            Swap = swap,
            Kernel = kernel,
            KernelTcp = kernelTcp,
            Swappiness = swappiness,
            DisableOomKiller = disableOomKiller,
            UseHierarchy = useHierarchy,
            CheckBeforeUpdate = checkBeforeUpdate,
        };
    }

    private static LinuxCpu ReadCpu(ref DocumentReader json)
    {
        ulong? shares = null, burst = null, period = null, realtimePeriod = null;
        long? quota = null, realtimeRuntime = null, idle = null;
        string? cpus = null, mems = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "shares"u8)) shares = json.UInt64();
            else if (json.Is(ref members, "quota"u8)) quota = json.Int64(Microseconds);
            else if (json.Is(ref members, "burst"u8)) burst = json.UInt64(Microseconds);
            else if (json.Is(ref members, "period"u8)) period = json.UInt64(Microseconds);
            else if (json.Is(ref members, "realtimeRuntime"u8)) realtimeRuntime = json.Int64(Microseconds);
            else if (json.Is(ref members, "realtimePeriod"u8)) realtimePeriod = json.UInt64(Microseconds);
            else if (json.Is(ref members, "cpus"u8)) cpus = json.String("a list of CPUs, such as \"0-3,7\"");
            else if (json.Is(ref members, "mems"u8)) mems = json.String("a list of nodes, such as \"0-3,7\"");
            else if (json.Is(ref members, "idle"u8)) idle = json.Int64();
            else json.Skip();
        }

        return new LinuxCpu
        {
            Shares = shares,
            Quota = quota,
            Burst = burst,
            Period = period,
            RealtimeRuntime = realtimeRuntime,
            RealtimePeriod = realtimePeriod,
            Cpus = cpus,
            Mems = mems,
            Idle = idle,
        };
    }

    private static LinuxPids ReadPids(ref DocumentReader json)
    {
        long? limit = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "limit"u8)) limit = json.Int64("a number of tasks");
            else json.Skip();
        }

        return new LinuxPids { Limit = limit };
    }

    private static List<LinuxHugepageLimit> ReadHugepageLimits(ref DocumentReader json)
    {
        var limits = new List<LinuxHugepageLimit>();
        json.List("a list of limits on huge pages");
        while (json.NextItem())
        {
            string? pageSize = null;
            ulong? limit = null;
            var members = json.Object("a limit on huge pages, an object");
            while (json.Next(ref members))
            {
                if (json.Is(ref members, "pageSize"u8)) pageSize = json.String("a size, such as \"2MB\"");
                else if (json.Is(ref members, "limit"u8)) limit = json.UInt64(Bytes);
                else json.Skip();
            }

            limits.Add(new LinuxHugepageLimit(pageSize ?? throw json.Missing(members, "pageSize"), limit ?? throw json.Missing(members, "limit")));
        }

        return limits;
    }
}
