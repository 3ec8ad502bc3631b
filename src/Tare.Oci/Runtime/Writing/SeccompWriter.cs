namespace Tare.Oci.Runtime.Writing;

/// <summary>A system call filter (config-linux.md, "Seccomp").</summary>
internal static class SeccompWriter
{
    public static void Write(DocumentWriter json, LinuxSeccomp seccomp)
    {
        json.Object("seccomp"u8);
        json.Text("defaultAction"u8, seccomp.DefaultAction);
        json.Unsigned("defaultErrnoRet"u8, seccomp.DefaultErrnoRet);
        json.Texts("architectures"u8, seccomp.Architectures);
        json.Texts("flags"u8, seccomp.Flags);
        json.Text("listenerPath"u8, seccomp.ListenerPath);
        json.Text("listenerMetadata"u8, seccomp.ListenerMetadata);
        if (seccomp.Syscalls is { } syscalls)
        {
            json.List("syscalls"u8);
            foreach (var syscall in syscalls) Write(json, syscall);
            json.EndList();
        }

        json.EndObject();
    }

    private static void Write(DocumentWriter json, LinuxSyscall syscall)
    {
        json.Object();
        json.Texts("names"u8, syscall.Names);
        json.Text("action"u8, syscall.Action);
        json.Unsigned("errnoRet"u8, syscall.ErrnoRet);
        if (syscall.Args is { } args)
        {
            json.List("args"u8);
            foreach (var arg in args)
            {
                json.Object();
                json.Unsigned("index"u8, arg.Index);
                json.Unsigned("value"u8, arg.Value);
                json.Unsigned("valueTwo"u8, arg.ValueTwo);
                json.Text("op"u8, arg.Op);
                json.EndObject();
            }

            json.EndList();
        }

        json.EndObject();
    }
}
