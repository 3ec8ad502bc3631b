namespace Tare.Oci.Runtime.Reading;

/// <summary>When and where a process runs (config.md, "Linux Process": scheduler, ioPriority, execCPUAffinity).</summary>
internal static class SchedulingReader
{
    public static SchedulerSpec ReadScheduler(ref DocumentReader json)
    {
        string? policy = null;
        int? nice = null, priority = null;
        List<string>? flags = null;
        ulong? runtime = null, deadline = null, period = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "policy"u8)) policy = json.String();
            else if (json.Is(ref members, "nice"u8)) nice = json.Int32();
            else if (json.Is(ref members, "priority"u8)) priority = json.Int32();
            else if (json.Is(ref members, "flags"u8)) flags = json.Strings();
            else if (json.Is(ref members, "runtime"u8)) runtime = json.UInt64("a number of nanoseconds");
            else if (json.Is(ref members, "deadline"u8)) deadline = json.UInt64("a number of nanoseconds");
            else if (json.Is(ref members, "period"u8)) period = json.UInt64("a number of nanoseconds");
            else json.Skip();
        }

        return new SchedulerSpec
        {
            Policy = policy ?? throw json.Missing(members, "policy"),
            Nice = nice,
            Priority = priority,
            Flags = flags,
            Runtime = runtime,
            Deadline = deadline,
            Period = period,
        };
    }

    public static LinuxIoPriority ReadIoPriority(ref DocumentReader json)
    {
        string? ioClass = null;
        var priority = 0;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "class"u8)) ioClass = json.String();
            else if (json.Is(ref members, "priority"u8)) priority = json.Int32();
            else json.Skip();
        }

        return new LinuxIoPriority(ioClass ?? throw json.Missing(members, "class"), priority);
    }

    public static CpuAffinity ReadAffinity(ref DocumentReader json)
    {
        string? initial = null, final = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "initial"u8)) initial = json.String("a list of CPUs, such as \"0-3,7\"");
            else if (json.Is(ref members, "final"u8)) final = json.String("a list of CPUs, such as \"0-3,7\"");
            else json.Skip();
        }

        return new CpuAffinity { Initial = initial, Final = final };
    }
}
