namespace Tare.Oci.Runtime.Validation;

/// <summary>The listener of a system call filter (config-linux.md, "Seccomp"); the filter itself is its compiler's business.</summary>
internal static class SeccompChecks
{
    private const string Notify = "SCMP_ACT_NOTIFY";

    public static void Check(LinuxSeccomp? seccomp)
    {
        if (seccomp is null) return;
        Texts.Check(seccomp.ListenerPath, "linux.seccomp.listenerPath");
        for (var i = 0; i < seccomp.Syscalls?.Count; i++)
        {
            if (seccomp.Syscalls[i].Action == Notify && string.IsNullOrEmpty(seccomp.ListenerPath))
                throw Sentence.Invalid($"linux.seccomp.syscalls[{i}].action is {Notify}, but linux.seccomp.listenerPath, the socket of who is notified, is not set: set it");
        }
    }
}
