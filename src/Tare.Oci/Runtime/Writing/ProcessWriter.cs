namespace Tare.Oci.Runtime.Writing;

/// <summary>A process (config.md, "Process").</summary>
internal static class ProcessWriter
{
    public static void Write(DocumentWriter json, ProcessSpec process)
    {
        json.Object("process"u8);
        json.FlagIfSet("terminal"u8, process.Terminal);
        if (process.ConsoleSize is { } size)
        {
            json.Object("consoleSize"u8);
            json.Unsigned("height"u8, size.Height);
            json.Unsigned("width"u8, size.Width);
            json.EndObject();
        }

        WriteUser(json, process.User);
        json.Texts("args"u8, process.Args);
        json.Text("commandLine"u8, process.CommandLine);
        json.Texts("env"u8, process.Env);
        json.Text("cwd"u8, process.Cwd);
        if (process.Capabilities is { } capabilities) WriteCapabilities(json, capabilities);
        if (process.Rlimits is { } rlimits) WriteRlimits(json, rlimits);
        json.FlagIfSet("noNewPrivileges"u8, process.NoNewPrivileges);
        json.Text("apparmorProfile"u8, process.ApparmorProfile);
        json.Number("oomScoreAdj"u8, process.OomScoreAdj);
        if (process.Scheduler is { } scheduler) WriteScheduler(json, scheduler);
        json.Text("selinuxLabel"u8, process.SelinuxLabel);
        if (process.IoPriority is { } ioPriority)
        {
            json.Object("ioPriority"u8);
            json.Text("class"u8, ioPriority.Class);
            json.Number("priority"u8, ioPriority.Priority);
            json.EndObject();
        }

        if (process.ExecCpuAffinity is { } affinity)
        {
            json.Object("execCPUAffinity"u8);
            json.Text("initial"u8, affinity.Initial);
            json.Text("final"u8, affinity.Final);
            json.EndObject();
        }

        json.EndObject();
    }

    private static void WriteUser(DocumentWriter json, UserSpec user)
    {
        json.Object("user"u8);
        json.Unsigned("uid"u8, user.Uid);
        json.Unsigned("gid"u8, user.Gid);
        json.Unsigned("umask"u8, user.Umask);
        json.Numbers("additionalGids"u8, user.AdditionalGids);
        json.Text("username"u8, user.Username);
        json.EndObject();
    }

    private static void WriteCapabilities(DocumentWriter json, LinuxCapabilities capabilities)
    {
        json.Object("capabilities"u8);
        json.Texts("bounding"u8, capabilities.Bounding);
        json.Texts("effective"u8, capabilities.Effective);
        json.Texts("inheritable"u8, capabilities.Inheritable);
        json.Texts("permitted"u8, capabilities.Permitted);
        json.Texts("ambient"u8, capabilities.Ambient);
        json.EndObject();
    }

    private static void WriteRlimits(DocumentWriter json, IReadOnlyList<Rlimit> rlimits)
    {
        json.List("rlimits"u8);
        foreach (var rlimit in rlimits)
        {
            json.Object();
            json.Text("type"u8, rlimit.Type);
            json.Unsigned("hard"u8, rlimit.Hard);
            json.Unsigned("soft"u8, rlimit.Soft);
            json.EndObject();
        }

        json.EndList();
    }

    private static void WriteScheduler(DocumentWriter json, SchedulerSpec scheduler)
    {
        json.Object("scheduler"u8);
        json.Text("policy"u8, scheduler.Policy);
        json.Number("nice"u8, scheduler.Nice);
        json.Number("priority"u8, scheduler.Priority);
        json.Texts("flags"u8, scheduler.Flags);
        json.Unsigned("runtime"u8, scheduler.Runtime);
        json.Unsigned("deadline"u8, scheduler.Deadline);
        json.Unsigned("period"u8, scheduler.Period);
        json.EndObject();
    }
}
