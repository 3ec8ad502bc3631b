using System.Buffers;
using System.Text.Json;
using Tare.Runtime.Cgroups;

namespace Tare.Cli.Oci;

/// <summary>
/// The events of <c>events</c> as lines of JSON, with runc's members in runc's order: callers read them by runc's Go types, in which
/// some zeros are left out and some are not.
/// </summary>
internal static class EventJson
{
    /// <summary>The event that the OOM killer has struck.</summary>
    public static byte[] OutOfMemory(string id) => Line("oom", id, null);

    /// <summary>The event that tells what a container has used.</summary>
    public static byte[] Stats(string id, CgroupStats stats) => Line("stats", id, stats);

    private static byte[] Line(string type, string id, CgroupStats? stats)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, type);
            json.WriteString("id"u8, id);
            if (stats is not null) Write(json, stats);
            json.WriteEndObject();
        }
        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, CgroupStats stats)
    {
        json.WriteStartObject("data"u8);
        Write(json, stats.Cpu);
        Write(json, stats.Cpuset ?? new CpusetStats());
        Write(json, stats.Memory);
        json.WriteStartObject("pids"u8);
        NonZero(json, "current"u8, stats.Pids.Current);
        NonZero(json, "limit"u8, stats.Pids.Limit);
        json.WriteEndObject();
        Write(json, stats.BlockIo);
        json.WriteStartObject("hugetlb"u8);
        foreach (var (size, use) in stats.Hugepages.OrderBy(static entry => entry.Key, StringComparer.Ordinal))
        {
            json.WriteStartObject(size);
            NonZero(json, "usage"u8, use.Usage);
            NonZero(json, "max"u8, use.Max);
            json.WriteNumber("failcnt"u8, use.FailCount);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteStartObject("intel_rdt"u8);
        json.WriteEndObject();
        // Only interfaces that a runtime has made itself are counted here, and none of them does so any more.
        json.WriteNull("network_interfaces"u8);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, CpuStats cpu)
    {
        json.WriteStartObject("cpu"u8);
        json.WriteStartObject("usage"u8);
        NonZero(json, "total"u8, cpu.Total);
        NonEmpty(json, "percpu"u8, cpu.PerCpu);
        NonEmpty(json, "percpu_kernel"u8, cpu.PerCpuKernel);
        NonEmpty(json, "percpu_user"u8, cpu.PerCpuUser);
        json.WriteNumber("kernel"u8, cpu.Kernel);
        json.WriteNumber("user"u8, cpu.User);
        json.WriteEndObject();
        json.WriteStartObject("throttling"u8);
        NonZero(json, "periods"u8, cpu.Periods);
        NonZero(json, "throttledPeriods"u8, cpu.ThrottledPeriods);
        NonZero(json, "throttledTime"u8, cpu.ThrottledTime);
        json.WriteEndObject();
        Write(json, cpu.Pressure);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, CpusetStats cpuset)
    {
        json.WriteStartObject("cpuset"u8);
        NonEmpty(json, "cpus"u8, cpuset.Cpus);
        json.WriteNumber("cpu_exclusive"u8, cpuset.CpuExclusive);
        NonEmpty(json, "mems"u8, cpuset.Mems);
        json.WriteNumber("mem_hardwall"u8, cpuset.MemHardwall);
        json.WriteNumber("mem_exclusive"u8, cpuset.MemExclusive);
        json.WriteNumber("memory_migrate"u8, cpuset.MemoryMigrate);
        json.WriteNumber("memory_spread_page"u8, cpuset.MemorySpreadPage);
        json.WriteNumber("memory_spread_slab"u8, cpuset.MemorySpreadSlab);
        json.WriteNumber("memory_pressure"u8, cpuset.MemoryPressure);
        json.WriteNumber("sched_load_balance"u8, cpuset.SchedLoadBalance);
        json.WriteNumber("sched_relax_domain_level"u8, cpuset.SchedRelaxDomainLevel);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, MemoryStats memory)
    {
        json.WriteStartObject("memory"u8);
        NonZero(json, "cache"u8, memory.Cache);
        Write(json, "usage"u8, memory.Use);
        Write(json, "swap"u8, memory.Swap);
        Write(json, "kernel"u8, memory.Kernel);
        Write(json, "kernelTCP"u8, memory.KernelTcp);
        if (memory.Raw.Count > 0)
        {
            json.WriteStartObject("raw"u8);
            foreach (var (name, value) in memory.Raw.OrderBy(static entry => entry.Key, StringComparer.Ordinal)) json.WriteNumber(name, value);
            json.WriteEndObject();
        }
        Write(json, memory.Pressure);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> name, MemoryUse use)
    {
        json.WriteStartObject(name);
        json.WriteNumber("limit"u8, use.Limit);
        NonZero(json, "usage"u8, use.Usage);
        NonZero(json, "max"u8, use.Max);
        json.WriteNumber("failcnt"u8, use.FailCount);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, BlockIoStats io)
    {
        json.WriteStartObject("blkio"u8);
        Write(json, "ioServiceBytesRecursive"u8, io.ServiceBytes);
        Write(json, "ioServicedRecursive"u8, io.Serviced);
        Write(json, "ioQueueRecursive"u8, io.Queued);
        Write(json, "ioServiceTimeRecursive"u8, io.ServiceTime);
        Write(json, "ioWaitTimeRecursive"u8, io.WaitTime);
        Write(json, "ioMergedRecursive"u8, io.Merged);
        Write(json, "ioTimeRecursive"u8, io.Time);
        Write(json, "sectorsRecursive"u8, io.Sectors);
        Write(json, io.Pressure);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<BlockIoEntry> entries)
    {
        if (entries.Count == 0) return;
        json.WriteStartArray(name);
        foreach (var entry in entries)
        {
            json.WriteStartObject();
            NonZero(json, "major"u8, entry.Major);
            NonZero(json, "minor"u8, entry.Minor);
            if (entry.Operation.Length > 0) json.WriteString("op"u8, entry.Operation);
            NonZero(json, "value"u8, entry.Value);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, PressureStats? pressure)
    {
        if (pressure is null) return;
        json.WriteStartObject("psi"u8);
        Write(json, "some"u8, pressure.Some);
        Write(json, "full"u8, pressure.Full);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> name, PressureLine line)
    {
        json.WriteStartObject(name);
        json.WriteNumber("avg10"u8, line.Average10);
        json.WriteNumber("avg60"u8, line.Average60);
        json.WriteNumber("avg300"u8, line.Average300);
        json.WriteNumber("total"u8, line.Total);
        json.WriteEndObject();
    }

    private static void NonZero(Utf8JsonWriter json, ReadOnlySpan<byte> name, ulong value)
    {
        if (value != 0) json.WriteNumber(name, value);
    }

    private static void NonEmpty(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<ulong> values)
    {
        if (values.Count == 0) return;
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    private static void NonEmpty(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<ushort> values)
    {
        if (values.Count == 0) return;
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
