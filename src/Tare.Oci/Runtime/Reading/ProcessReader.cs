namespace Tare.Oci.Runtime.Reading;

/// <summary>A process (config.md, "Process").</summary>
internal static class ProcessReader
{
    public static ProcessSpec Read(ref DocumentReader json)
    {
        bool terminal = false, noNewPrivileges = false;
        string? cwd = null, commandLine = null, apparmorProfile = null, selinuxLabel = null;
        List<string>? args = null, env = null;
        ConsoleSize? consoleSize = null;
        UserSpec? user = null;
        LinuxCapabilities? capabilities = null;
        List<Rlimit>? rlimits = null;
        int? oomScoreAdj = null;
        SchedulerSpec? scheduler = null;
        LinuxIoPriority? ioPriority = null;
        CpuAffinity? execCpuAffinity = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "terminal"u8)) terminal = json.Bool();
            else if (json.Is(ref members, "consoleSize"u8)) consoleSize = ReadConsoleSize(ref json);
            else if (json.Is(ref members, "user"u8)) user = ReadUser(ref json);
            else if (json.Is(ref members, "args"u8)) args = json.Strings();
            else if (json.Is(ref members, "commandLine"u8)) commandLine = json.String();
            else if (json.Is(ref members, "env"u8)) env = json.Strings();
            else if (json.Is(ref members, "cwd"u8)) cwd = json.String();
            else if (json.Is(ref members, "capabilities"u8)) capabilities = ReadCapabilities(ref json);
            else if (json.Is(ref members, "rlimits"u8)) rlimits = ReadRlimits(ref json);
            else if (json.Is(ref members, "noNewPrivileges"u8)) noNewPrivileges = json.Bool();
            else if (json.Is(ref members, "apparmorProfile"u8)) apparmorProfile = json.String();
            else if (json.Is(ref members, "oomScoreAdj"u8)) oomScoreAdj = json.Int32();
            else if (json.Is(ref members, "scheduler"u8)) scheduler = SchedulingReader.ReadScheduler(ref json);
            else if (json.Is(ref members, "selinuxLabel"u8)) selinuxLabel = json.String();
            else if (json.Is(ref members, "ioPriority"u8)) ioPriority = SchedulingReader.ReadIoPriority(ref json);
            else if (json.Is(ref members, "execCPUAffinity"u8)) execCpuAffinity = SchedulingReader.ReadAffinity(ref json);
            else json.Skip();
        }

        return new ProcessSpec
        {
            Terminal = terminal,
            ConsoleSize = consoleSize,
            User = user ?? new UserSpec(),
            Args = args,
            CommandLine = commandLine,
            Env = env,
            Cwd = cwd ?? throw json.Missing(members, "cwd"),
            Capabilities = capabilities,
            Rlimits = rlimits,
            NoNewPrivileges = noNewPrivileges,
            ApparmorProfile = apparmorProfile,
            OomScoreAdj = oomScoreAdj,
            Scheduler = scheduler,
            SelinuxLabel = selinuxLabel,
            IoPriority = ioPriority,
            ExecCpuAffinity = execCpuAffinity,
        };
    }

    private static ConsoleSize ReadConsoleSize(ref DocumentReader json)
    {
        ushort? height = null, width = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "height"u8)) height = json.UInt16("a number of rows");
            else if (json.Is(ref members, "width"u8)) width = json.UInt16("a number of columns");
            else json.Skip();
        }

        return new ConsoleSize(height ?? throw json.Missing(members, "height"), width ?? throw json.Missing(members, "width"));
    }

    private static UserSpec ReadUser(ref DocumentReader json)
    {
        uint uid = 0, gid = 0;
        uint? umask = null;
        List<uint>? additionalGids = null;
        string? username = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "uid"u8)) uid = json.UInt32("an id");
            else if (json.Is(ref members, "gid"u8)) gid = json.UInt32("an id");
            else if (json.Is(ref members, "umask"u8)) umask = json.UInt32("a mask, in decimal");
            else if (json.Is(ref members, "additionalGids"u8)) additionalGids = ReadIds(ref json);
            else if (json.Is(ref members, "username"u8)) username = json.String();
            else json.Skip();
        }

        return new UserSpec { Uid = uid, Gid = gid, Umask = umask, AdditionalGids = additionalGids, Username = username };
    }

    private static List<uint> ReadIds(ref DocumentReader json)
    {
        var ids = new List<uint>();
        json.List("a list of ids");
        while (json.NextItem()) ids.Add(json.UInt32("an id"));
        return ids;
    }

    private static LinuxCapabilities ReadCapabilities(ref DocumentReader json)
    {
        List<string>? bounding = null, effective = null, inheritable = null, permitted = null, ambient = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "bounding"u8)) bounding = json.Strings();
            else if (json.Is(ref members, "effective"u8)) effective = json.Strings();
            else if (json.Is(ref members, "inheritable"u8)) inheritable = json.Strings();
            else if (json.Is(ref members, "permitted"u8)) permitted = json.Strings();
            else if (json.Is(ref members, "ambient"u8)) ambient = json.Strings();
            else json.Skip();
        }

        return new LinuxCapabilities { Bounding = bounding, Effective = effective, Inheritable = inheritable, Permitted = permitted, Ambient = ambient };
    }

    private static List<Rlimit> ReadRlimits(ref DocumentReader json)
    {
        var rlimits = new List<Rlimit>();
        json.List("a list of resource limits");
        while (json.NextItem())
        {
            string? type = null;
            ulong? soft = null, hard = null;
            var members = json.Object("a resource limit, an object");
            while (json.Next(ref members))
            {
                if (json.Is(ref members, "type"u8)) type = json.String();
                else if (json.Is(ref members, "soft"u8)) soft = json.UInt64();
                else if (json.Is(ref members, "hard"u8)) hard = json.UInt64();
                else json.Skip();
            }

            rlimits.Add(new Rlimit(
                type ?? throw json.Missing(members, "type"),
                soft ?? throw json.Missing(members, "soft"),
                hard ?? throw json.Missing(members, "hard")));
        }

        return rlimits;
    }
}
