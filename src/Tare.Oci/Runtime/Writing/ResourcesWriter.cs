namespace Tare.Oci.Runtime.Writing;

/// <summary>The limits of a cgroup (config-linux.md, "Control groups").</summary>
internal static class ResourcesWriter
{
    public static void Write(DocumentWriter json, LinuxResources resources)
    {
        json.Object("resources"u8);
        if (resources.Devices is { } devices) WriteDevices(json, devices);
        if (resources.Memory is { } memory) WriteMemory(json, memory);
        if (resources.Cpu is { } cpu) WriteCpu(json, cpu);
        if (resources.Pids is { } pids)
        {
            json.Object("pids"u8);
            json.Number("limit"u8, pids.Limit);
            json.EndObject();
        }

        if (resources.BlockIo is { } blockIo) WriteBlockIo(json, blockIo);
        if (resources.HugepageLimits is { } hugepages)
        {
            json.List("hugepageLimits"u8);
            foreach (var limit in hugepages)
            {
                json.Object();
                json.Text("pageSize"u8, limit.PageSize);
                json.Unsigned("limit"u8, limit.Limit);
                json.EndObject();
            }

            json.EndList();
        }

        if (resources.Network is { } network) WriteNetwork(json, network);
        if (resources.Rdma is { } rdma) WriteRdma(json, rdma);
        json.Texts("unified"u8, resources.Unified);
        json.EndObject();
    }

    private static void WriteDevices(DocumentWriter json, IReadOnlyList<LinuxDeviceCgroup> devices)
    {
        json.List("devices"u8);
        foreach (var device in devices)
        {
            json.Object();
            json.Flag("allow"u8, device.Allow);
            json.Text("type"u8, device.Type);
            json.Number("major"u8, device.Major);
            json.Number("minor"u8, device.Minor);
            json.Text("access"u8, device.Access);
            json.EndObject();
        }

        json.EndList();
    }

    private static void WriteMemory(DocumentWriter json, LinuxMemory memory)
    {
        json.Object("memory"u8);
        json.Number("limit"u8, memory.Limit);
        json.Number("reservation"u8, memory.Reservation);
        json.Number("swap"u8, memory.Swap);
        json.Number("kernel"u8, memory.Kernel);
        json.Number("kernelTCP"u8, memory.KernelTcp);
        json.Unsigned("swappiness"u8, memory.Swappiness);
        json.Flag("disableOOMKiller"u8, memory.DisableOomKiller);
        json.Flag("useHierarchy"u8, memory.UseHierarchy);
        json.Flag("checkBeforeUpdate"u8, memory.CheckBeforeUpdate);
        json.EndObject();
    }

    private static void WriteCpu(DocumentWriter json, LinuxCpu cpu)
    {
        json.Object("cpu"u8);
        json.Unsigned("shares"u8, cpu.Shares);
        json.Number("quota"u8, cpu.Quota);
        json.Unsigned("burst"u8, cpu.Burst);
        json.Unsigned("period"u8, cpu.Period);
        json.Number("realtimeRuntime"u8, cpu.RealtimeRuntime);
        json.Unsigned("realtimePeriod"u8, cpu.RealtimePeriod);
        json.Text("cpus"u8, cpu.Cpus);
        json.Text("mems"u8, cpu.Mems);
        json.Number("idle"u8, cpu.Idle);
        json.EndObject();
    }

    private static void WriteBlockIo(DocumentWriter json, LinuxBlockIo blockIo)
    {
        json.Object("blockIO"u8);
        json.Unsigned("weight"u8, blockIo.Weight);
        json.Unsigned("leafWeight"u8, blockIo.LeafWeight);
        if (blockIo.WeightDevice is { } weights)
        {
            json.List("weightDevice"u8);
            foreach (var device in weights)
            {
                json.Object();
                json.Number("major"u8, device.Major);
                json.Number("minor"u8, device.Minor);
                json.Unsigned("weight"u8, device.Weight);
                json.Unsigned("leafWeight"u8, device.LeafWeight);
                json.EndObject();
            }

            json.EndList();
        }

        WriteRates(json, "throttleReadBpsDevice"u8, blockIo.ThrottleReadBpsDevice);
        WriteRates(json, "throttleWriteBpsDevice"u8, blockIo.ThrottleWriteBpsDevice);
        WriteRates(json, "throttleReadIOPSDevice"u8, blockIo.ThrottleReadIopsDevice);
        WriteRates(json, "throttleWriteIOPSDevice"u8, blockIo.ThrottleWriteIopsDevice);
        json.EndObject();
    }

    private static void WriteRates(DocumentWriter json, ReadOnlySpan<byte> name, IReadOnlyList<LinuxThrottleDevice>? rates)
    {
        if (rates is null) return;
        json.List(name);
        foreach (var device in rates)
        {
            json.Object();
            json.Number("major"u8, device.Major);
            json.Number("minor"u8, device.Minor);
            json.Unsigned("rate"u8, device.Rate);
            json.EndObject();
        }

        json.EndList();
    }

    private static void WriteNetwork(DocumentWriter json, LinuxNetworkResources network)
    {
        json.Object("network"u8);
        json.Unsigned("classID"u8, network.ClassId);
        if (network.Priorities is { } priorities)
        {
            json.List("priorities"u8);
            foreach (var priority in priorities)
            {
                json.Object();
                json.Text("name"u8, priority.Name);
                json.Unsigned("priority"u8, priority.Priority);
                json.EndObject();
            }

            json.EndList();
        }

        json.EndObject();
    }

    private static void WriteRdma(DocumentWriter json, IReadOnlyDictionary<string, LinuxRdma> rdma)
    {
        json.Object("rdma"u8);
        foreach (var device in DocumentWriter.Sorted(rdma.Keys, rdma.Count))
        {
            json.Entry(device);
            json.Unsigned("hcaHandles"u8, rdma[device].HcaHandles);
            json.Unsigned("hcaObjects"u8, rdma[device].HcaObjects);
            json.EndObject();
        }

        json.EndObject();
    }
}
