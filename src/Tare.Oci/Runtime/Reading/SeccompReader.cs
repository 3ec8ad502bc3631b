namespace Tare.Oci.Runtime.Reading;

/// <summary>A system call filter (config-linux.md, "Seccomp").</summary>
internal static class SeccompReader
{
    /// <summary>Reads a filter.</summary>
    /// <returns>Null when it has neither a default action nor rules: runc takes that for no filter at all.</returns>
    public static LinuxSeccomp? Read(ref DocumentReader json)
    {
        string? defaultAction = null, listenerPath = null, listenerMetadata = null;
        uint? defaultErrnoRet = null;
        List<string>? architectures = null, flags = null;
        List<LinuxSyscall>? syscalls = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "defaultAction"u8)) defaultAction = json.String();
            else if (json.Is(ref members, "defaultErrnoRet"u8)) defaultErrnoRet = json.UInt32("an error number");
            else if (json.Is(ref members, "architectures"u8)) architectures = json.Strings();
            else if (json.Is(ref members, "flags"u8)) flags = json.Strings();
            else if (json.Is(ref members, "listenerPath"u8)) listenerPath = json.String();
            else if (json.Is(ref members, "listenerMetadata"u8)) listenerMetadata = json.String();
            else if (json.Is(ref members, "syscalls"u8)) syscalls = ReadSyscalls(ref json);
            else json.Skip();
        }

        if (string.IsNullOrEmpty(defaultAction) && syscalls is null or []) return null;
        return new LinuxSeccomp
        {
            DefaultAction = defaultAction ?? throw json.Missing(members, "defaultAction"),
            DefaultErrnoRet = defaultErrnoRet,
            Architectures = architectures,
            Flags = flags,
            ListenerPath = listenerPath,
            ListenerMetadata = listenerMetadata,
            Syscalls = syscalls,
        };
    }

    private static List<LinuxSyscall> ReadSyscalls(ref DocumentReader json)
    {
        var syscalls = new List<LinuxSyscall>();
        json.List("a list of rules");
        while (json.NextItem())
        {
            List<string>? names = null;
            string? action = null;
            uint? errnoRet = null;
            List<LinuxSeccompArg>? args = null;
            var members = json.Object("a rule, an object");
            while (json.Next(ref members))
            {
                if (json.Is(ref members, "names"u8)) names = json.Strings();
                else if (json.Is(ref members, "action"u8)) action = json.String();
                else if (json.Is(ref members, "errnoRet"u8)) errnoRet = json.UInt32("an error number");
                else if (json.Is(ref members, "args"u8)) args = ReadArguments(ref json);
                else json.Skip();
            }

            syscalls.Add(new LinuxSyscall
            {
                Names = names ?? throw json.Missing(members, "names"),
                Action = action ?? throw json.Missing(members, "action"),
                ErrnoRet = errnoRet,
                Args = args,
            });
        }

        return syscalls;
    }

    private static List<LinuxSeccompArg> ReadArguments(ref DocumentReader json)
    {
        var args = new List<LinuxSeccompArg>();
        json.List("a list of conditions");
        while (json.NextItem())
        {
            uint? index = null;
            ulong? value = null;
            ulong valueTwo = 0;
            string? op = null;
            var members = json.Object("a condition, an object");
            while (json.Next(ref members))
            {
                if (json.Is(ref members, "index"u8)) index = json.UInt32();
                else if (json.Is(ref members, "value"u8)) value = json.UInt64();
                else if (json.Is(ref members, "valueTwo"u8)) valueTwo = json.UInt64();
                else if (json.Is(ref members, "op"u8)) op = json.String();
                else json.Skip();
            }

            args.Add(new LinuxSeccompArg(
                index ?? throw json.Missing(members, "index"),
                value ?? throw json.Missing(members, "value"),
                valueTwo,
                op ?? throw json.Missing(members, "op")));
        }

        return args;
    }
}
