using Tare.Errors;

namespace Tare.Engine.Create;

/// <summary>The names of capabilities(7), as <c>--cap-add</c> takes them.</summary>
internal static class CapabilityNames
{
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE",
        "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT",
        "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE",
        "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
        "PERFMON", "BPF", "CHECKPOINT_RESTORE",
    };

    /// <summary>Refuses names that no kernel knows.</summary>
    public static void Validate(string field, IReadOnlyList<string>? names)
    {
        foreach (var name in names ?? [])
        {
            var upper = name.ToUpperInvariant();
            if (upper == "ALL") continue;
            if (!upper.StartsWith("CAP_", StringComparison.Ordinal)) upper = "CAP_" + upper;
            if (!Known.Contains(upper[4..])) throw TareException.Invalid($"invalid {field}: unknown capability: \"{upper}\"");
        }
    }
}
